"""Probes: pictures without their face or with another border, to see what an answer rests on.

A network that is right about a face it cannot see, or that changes its mind with what lies around
the face, has learnt from where its pictures came, not what they show: a shortcut in the sense of
Geirhos et al. (2020), Nature Machine Intelligence 2:665.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_CENTRE_SHARE: Final = 0.7  # of each side; counts as the face, on which pictures are centred
_SEAM_SHARE: Final = 0.05  # of each side; a hard edge would be a thing of its own to look at


def hide_face(image_rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Cover the middle with the mean colour of what is around it.

    In tight crops some of the face remains in sight: forehead, ears, the edge of a chin.

    Args:
        image_rgb: RGB uint8 `(h, w, 3)`; stays as it is.

    Returns:
        RGB uint8 of the same shape, the middle 70 % of each side in one colour.
    """
    hidden = _distance_from_centre(image_rgb.shape) <= _CENTRE_SHARE
    covered = image_rgb.copy()
    around = image_rgb[~hidden]
    # A picture of 3x3 pixels or fewer has nothing around its middle.
    covered[hidden] = np.rint(around.mean(axis=0)) if len(around) else 128
    return covered


def replace_border(image_rgb: NDArray[np.uint8], other_rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Keep the middle and take everything around it from another picture.

    Args:
        image_rgb: RGB uint8 `(h, w, 3)`; stays as it is.
        other_rgb: Likewise, of any size; stretched to that of the first.

    Returns:
        RGB uint8 of the shape of the first. Its middle 70 % of each side is untouched; the other
        picture fades in from there over 5 %.
    """
    height, width = image_rgb.shape[:2]
    stretched = Image.fromarray(other_rgb).resize((width, height), Image.Resampling.BICUBIC)
    beyond = (_distance_from_centre(image_rgb.shape) - _CENTRE_SHARE) / (2 * _SEAM_SHARE)
    weight = beyond.clip(0, 1)[..., None]
    mixed = image_rgb * (1 - weight) + np.asarray(stretched) * weight
    pixels: NDArray[np.uint8] = np.rint(mixed).astype(np.uint8)
    return pixels


def _distance_from_centre(shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Of each pixel `(h, w)`: 0 in the middle, near 1 at the border, the same along rectangles."""
    along_y, along_x = (np.abs(2 * np.arange(edge) + 1 - edge) / edge for edge in shape[:2])
    return np.maximum(along_y[:, None], along_x[None, :])
