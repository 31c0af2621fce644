"""Referee: watches a training for another watcher, and ends it when it is hopeless."""

from collections.abc import Mapping

from maskwise.runs.run import Run
from maskwise.search.strategy import Strategy
from maskwise.training.watcher import Watcher


class Hopeless(Exception):
    """Ends a training; nobody but who started it sees this."""


class Referee:
    """Tells another watcher whatever it is told, and judges each epoch.

    Attributes:
        records: Of all epochs that were judged; nothing comes after a hopeless one.
    """

    def __init__(self, strategy: Strategy, watcher: Watcher | None) -> None:
        """Judge by `strategy`; whatever there is to tell, `watcher` is told."""
        self.records: list[Mapping[str, float]] = []
        self._strategy = strategy
        self._watcher = watcher

    def judge(self, record: Mapping[str, float]) -> None:
        """Take in an epoch.

        Raises:
            Hopeless: The training should end here.
        """
        self.records.append(record)
        if self._strategy.is_hopeless(len(self.records), record["val_loss"]):
            raise Hopeless

    def listing(self, done: int, total: int) -> None:
        """See `maskwise.training.watcher.Watcher`."""
        if self._watcher:
            self._watcher.listing(done, total)

    def grouping(self, done: int, total: int) -> None:
        """See `maskwise.training.watcher.Watcher`."""
        if self._watcher:
            self._watcher.grouping(done, total)

    def preparing(self, done: int, total: int) -> None:
        """See `maskwise.training.watcher.Watcher`."""
        if self._watcher:
            self._watcher.preparing(done, total)

    def begun(self, run: Run, n_train: int, n_validation: int, n_test: int) -> None:
        """See `maskwise.training.watcher.Watcher`."""
        if self._watcher:
            self._watcher.begun(run, n_train, n_validation, n_test)

    def batch(self, epoch: int, done: int, total: int, loss: float, accuracy: float) -> None:
        """See `maskwise.training.watcher.Watcher`."""
        if self._watcher:
            self._watcher.batch(epoch, done, total, loss, accuracy)

    def epoch(self, record: Mapping[str, float]) -> None:
        """See `maskwise.training.watcher.Watcher`; ends the training if it is hopeless."""
        if self._watcher:
            self._watcher.epoch(record)
        self.judge(record)
