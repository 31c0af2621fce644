"""Watcher: somebody who is told how a training goes."""

from collections.abc import Mapping
from typing import Protocol

from maskwise.runs.run import Run


class Watcher(Protocol):
    """Somebody who wants to see a training go on."""

    def listing(self, done: int, total: int) -> None:
        """Files were read to learn what the data set holds."""

    def grouping(self, done: int, total: int) -> None:
        """Pictures were looked at to find near-duplicates."""

    def preparing(self, done: int, total: int) -> None:
        """Pictures were resized into the array that is trained on."""

    def begun(self, run: Run, n_train: int, n_validation: int, n_test: int) -> None:
        """The split is made and the first, or the next, epoch is about to begin."""

    def batch(self, epoch: int, done: int, total: int, loss: float, accuracy: float) -> None:
        """Some more steps of an epoch, counted from 1, are done.

        Loss and accuracy are the means of the epoch so far.
        """

    def epoch(self, record: Mapping[str, float]) -> None:
        """An epoch is finished and its checkpoint is on the disk.

        Told by the thread that wrote it, while the next epoch trains. What this raises ends the
        training with that checkpoint as the last.
        """
