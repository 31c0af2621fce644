"""A training on Ray: whatever is lost on the way, it ends in the same weights."""

import dataclasses
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ray")

from maskwise.distributed.cluster import Cluster, connected
from maskwise.distributed.train_ray import (
    Crew,
    _reporting,
    _require_versions,
    _seen_here,
    _tell,
    _Teller,
    _versions,
    train_on_ray,
)
from maskwise.errors import BadDataset, ClusterFailed, InvalidInput
from maskwise.inference.pipeline import MaskDetector
from maskwise.runs.recipe import RECIPES
from maskwise.runs.run import Run
from maskwise.training.fit import train
from maskwise.training.opening import opened
from portraits import draw_portrait
from ranks import run_ranks
from witness import Witness

pytestmark = pytest.mark.train

WANTED: dict[str, Any] = {"epochs": 4, "seed": 5}
LONG = 16  # epochs, so that what is killed after the first has not ended before it is found


def arrays_of(folder: Path) -> dict[str, bytes]:
    arrays = Run.open(folder).finished_checkpoint().arrays
    return {name: array.tobytes() for name, array in arrays.items()}


def workers_of(pid: int) -> list[int]:
    """The processes that Ray has started below a process to train in."""
    children: dict[int, list[int]] = {}
    trains = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if b"RayTrainWorker" in (folder / "cmdline").read_bytes():
                trains.add(int(folder.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
        children.setdefault(parent, []).append(int(folder.name))
    below, new = set(), {pid}
    while new:
        below |= new
        new = {child for each in new for child in children.get(each, ())}
    return sorted(below & trains)


class Murderer(Witness):
    """Kills a worker after the first epoch that it sees."""

    def __init__(self) -> None:
        super().__init__()
        self.starts = 0

    def begun(self, run: Run, n_train: int, n_validation: int, n_test: int) -> None:
        super().begun(run, n_train, n_validation, n_test)
        self.starts += 1

    def epoch(self, record: Mapping[str, float]) -> None:
        super().epoch(record)
        if len(self.records) == 1:
            os.kill(workers_of(os.getpid())[-1], signal.SIGKILL)


def test_a_killed_driver_and_a_lost_worker_change_nothing(tiny_data: Path, tmp_path: Path) -> None:
    wanted = WANTED | {"epochs": LONG}
    with opened(tiny_data, out=tmp_path / "undisturbed", **wanted) as begun:
        first, second = run_ranks(begun.run.folder)
    assert first == second
    out = tmp_path / "run"
    command = [sys.executable, "-m", "maskwise", "train", str(tiny_data), "--out", str(out)]
    with subprocess.Popen(
        [*command, "--epochs", str(LONG), "--seed", "5", "--ray", "--workers", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as driver:
        assert driver.stderr is not None
        assert driver.stdout is not None
        while not driver.stderr.readline().startswith("epoch  1"):
            assert driver.poll() is None
        driver.kill()
        assert driver.stdout.read() == ""
    begun_with = Run.open(out).newest_checkpoint()
    assert begun_with is not None
    witness = Murderer()
    with connected() as cluster:
        run = train_on_ray(
            tiny_data, cluster, out=out, workers=2, resume=True, watcher=witness, **wanted
        )
    assert arrays_of(out) == arrays_of(tmp_path / "undisturbed")
    assert witness.starts == 2
    assert witness.records[-1]["epoch"] == LONG
    assert witness.sides == (28, 4, 8)
    assert {path.name for path in run.folder.iterdir()} == {
        *("run.json", "split.jsonl", "history.csv", "checkpoints", "decision.json", "lock")
    }
    assert len((out / "history.csv").read_text().splitlines()) == 1 + LONG
    answer = MaskDetector.load(out, faces="whole")(draw_portrait())
    assert answer.probability.shape == (1, 2)
    train(tiny_data, out=out, resume=True)  # there is nothing left to do, and it fits


def test_ranks_go_on_with_what_one_process_began_and_the_other_way_round(
    tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of the 28 pictures one is left for the last step, and none of it for the second rank.
    recipe = dataclasses.replace(RECIPES["reference"], batch_size=9)
    monkeypatch.setitem(RECIPES, "reference", recipe)

    class Impatient(Witness):
        def batch(self, epoch: int, done: int, total: int, loss: float, accuracy: float) -> None:
            if epoch == stop:
                raise KeyboardInterrupt

    stop, out = 2, tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        train(tiny_data, out=out, watcher=Impatient(), **WANTED)
    run = Run.open(out)
    short = dataclasses.replace(run, recipe=dataclasses.replace(run.recipe, epochs=2))
    short._write_description()
    first, second = run_ranks(out)
    assert [line.split()[0] for line in first] == ["1", "2"]
    assert first == second
    run._write_description()
    train(tiny_data, out=out, resume=True, **WANTED)
    history = Run.open(out).finished_checkpoint().history
    assert [record["epoch"] for record in history] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("cores", "workers", "crew"),
    [
        ((8,), None, Crew(1, 8)),
        ((8,), 2, Crew(2, 4)),
        ((8,), 3, Crew(3, 2)),
        ((8, 8), None, Crew(2, 8)),
        ((8, 4), None, Crew(2, 4)),
        ((8, 4), 3, Crew(3, 4)),
        ((2, 2, 2), 6, Crew(6, 1)),
    ],
)
def test_workers_share_the_cores_of_the_nodes(
    cores: tuple[int, ...], workers: int | None, crew: Crew
) -> None:
    assert Crew.of(Cluster(cores), workers) == crew


@pytest.mark.parametrize("workers", [0, -1, 13])
def test_more_workers_than_cores_are_refused(workers: int) -> None:
    with pytest.raises(InvalidInput, match=f"`workers` must be 1 to 12.*Received: {workers}"):
        Crew.of(Cluster((8, 4)), workers)


class Letters:
    """A queue in one process."""

    def __init__(self) -> None:
        self.kept: list[Any] = []

    def put(self, item: Any) -> None:
        self.kept.append(item)

    def get_nowait(self) -> Any:
        from ray.util.queue import Empty

        if not self.kept:
            raise Empty
        return self.kept.pop(0)


def test_what_a_rank_tells_arrives_and_not_too_often(tiny_run: Path) -> None:
    news: Any = Letters()
    teller, witness, run = _Teller(news), Witness(), Run.open(tiny_run)
    for done in range(1, 1001):
        teller.preparing(done, 1000)
    teller.begun(run, 28, 4, 8)
    time.sleep(0.3)
    teller.batch(1, 10, 14, 0.5, 0.75)
    teller.epoch({"epoch": 1, "loss": 0.5})
    _tell(run, news, witness)
    assert len(witness.prepared) < 100
    assert witness.sides == (28, 4, 8)
    assert witness.batches == [(1, 10, 14)]
    assert witness.records == [{"epoch": 1, "loss": 0.5}]


def test_what_a_rank_meets_is_raised_where_the_training_was_begun(tiny_run: Path) -> None:
    news: Any = Letters()
    with pytest.raises(BadDataset), _reporting(news):
        raise BadDataset("a.png is gone.")
    with pytest.raises(BadDataset, match=r"^On \S+: a\.png is gone\.$"):
        _tell(Run.open(tiny_run), news, None)


def test_a_disk_that_a_node_does_not_see_is_named(tiny_run: Path, tmp_path: Path) -> None:
    assert _seen_here(tiny_run) == Run.open(tiny_run)
    with pytest.raises(ClusterFailed, match=r"nowhere is not there\. DATA and OUT must lie"):
        _seen_here(tmp_path / "nowhere")
    copy = shutil.copytree(tiny_run, tmp_path / "run")
    Run.open(copy).moved_data(tmp_path / "gone")
    with pytest.raises(ClusterFailed, match=r"gone is not there"):
        _seen_here(copy)


def test_another_version_on_a_node_is_named() -> None:
    _require_versions(_versions())
    with pytest.raises(ClusterFailed, match=r"keras is \S+ here, but 2\.0 where"):
        _require_versions({**_versions(), "keras": "2.0"})
