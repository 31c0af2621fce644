"""On Ray: parts scored by the machines of a cluster, by the same processes as here.

Only numbers of parts and totals pass through Ray Data, whatever pictures weigh: workers read what
they score from its store, and write its answers there themselves. Ray shares the parts out among a
pool of actors, holds back what they cannot take, and gives a part that was lost with its machine to
another; since a part has the same answers wherever it is scored, that does no harm.
"""

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import ray.data
from numpy.typing import NDArray

from maskwise import __version__, errors
from maskwise.distributed.answers import Totals
from maskwise.distributed.plan import Plan
from maskwise.distributed.scorer import Scorer
from maskwise.errors import ClusterFailed, MaskwiseError
from maskwise.names import legible

MAX_BLOCKS: Final = 20_000
"""What Ray gives away at a time: a part, or several where there are more parts than this."""
_MAX_REASON: Final = 300


def score_on_ray(
    parts: Sequence[int], plan: Plan, new_scorer: Callable[[], Scorer], workers: int | None
) -> Iterator[Totals]:
    """Score parts by the cluster to which this process is connected.

    Args:
        parts: The numbers of those that have no answers.
        plan: What they hold.
        new_scorer: Makes what scores one part after the other; sent to each worker.
        workers: How many, of one core each; None: as many as there are cores, and more where the
            cluster grows.

    Yields:
        What came of each part, as soon as its answers are written.

    Raises:
        ClusterFailed: The cluster cannot do it; what is written stays.
        MaskwiseError: See `Scorer.score`.
    """
    logging.getLogger("ray.data").setLevel(logging.ERROR)  # of greetings
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    cores = int(ray.cluster_resources().get("CPU", 1))
    if workers is not None:
        pool = ray.data.ActorPoolStrategy(size=workers)
    else:
        pool = ray.data.ActorPoolStrategy(min_size=max(1, cores), max_size=None)
    listed = ray.data.from_items(
        [{"part": part} for part in parts], override_num_blocks=min(len(parts), MAX_BLOCKS)
    )
    scored = listed.map_batches(
        _Worker,
        batch_size=1,
        compute=pool,
        num_cpus=1,
        fn_constructor_args=(plan, new_scorer),
    )
    try:
        for row in scored.iter_rows():
            yield Totals.from_dict(_require_scored(row["said"]))
    except ray.exceptions.RayError as error:
        raise ClusterFailed(_reason(error)) from error


class _Worker:
    """What an actor does."""

    def __init__(self, plan: Plan, new_scorer: Callable[[], Scorer]) -> None:
        self._plan = plan
        self._scorer = new_scorer()

    def __call__(self, batch: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        said = [self._score(int(part)) for part in batch["part"]]
        return {"said": np.array(said, dtype=object)}

    def _score(self, part: int) -> str:
        try:
            said = self._scorer.score(part, self._plan.read(part)).to_dict()
        except MaskwiseError as error:  # told by who asked, in one line
            said = {"failed": str(error), "kind": type(error).__name__}
        return json.dumps(said)


def _require_scored(said: str) -> Mapping[str, Any]:
    values: Mapping[str, Any] = json.loads(said)
    if "failed" in values:
        raise getattr(errors, values["kind"], MaskwiseError)(values["failed"])
    return values


def _reason(error: Exception) -> str:
    said = str(error)
    if "No module named 'maskwise" in said:
        return (
            f"A machine of the cluster has no maskwise. Install {__version__} on all of them, with "
            "`pip install 'maskwise[ray]'`, or put it into the image that they run."
        )
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return f"The cluster failed: {legible(lines[-1] if lines else said)[:_MAX_REASON]}"
