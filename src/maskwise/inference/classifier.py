"""MaskClassifier: faces go in, probabilities come out."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

import numpy as np
from numpy.typing import NDArray

from maskwise.inference.session import Session
from maskwise.preprocess import PreprocessSpec

_BATCH_SIZE: Final = 32


class MaskClassifier:
    """A network together with the one preprocessing that it was trained with.

    Attributes:
        spec: That preprocessing.
    """

    def __init__(self, session: Session, spec: PreprocessSpec) -> None:
        self._session = session
        self.spec = spec

    def __call__(self, faces_rgb: Iterable[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Classify faces.

        Args:
            faces_rgb: Pictures of one face each, RGB `(h, w, 3)` of any size. They are taken
                batch by batch, so a generator of a million is fine.

        Returns:
            Probabilities `(n, classes)` in the order of `maskwise.LABELS`.
        """
        batches = [self._session.run(batch) for batch in self._batches(faces_rgb)]
        return np.concatenate(batches) if batches else np.zeros((0, 2), dtype=np.float32)

    def _batches(self, faces_rgb: Iterable[NDArray[np.uint8]]) -> Iterator[NDArray[np.float32]]:
        faces = iter(faces_rgb)
        while chunk := [self.spec(face) for face in islice(faces, _BATCH_SIZE)]:
            yield np.stack(chunk)
