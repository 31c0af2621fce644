"""FaceDetector: the seam behind which faces are found, and how one is opened by name."""

from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from maskwise.errors import InvalidInput
from maskwise.faces.whole import WholePicture
from maskwise.results import Faces


class FaceDetector(Protocol):
    """Finds faces in an upright RGB picture `(h, w, 3)` uint8; their labels are still *unsure*."""

    def __call__(self, image_rgb: NDArray[np.uint8]) -> Faces:
        """Find the faces."""


_DETECTORS: Final = {"whole": WholePicture}


def open_detector(name: str) -> FaceDetector:
    """Make the face detector of this name.

    Raises:
        InvalidInput: There is none.
    """
    if name not in _DETECTORS:
        raise InvalidInput(f"`faces` must be one of {', '.join(_DETECTORS)}. Received: {name!r}.")
    return _DETECTORS[name]()
