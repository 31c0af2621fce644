"""Augmented: batches of pictures that were never quite so before."""

from collections.abc import Sequence
from typing import Final

import keras
import numpy as np
from numpy.typing import NDArray

from maskwise.dataset.reading import Progress
from maskwise.dataset.samples import Sample
from maskwise.dataset.threads import map_in_threads
from maskwise.faces.yunet import FaceMarker
from maskwise.labels import WITHOUT_MASK
from maskwise.preprocess import PreprocessSpec
from maskwise.training.augmentation.augment import Augmentation
from maskwise.training.balance import chances
from maskwise.training.batches import ALL, Pixels

_WORKERS: Final = 2  # threads that make batches; OpenCV works outside of the interpreter's lock


class AugmentedBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """Batches of `(n, h, w, 3)` float32 pictures and `(n,)` int64 labels for `model.fit`.

    Which pictures an epoch shows and what becomes of them follows from seed and epoch alone, so
    that a training that was cut off goes on as if it had not been.
    """

    def __init__(
        self,
        squares_rgb: Pixels,
        landmarks_xy: NDArray[np.float32],
        samples: Sequence[Sample],
        *,
        augmentation: Augmentation,
        spec: PreprocessSpec,
        batch_size: int,
        seed: int,
        epoch: int = 0,
        share: slice = ALL,
    ) -> None:
        """Draw as many pictures for an epoch as there are samples, by their chances.

        Args:
            squares_rgb: `(n, edge, edge, 3)`, as `augmentation.wide` makes them; may be mapped from
                the disk.
            landmarks_xy: `(n, 5, 2)`, as `mark_faces` finds them.
            samples: Where they come from, `n` of them.
            augmentation: What becomes of a picture.
            spec: Scales its pixels.
            batch_size: Pictures per batch; the last ones of an epoch that fill none are left out.
            seed: Decides everything together with the epoch.
            epoch: The epoch to begin with, counted from 0.
            share: What to make of each batch; something.
        """
        super().__init__(workers=_WORKERS)
        self._squares_rgb = squares_rgb
        self._landmarks_xy = landmarks_xy
        self._labels = [sample.label for sample in samples]
        self._is_whole = [sample.box_xyxy is None for sample in samples]
        self._chances = chances(samples)
        self._augmentation = augmentation
        self._spec = spec
        self._batch_size = batch_size
        self._seed = seed
        self._epoch = epoch
        self._share = share
        self._begin_epoch()

    def __len__(self) -> int:
        return max(1, len(self._labels) // self._batch_size)

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        places = range(len(self._chosen))[index * self._batch_size :][: self._batch_size]
        made = [self._make(place) for place in places[self._share]]
        pictures, labels = zip(*made, strict=True)
        return self._spec.scale(np.stack(pictures)), np.array(labels, dtype=np.int64)

    def _make(self, place: int) -> tuple[NDArray[np.uint8], int]:
        number = int(self._chosen[place])
        return self._augmentation(
            np.array(self._squares_rgb[number]),
            self._labels[number],
            self._landmarks_xy[number],
            is_whole=self._is_whole[number],
            draw=np.random.default_rng([self._seed, self._epoch, place]),
        )

    def on_epoch_end(self) -> None:
        """Called by Keras after each epoch."""
        self._epoch += 1
        self._begin_epoch()

    def _begin_epoch(self) -> None:
        draw = np.random.default_rng([self._seed, self._epoch])
        n = len(self._labels)
        self._chosen = draw.choice(n, n, p=self._chances)


def mark_faces(
    squares_rgb: NDArray[np.uint8],
    samples: Sequence[Sample],
    on_progress: Progress | None = None,
) -> NDArray[np.float32]:
    """Landmarks of the bare faces, on which masks can be painted, `(n, 5, 2)`; else NaN.

    Raises:
        MissingExtra: The weights of the detector are not installed.
    """
    marker = FaceMarker()
    landmarks = np.full((len(samples), 5, 2), np.nan, dtype=np.float32)

    def mark(index: int) -> None:
        if samples[index].label == WITHOUT_MASK:
            landmarks[index] = marker(np.array(squares_rgb[index]))

    for done, _ in enumerate(map_in_threads(mark, range(len(samples))), start=1):
        if on_progress is not None:
            on_progress(done, len(samples))
    return landmarks
