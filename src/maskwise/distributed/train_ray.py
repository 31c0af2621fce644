"""Train on Ray: one training by many processes, on this machine or on a cluster.

This process begins the run or finds it again, lets Ray Train start the ranks, and tells the watcher
what rank 0 tells. Ray starts all of them anew when one is lost, and they go on after the last
checkpoint, which is that of `maskwise.training.fit`.
"""

import os
import shutil
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any, Final

import keras
import ray
import tensorflow as tf
from ray.exceptions import RayError
from ray.train import FailureConfig, RunConfig, ScalingConfig
from ray.train.tensorflow import TensorflowTrainer
from ray.util.queue import Empty, Queue
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

import maskwise
from maskwise.dataset.dataset import Dataset
from maskwise.dataset.pixels import remove_pixels
from maskwise.distributed.cluster import Cluster
from maskwise.distributed.rank import train_as_rank
from maskwise.distributed.ring import Ring
from maskwise.errors import ClusterFailed, InvalidInput, MaskwiseError
from maskwise.names import legible
from maskwise.runs.run import Run, has_run
from maskwise.training.fit import calibrate
from maskwise.training.opening import Opened, opened
from maskwise.training.parent import Parent
from maskwise.training.start import prepare_tensorflow
from maskwise.training.watcher import Watcher

_LOSSES: Final = 3  # of workers, after which a training is given up
_PAUSE_S: Final = 0.25  # between two looks for news, and between two of the same kind
_OWN: Final = "ray"  # the folder in the run where Ray keeps what it writes
_FAILED: Final = "failed"
_GO_ON: Final = "What is finished is kept: go on with --resume."
_ENVIRONMENT: Final = {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}


def train_on_ray(
    data: Dataset | str | os.PathLike[str],
    cluster: Cluster,
    *,
    out: str | os.PathLike[str],
    workers: int | None = None,
    recipe: str | None = None,
    start_from: str | os.PathLike[str] | None = None,
    seed: int | None = None,
    epochs: int | None = None,
    split: str | None = None,
    hold_out_source: str | None = None,
    resume: bool = False,
    watcher: Watcher | None = None,
) -> Run:
    """Train a network as `maskwise.train` does, by several processes that share each batch.

    The run folder is the same in all respects: it can be begun here and gone on with by
    `maskwise.train`, and the other way round. `data` and `out` must lie where every node sees them
    under the same path.

    Args:
        data: As for `maskwise.train`.
        cluster: As `maskwise.distributed.cluster.connected` gives it, as long as its block lasts.
        out: As for `maskwise.train`, like all that follows.
        workers: How many processes; None for one on each node.
        recipe: What to train and how.
        start_from: Instead of a recipe: the network to go on from. Seen by every node, too.
        seed: Decides split, weights, dropout and order.
        epochs: Instead of the number in the recipe.
        split: Instead of what the recipe says.
        hold_out_source: Judge on this source and train on all others.
        resume: Go on with the run in `out` if there is one.
        watcher: Is told how it goes.

    Raises:
        ClusterFailed: Too many workers were lost, or they do not fit together.
        InvalidInput: `workers` are more than the cluster has cores or a step has pictures; or as
            for `maskwise.train`.
        MaskwiseError: As for `maskwise.train`, also by what a worker met.
    """
    crew = Crew.of(cluster, workers)
    with opened(
        data,
        out=out,
        recipe=recipe,
        start_from=start_from,
        seed=seed,
        epochs=epochs,
        split=split,
        hold_out_source=hold_out_source,
        resume=resume,
        workers=crew.workers,
        watcher=watcher,
    ) as begun:
        try:
            _train(begun, crew, start_from, watcher)
        except BaseException:
            ray.shutdown()  # before what the workers write is removed
            raise
        finally:
            remove_pixels(begun.run.folder)
            shutil.rmtree(begun.run.folder / _OWN, ignore_errors=True)
        calibrate(begun.run)
    return begun.run


@dataclass(frozen=True, slots=True)
class Crew:
    """The processes that train.

    Attributes:
        workers: How many they are.
        cores: That each of them has.
    """

    workers: int
    cores: int

    @classmethod
    def of(cls, cluster: Cluster, workers: int | None = None) -> "Crew":
        """As many as are asked for, or one a node, each with as many cores as all can have.

        Raises:
            InvalidInput: There are not as many cores.
        """
        wanted = len(cluster.cores) if workers is None else workers
        if not 1 <= wanted <= sum(cluster.cores):
            raise InvalidInput(
                f"`workers` must be 1 to {sum(cluster.cores)}, the cores of the cluster. "
                f"Received: {wanted}."
            )
        cores = max(
            each
            for each in range(1, max(cluster.cores) + 1)
            if sum(of_node // each for of_node in cluster.cores) >= wanted
        )
        return cls(wanted, cores)


def _train(
    begun: Opened, crew: Crew, start_from: str | os.PathLike[str] | None, watcher: Watcher | None
) -> None:
    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    news = Queue(actor_options={"num_cpus": 0, "scheduling_strategy": here})
    folder = begun.run.folder.resolve()
    trainer = TensorflowTrainer(
        _work,
        train_loop_config={
            "folder": str(folder),
            "start_from": None if start_from is None else _seen_by_all(start_from),
            "cores": crew.cores,
            "versions": _versions(),
            "news": news,
        },
        scaling_config=ScalingConfig(
            num_workers=crew.workers, resources_per_worker={"CPU": crew.cores}
        ),
        run_config=RunConfig(
            name=_OWN,
            storage_path=str(folder),
            failure_config=FailureConfig(max_failures=_LOSSES),
            worker_runtime_env={"env_vars": {**_ENVIRONMENT}},
        ),
    )
    ended: list[Exception | None] = []

    def fit() -> None:
        try:
            trainer.fit()
            ended.append(None)
        except Exception as error:  # noqa: BLE001 - it is raised where it is waited for
            ended.append(error)

    # In a thread, since in the main one Ray would take Ctrl-C for itself.
    Thread(target=fit, daemon=True, name="ray train").start()
    try:
        while not ended:
            time.sleep(_PAUSE_S)
            _tell(begun.run, news, watcher)
        _tell(begun.run, news, watcher)
    except RayError as error:
        raise ClusterFailed(f"The cluster was lost: {_last_line(error)} {_GO_ON}") from error
    if ended[0] is not None:
        raise ClusterFailed(_why(ended[0])) from ended[0]


def _seen_by_all(start_from: str | os.PathLike[str]) -> str:
    path = Path(start_from)
    return str(path.resolve()) if path.exists() else str(start_from)


def _tell(run: Run, news: Queue, watcher: Watcher | None) -> None:
    """Tell the watcher what came from rank 0 since the last time.

    Raises:
        MaskwiseError: A rank met it, and so would those that Ray starts in its place.
    """
    while True:
        try:
            kind, told = news.get_nowait()
        except Empty:
            return
        if kind == _FAILED:
            (error,) = told
            raise error
        if watcher is not None:
            getattr(watcher, kind)(*((run,) if kind == "begun" else ()), *told)


def _why(error: Exception) -> str:
    causes = getattr(error, "worker_failures", None) or {0: error}
    last = _last_line(next(iter(causes.values())))
    return f"Workers were lost {_LOSSES + 1} times; the last one said: {last} {_GO_ON}"


def _last_line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return f"{lines[-1].rstrip('.')}."


def _versions() -> Mapping[str, str]:
    return {
        "maskwise": maskwise.__version__,
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
    }


def _work(told: Mapping[str, Any]) -> None:
    """What Ray lets each worker do."""
    with _reporting(told["news"]):
        _require_versions(told["versions"])
        os.environ.pop("TF_USE_LEGACY_KERAS", None)  # which Ray sets, for another Keras than ours
        prepare_tensorflow(told["cores"])
        run = _seen_here(Path(told["folder"]))
        ring = Ring()
        parent = None if told["start_from"] is None else Parent.open(told["start_from"])
        train_as_rank(run, parent, ring, _Teller(told["news"]))


def _seen_here(folder: Path) -> Run:
    if has_run(folder):
        run = Run.open(folder)
        if run.data_folder.exists():
            return run
        folder = run.data_folder
    raise ClusterFailed(
        f"{legible(folder)} is not there. DATA and OUT must lie on a disk that all nodes see under "
        "the same path."
    )


@contextmanager
def _reporting(news: Queue) -> Iterator[None]:
    try:
        yield
    except MaskwiseError as error:
        where = type(error)(f"On {socket.gethostname()}: {error}")
        news.put((_FAILED, (where,)))
        raise


def _require_versions(theirs: Mapping[str, str]) -> None:
    for library, version in _versions().items():
        if version != theirs[library]:
            raise ClusterFailed(
                f"{library} is {version} here, but {theirs[library]} where the training was begun. "
                "Install the same on all machines."
            )


class _Teller:
    """A watcher of rank 0 that hands on what it is told."""

    def __init__(self, news: Queue) -> None:
        self._news = news
        self._last_s = 0.0

    def listing(self, done: int, total: int) -> None: ...

    def grouping(self, done: int, total: int) -> None: ...

    def preparing(self, done: int, total: int) -> None:
        self._sometimes("preparing", done, total)

    def begun(self, run: Run, n_train: int, n_validation: int, n_test: int) -> None:
        del run  # who is told knows it
        self._news.put(("begun", (n_train, n_validation, n_test)))

    def batch(self, epoch: int, done: int, total: int, loss: float, accuracy: float) -> None:
        self._sometimes("batch", epoch, done, total, loss, accuracy)

    def epoch(self, record: Mapping[str, float]) -> None:
        self._news.put(("epoch", (dict(record),)))

    def _sometimes(self, kind: str, *told: float) -> None:
        now_s = time.monotonic()
        if now_s - self._last_s >= _PAUSE_S:
            self._last_s = now_s
            self._news.put((kind, told))
