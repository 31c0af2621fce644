"""Somebody who watches a training, in tests."""

from collections.abc import Mapping

from maskwise.runs.run import Run


class Witness:
    """A watcher that notes what a training tells."""

    def __init__(self) -> None:
        self.listed: list[tuple[int, int]] = []
        self.grouped: list[tuple[int, int]] = []
        self.prepared: list[tuple[int, int]] = []
        self.sides: tuple[int, int, int] | None = None
        self.batches: list[tuple[int, int, int]] = []
        self.records: list[Mapping[str, float]] = []

    def listing(self, done: int, total: int) -> None:
        self.listed.append((done, total))

    def grouping(self, done: int, total: int) -> None:
        self.grouped.append((done, total))

    def preparing(self, done: int, total: int) -> None:
        self.prepared.append((done, total))

    def begun(self, run: Run, n_train: int, n_validation: int, n_test: int) -> None:
        self.sides = (n_train, n_validation, n_test)

    def batch(self, epoch: int, done: int, total: int, loss: float, accuracy: float) -> None:
        assert loss > 0
        assert 0 <= accuracy <= 1
        self.batches.append((epoch, done, total))

    def epoch(self, record: Mapping[str, float]) -> None:
        self.records.append(record)
