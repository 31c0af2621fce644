"""Fingerprint: the little of a picture that tells whether another one is the same shot."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from maskwise.errors import InvalidInput

GREY_SIDE: Final = 64
COLOUR_SIDE: Final = 8

FINGERPRINT: Final = np.dtype(
    [
        ("grey", np.uint8, (GREY_SIDE, GREY_SIDE)),
        ("colour", np.uint8, (COLOUR_SIDE, COLOUR_SIDE, 3)),
        ("size_hw", np.uint16, (2,)),
    ]
)
"""The whole picture squeezed to a square, grey and (smaller) in RGB; the size that it had. 4.3 kB.

Fingerprints of many pictures are kept as one array `(n,)` of this type.
"""

_LARGEST_SIZE: Final = int(np.iinfo(np.uint16).max)


def take_fingerprint(picture_rgb: NDArray[np.uint8]) -> NDArray[np.void]:
    """Reduce a picture to what `find_near_duplicates` compares.

    Args:
        picture_rgb: Upright, `(h, w, 3)` uint8, of any size from 1x1.

    Returns:
        A single `FINGERPRINT`, shape `()`. `numpy.stack` makes an array of many.

    Raises:
        InvalidInput: Another shape or type.

    >>> take_fingerprint(np.zeros((30, 50, 3), np.uint8))["size_hw"].tolist()
    [30, 50]
    """
    if picture_rgb.ndim != 3 or picture_rgb.shape[2] != 3 or not picture_rgb.size:
        raise InvalidInput(
            f"`picture_rgb` must have shape (h, w, 3) with sides of at least 1. "
            f"Received: {picture_rgb.shape}."
        )
    if picture_rgb.dtype != np.uint8:
        raise InvalidInput(f"`picture_rgb` must be uint8. Received: {picture_rgb.dtype}.")
    # The gap lets Pillow average large pictures in whole blocks first: many times faster.
    thumbnail = Image.fromarray(picture_rgb).resize(
        (GREY_SIDE, GREY_SIDE), Image.Resampling.BILINEAR, reducing_gap=3.0
    )
    fingerprint = np.zeros((), dtype=FINGERPRINT)
    fingerprint["grey"] = np.asarray(thumbnail.convert("L"))
    fingerprint["colour"] = np.asarray(
        thumbnail.resize((COLOUR_SIDE, COLOUR_SIDE), Image.Resampling.BOX)
    )
    fingerprint["size_hw"] = np.minimum(picture_rgb.shape[:2], _LARGEST_SIZE)
    return fingerprint
