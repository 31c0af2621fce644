"""What is written after an epoch, seen through a whole training."""

import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from maskwise.errors import OutputFailed
from maskwise.runs.checkpoint import Checkpoint
from maskwise.runs.run import Run
from maskwise.training.fit import train
from witness import Witness

pytestmark = pytest.mark.train


def test_the_next_epoch_does_not_wait_for_the_disk(
    tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second_epoch = threading.Event()
    add_checkpoint = Run.add_checkpoint

    def slow(run: Run, checkpoint: Checkpoint) -> None:
        if checkpoint.epoch == 1 and not second_epoch.wait(timeout=60):
            raise OutputFailed("The second epoch waits.")
        add_checkpoint(run, checkpoint)

    class Watching(Witness):
        def batch(self, epoch: int, done: int, total: int, loss: float, accuracy: float) -> None:
            if epoch == 2:
                second_epoch.set()

    monkeypatch.setattr(Run, "add_checkpoint", slow)
    run = train(tiny_data, out=tmp_path / "run", epochs=2, watcher=Watching())
    assert len(run.finished_checkpoint().history) == 2


def test_an_epoch_is_told_of_once_its_checkpoint_is_on_the_disk(
    tiny_data: Path, tmp_path: Path
) -> None:
    on_disk: list[int] = []

    class Looking(Witness):
        def epoch(self, record: Mapping[str, float]) -> None:
            super().epoch(record)
            newest = Run.open(tmp_path / "run").newest_checkpoint()
            on_disk.append(newest.epoch if newest else 0)

    witness = Looking()
    train(tiny_data, out=tmp_path / "run", epochs=3, watcher=witness)
    assert [record["epoch"] for record in witness.records] == on_disk == [1, 2, 3]


@pytest.mark.parametrize("failing", [1, 3], ids=["first checkpoint", "last checkpoint"])
def test_a_checkpoint_that_cannot_be_written_ends_the_training(
    tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    add_checkpoint = Run.add_checkpoint

    def full(run: Run, checkpoint: Checkpoint) -> None:
        if checkpoint.epoch == failing:
            raise OutputFailed("The disk is full.")
        add_checkpoint(run, checkpoint)

    witness = Witness()
    monkeypatch.setattr(Run, "add_checkpoint", full)
    with pytest.raises(OutputFailed, match="full"):
        train(tiny_data, out=tmp_path / "run", epochs=3, watcher=witness)
    assert len(witness.records) == failing - 1
    assert witness.batches[-1][0] <= failing + 1
