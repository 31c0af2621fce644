"""Checkpoint: all that a training needs to go on after an epoch, in one file, whole or absent."""

import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from maskwise.durable import PARTIAL_SUFFIX, make_folder, replacing
from maskwise.errors import BadRun

HISTORY_COLUMNS: Final = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "seconds")
_HISTORY: Final = "history.json"
_NAME: Final = re.compile(r"epoch-(\d+)\.npz")
# What reading a file can raise that is cut, changed, or none of ours.
_DAMAGE: Final = (
    *(OSError, ValueError, KeyError, EOFError, TypeError, AttributeError, MemoryError),
    zipfile.BadZipFile,
)


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """The state after an epoch.

    Attributes:
        arrays: Every variable of network, dropout and optimiser by name.
        history: One mapping per finished epoch: epoch, loss, accuracy, val_loss, val_accuracy,
            seconds.
    """

    arrays: Mapping[str, NDArray[Any]]
    history: Sequence[Mapping[str, float]]

    @property
    def epoch(self) -> int:
        """How many epochs are finished."""
        return len(self.history)

    def write(self, folder: Path) -> Path:
        """Write the file of this epoch into `folder`, durably.

        Raises:
            OutputFailed: The disk is full or closed to us; earlier files are untouched.
        """
        make_folder(folder)
        path = folder / f"epoch-{self.epoch:04d}.npz"
        history = np.frombuffer(json.dumps(list(self.history)).encode(), dtype=np.uint8)
        with replacing(path) as file:
            np.savez(file, allow_pickle=False, **{**self.arrays, _HISTORY: history})
        return path

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file that `write` made. Nothing in it is ever run.

        Raises:
            BadRun: The file is damaged or none of ours.
        """
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files}
            history = json.loads(arrays.pop(_HISTORY).tobytes())
            _require_ours(arrays, history)
        except _DAMAGE as error:
            raise BadRun(
                f"The checkpoint {path} is damaged: {error}. Remove it to fall back on the one "
                "before, or train anew into another folder."
            ) from error
        return cls(arrays=arrays, history=history)


def _require_ours(arrays: Mapping[str, Any], history: Any) -> None:
    if not all(isinstance(array, np.ndarray) for array in arrays.values()):
        raise ValueError("it holds something else than arrays")
    for epoch in history:
        if sorted(epoch) != sorted(HISTORY_COLUMNS) or not all(
            isinstance(figure, int | float) for figure in epoch.values()
        ):
            raise ValueError("its history has other columns than ours")


def list_checkpoints(folder: Path) -> list[Path]:
    """The complete checkpoints in `folder`, the oldest first."""
    numbered = [(_NAME.fullmatch(path.name), path) for path in folder.glob("epoch-*.npz")]
    return [path for _, path in sorted((int(name[1]), path) for name, path in numbered if name)]


def keep_newest(folder: Path, count: int) -> None:
    """Remove all but the newest `count` checkpoints, and what a kill left half-written."""
    for path in [*list_checkpoints(folder)[:-count], *folder.glob(f"*{PARTIAL_SUFFIX}")]:
        path.unlink(missing_ok=True)
