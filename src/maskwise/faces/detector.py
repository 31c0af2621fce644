"""FaceDetector: the seam behind which faces are found, and how one is opened by name."""

from collections.abc import Callable, Mapping
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from maskwise.errors import InvalidInput
from maskwise.faces.whole import WholePicture
from maskwise.faces.yunet import YuNet
from maskwise.results import Faces


class FaceDetector(Protocol):
    """Finds faces in an upright RGB picture `(h, w, 3)` uint8; their labels are still *unsure*."""

    def __call__(self, image_rgb: NDArray[np.uint8]) -> Faces:
        """Find the faces."""


DETECTORS: Final[Mapping[str, Callable[[], FaceDetector]]] = {
    "whole": WholePicture,
    "yunet": YuNet,
}
"""Face detectors by name."""


def open_detector(name: str) -> FaceDetector:
    """Make the face detector of this name.

    Raises:
        InvalidInput: There is none.
        MissingExtra: Its weights are not installed.
    """
    if name not in DETECTORS:
        raise InvalidInput(f"`faces` must be one of {', '.join(DETECTORS)}. Received: {name!r}.")
    return DETECTORS[name]()
