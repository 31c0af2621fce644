"""Checkpoint: all that a training needs to go on after an epoch, in one file, whole or absent."""

import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from maskwise.durable import PARTIAL_SUFFIX, replacing
from maskwise.errors import BadRun

_HISTORY: Final = "history.json"


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
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise BadRun(
                f"The checkpoint {path} is damaged: {error}. Remove it to fall back on the one "
                "before, or train anew into another folder."
            ) from error
        return cls(arrays=arrays, history=history)


def list_checkpoints(folder: Path) -> list[Path]:
    """The complete checkpoints in `folder`, the oldest first."""
    return sorted(folder.glob("epoch-*.npz"))


def keep_newest(folder: Path, count: int) -> None:
    """Remove all but the newest `count` checkpoints, and what a kill left half-written."""
    for path in [*list_checkpoints(folder)[:-count], *folder.glob(f"*{PARTIAL_SUFFIX}")]:
        path.unlink(missing_ok=True)
