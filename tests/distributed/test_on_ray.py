"""Parts scored by Ray, on two machines of which one is lost: two raylets of this one."""

import contextlib
import os
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from ray.cluster_utils import Cluster

import workers
from collections_drawn import draw_folder, files_below
from maskwise.distributed.answers import Totals
from maskwise.distributed.cluster import connected
from maskwise.distributed.detection import Detection
from maskwise.distributed.here import score_here
from maskwise.distributed.on_ray import score_on_ray
from maskwise.distributed.score import Scoring
from maskwise.distributed.scorer import Scorer
from maskwise.errors import BadBundle

TESTS = str(Path(__file__).parents[1])


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A head and a node of one core each; what tests are made of is found there."""
    with pytest.MonkeyPatch.context() as environment:
        found = os.pathsep.join(filter(None, (TESTS, os.environ.get("PYTHONPATH"))))
        environment.setenv("PYTHONPATH", found)
        environment.setenv("RAY_USAGE_STATS_ENABLED", "0")
        one = {"num_cpus": 1, "include_dashboard": False}
        cluster = Cluster(initialize_head=True, head_node_args=one)
        cluster.add_node(num_cpus=1)
        try:
            yield cluster
        finally:
            cluster.shutdown()


def pids_of(title: str) -> list[int]:
    """The processes that are called so."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # gone meanwhile
            if path.read_bytes().startswith(title.encode()):
                found.append(int(path.parent.name))
    return found


def begin(source: Path, out: Path) -> Scoring:
    return Scoring.begin(str(source), str(out), Detection(model=None, model_sha256="0" * 64))


def here(scoring: Scoring, load: Any) -> None:
    list(score_here(scoring.undone(), scoring.plan, partial(Scorer, load, scoring.answers), 2))
    scoring.finish()


def on_ray(scoring: Scoring, load: Any) -> Iterator[Totals]:
    new_scorer = partial(Scorer, load, scoring.answers)
    return score_on_ray(scoring.undone(), scoring.plan, new_scorer, None)


def test_deadly_pictures_and_a_lost_machine_change_nothing(
    cluster: Cluster, tmp_path: Path
) -> None:
    folder = draw_folder(tmp_path / "in", 64 * 5, deadly=[70])
    undisturbed = begin(folder, tmp_path / "out")
    here(undisturbed, workers.load_mortal)
    expected = files_below(tmp_path / "out")
    assert undisturbed.finish().errors == 1

    disturbed = begin(folder, tmp_path / "disturbed")
    with connected(cluster.address):
        results = on_ray(disturbed, workers.load_mortal_and_slow)
        next(results)
        lost = cluster.add_node(num_cpus=1)  # a machine more, which takes part and is lost
        next(results)
        cluster.remove_node(lost, allow_graceful=False)
        cluster.remove_node(cluster.list_all_nodes()[1], allow_graceful=False)
        assert len(list(results)) == 3
    disturbed.finish()
    assert files_below(tmp_path / "disturbed") == expected


def test_an_actor_that_is_killed_is_replaced(cluster: Cluster, tmp_path: Path) -> None:
    scoring = begin(draw_folder(tmp_path / "in", 64 * 3), tmp_path / "out")
    with connected(cluster.address):
        results = on_ray(scoring, workers.load_slow)
        next(results)
        actors = pids_of("ray::MapWorker")
        assert actors
        for pid in actors:
            os.kill(pid, signal.SIGKILL)
        assert len(list(results)) == 2
    assert scoring.finish().faces == 192


def test_what_a_worker_meets_is_told_by_who_asked(cluster: Cluster, tmp_path: Path) -> None:
    scoring = begin(draw_folder(tmp_path / "in", 2), tmp_path / "out")
    other = Detection(model=None, model_sha256="0" * 64)
    with connected(cluster.address), pytest.raises(BadBundle, match="is another model than"):
        list(on_ray(scoring, other))
    older = Detection(model=None, model_sha256="0" * 64, version="0.0.9")
    with connected(cluster.address), pytest.raises(BadBundle, match=r"and 0\.0\.9 on the one that"):
        list(on_ray(scoring, older))
