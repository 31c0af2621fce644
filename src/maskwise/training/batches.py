"""Batches: the pixel array, shuffled anew each epoch and scaled on the way in."""

import math
from typing import Any, Final, Protocol

import keras
import numpy as np
from numpy.typing import NDArray

from maskwise.preprocess import PreprocessSpec

ALL: Final = slice(None)
"""Of a batch, for a process that shares it with no other."""


class Pixels(Protocol):
    """Pictures `(n, h, w, 3)`: an array, or what is read like one."""

    def __getitem__(self, rows: Any, /) -> NDArray[np.uint8]:
        """One picture, or those of an array of rows."""


class PixelBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """Batches of `(n, h, w, 3)` float32 pictures and `(n,)` int64 labels for `model.fit`.

    The order of an epoch follows from seed and epoch alone, so that a training that was cut off
    goes on as if it had not been.
    """

    def __init__(
        self,
        pixels_rgb: Pixels,
        labels: NDArray[np.int64],
        *,
        spec: PreprocessSpec,
        batch_size: int,
        shuffle_seed: int | None = None,
        mirror: bool = False,
        epoch: int = 0,
        share: slice = ALL,
    ) -> None:
        """Serve `pixels_rgb` `(n, h, w, 3)` in order, or shuffled if there is a `shuffle_seed`.

        Args:
            pixels_rgb: May be mapped from the disk; only the batch in hand is copied.
            labels: One per picture.
            spec: Scales the pixels.
            batch_size: Pictures per batch; the last one may be smaller.
            shuffle_seed: Decides the order, and who is mirrored.
            mirror: Whether each epoch mirrors a half of the pictures, if there is a `shuffle_seed`.
            epoch: The epoch to begin with, counted from 0.
            share: What to serve of each batch; it may be nothing of the last.
        """
        super().__init__()
        self._pixels_rgb = pixels_rgb
        self._labels = labels
        self._spec = spec
        self._batch_size = batch_size
        self._shuffle_seed = shuffle_seed
        self._mirror = mirror
        self._epoch = epoch
        self._share = share
        self._begin_epoch()

    def __len__(self) -> int:
        return math.ceil(len(self._labels) / self._batch_size)

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        start = index * self._batch_size
        # Sorted within the batch, the disk is read in one direction; the sum over it is the same.
        chosen = np.sort(self._order[start : start + self._batch_size])[self._share]
        pixels_rgb = self._pixels_rgb[chosen]
        mirrored = self._mirrored[chosen]
        pixels_rgb[mirrored] = pixels_rgb[mirrored, :, ::-1]
        return self._spec.scale(pixels_rgb), self._labels[chosen]

    def on_epoch_end(self) -> None:
        """Called by Keras after each epoch."""
        self._epoch += 1
        self._begin_epoch()

    def _begin_epoch(self) -> None:
        n = len(self._labels)
        self._order: NDArray[np.int64] = np.arange(n)
        self._mirrored: NDArray[np.bool_] = np.zeros(n, dtype=np.bool_)
        if self._shuffle_seed is not None:
            draw = np.random.default_rng([self._shuffle_seed, self._epoch])
            self._order = draw.permutation(n)
            if self._mirror:
                self._mirrored = draw.random(n) < 0.5
