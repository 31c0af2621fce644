"""Recorder: keeps the state after each epoch and tells the watcher how it goes."""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

import keras

from maskwise.model.variables import read_arrays, training_variables
from maskwise.runs.checkpoint import Checkpoint
from maskwise.runs.run import Run
from maskwise.training.watcher import Watcher


class Recorder(keras.callbacks.Callback):  # type: ignore[misc]
    """Copies the state after each epoch and writes it to the disk while the next one trains.

    One checkpoint is written at a time. If that fails, the training ends with the error of
    `Run.add_checkpoint` a few steps later. When the block ends, however it ends, the last
    checkpoint is on the disk.
    """

    def __init__(
        self, run: Run, history: Sequence[Mapping[str, float]], watcher: Watcher | None
    ) -> None:
        """Go on from `history`, the records of the epochs that are finished."""
        super().__init__()
        self._run = run
        self._history = list(history)
        self._watcher = watcher
        self._began_s = 0.0
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="checkpoint")
        self._written: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._writer.shutdown()
        if error is None:
            self._require_written()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Called by Keras."""
        self._began_s = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Called by Keras after some steps; `batch` counts from 0."""
        if self._written and self._written.done():
            self._require_written()
        if self._watcher and logs:
            self._watcher.batch(
                len(self._history) + 1,
                # Keras counts as if the last steps of an epoch were as many as all others.
                min(batch + 1, self.params["steps"]),
                self.params["steps"],
                float(logs["loss"]),
                float(logs["accuracy"]),
            )

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Called by Keras after validation."""
        seconds = round(time.monotonic() - self._began_s, 3)
        figures = {name: float(value) for name, value in (logs or {}).items()}
        self._history.append({"epoch": epoch + 1, **figures, "seconds": seconds})
        self._require_written()
        arrays = read_arrays(training_variables(self.model))
        self._written = self._writer.submit(self._write, Checkpoint(arrays, tuple(self._history)))

    def _write(self, checkpoint: Checkpoint) -> None:
        self._run.add_checkpoint(checkpoint)
        if self._watcher:
            self._watcher.epoch(checkpoint.history[-1])

    def _require_written(self) -> None:
        """Wait for the checkpoint that is being written; raise what went wrong."""
        if self._written:
            self._written.result()
