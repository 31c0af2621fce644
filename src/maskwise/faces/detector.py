"""FaceDetector: the seam behind which faces are found, and how one is opened by name."""

from collections.abc import Callable, Mapping
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from maskwise.errors import InvalidInput
from maskwise.faces import centerface, yunet
from maskwise.faces.centerface import CenterFace
from maskwise.faces.refined import Refined
from maskwise.faces.whole import WholePicture
from maskwise.faces.yunet import YuNet
from maskwise.results import Faces


class FaceDetector(Protocol):
    """Finds faces in an upright RGB picture `(h, w, 3)` uint8; their labels are still *unsure*.

    Boxes lie in the picture and hold something; threads may share it, and the same picture gives
    the same faces.
    """

    def __call__(self, image_rgb: NDArray[np.uint8]) -> Faces:
        """Find the faces."""


DETECTORS: Final[Mapping[str, Callable[[str], FaceDetector]]] = {
    "whole": lambda _: WholePicture(),
    "yunet": lambda mode: Refined(YuNet(yunet.SEARCHES[mode])),
    "centerface": lambda mode: CenterFace(centerface.SEARCHES[mode]),
}
"""Face detectors by name, each made in a mode of `MODES`."""

MODES: Final = ("fast", "balanced", "thorough")
"""How thoroughly a detector looks, and so how long."""


def open_detector(name: str, *, mode: str = "balanced") -> FaceDetector:
    """Make the face detector of this name.

    Args:
        name: `yunet` and `centerface` look for all faces, `whole` takes a picture as one face.
        mode: An entry of `MODES`. To `whole` it makes no difference.

    Raises:
        InvalidInput: There is no such detector or mode.
        MissingExtra: Its weights are not installed.
    """
    if name not in DETECTORS:
        raise InvalidInput(f"`faces` must be one of {', '.join(DETECTORS)}. Received: {name!r}.")
    if mode not in MODES:
        raise InvalidInput(f"`mode` must be one of {', '.join(MODES)}. Received: {mode!r}.")
    return DETECTORS[name](mode)
