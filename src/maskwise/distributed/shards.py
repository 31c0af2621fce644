"""Shards: the pictures of a run, each resized by one rank and read by all."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Shards:
    """Arrays of several files as one: row `i` is row `i // n` of the `i % n`-th of `n`.

    It is read like an array `(rows, h, w, 3)`, by a row or an array of rows; what is not asked for
    is not read.
    """

    def __init__(self, parts: Sequence[NDArray[np.uint8]]) -> None:
        """Put arrays together, mapped from the disk or not."""
        self._parts = parts

    def __getitem__(self, rows: Any) -> NDArray[np.uint8]:
        if np.ndim(rows) == 0:
            return self._row(int(rows))
        chosen = np.empty((len(rows), *self._parts[0].shape[1:]), dtype=np.uint8)
        for place, row in enumerate(rows):
            chosen[place] = self._row(int(row))
        return chosen

    def _row(self, row: int) -> NDArray[np.uint8]:
        n = len(self._parts)
        picture: NDArray[np.uint8] = self._parts[row % n][row // n]
        return picture
