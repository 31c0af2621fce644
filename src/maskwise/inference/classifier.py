"""MaskClassifier: faces go in, probabilities come out."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

import numpy as np
from numpy.typing import NDArray

from maskwise.errors import InvalidInput
from maskwise.inference.session import Session
from maskwise.preprocess import PreprocessSpec

_BATCH_SIZE: Final = 32


class MaskClassifier:
    """A network together with the one preprocessing that it was trained with.

    Attributes:
        spec: That preprocessing.
        n_classes: How many classes it tells apart.
    """

    def __init__(self, session: Session, spec: PreprocessSpec, *, n_classes: int = 2) -> None:
        self._session = session
        self.spec = spec
        self.n_classes = n_classes

    def __call__(self, faces_rgb: Iterable[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Classify faces.

        Args:
            faces_rgb: Pictures of one face each, RGB `(h, w, 3)` of any size. They are taken
                batch by batch, so a generator of a million is fine.

        Returns:
            Probabilities `(n, n_classes)` in the order of `maskwise.LABELS`.

        Raises:
            InvalidInput: The network gives another number of probabilities.
        """
        batches = [self._run(batch) for batch in self._batches(faces_rgb)]
        if not batches:
            return np.zeros((0, self.n_classes), dtype=np.float32)
        return np.concatenate(batches) if len(batches) > 1 else batches[0]

    def _run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        probability = self._session.run(batch)
        if probability.shape != (len(batch), self.n_classes):
            raise InvalidInput(
                f"The network must tell {self.n_classes} classes apart, and so answer on "
                f"{len(batch)} faces with shape {(len(batch), self.n_classes)}. "
                f"Received: {probability.shape}."
            )
        return probability

    def _batches(self, faces_rgb: Iterable[NDArray[np.uint8]]) -> Iterator[NDArray[np.float32]]:
        faces = iter(faces_rgb)
        while chunk := [self.spec.resize(face) for face in islice(faces, _BATCH_SIZE)]:
            yield self.spec.scale(np.stack(chunk))
