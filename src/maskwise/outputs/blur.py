"""Blur: faces made unrecognisable, for pictures that others may see."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from maskwise.boxes import clip
from maskwise.results import Faces

_CELLS: Final = 6
_SMALLEST_CELL_PX: Final = 4
_MARGIN: Final = 0.15  # chin, hair and ears tell a person too


def blur(image_rgb: NDArray[np.uint8], faces: Faces) -> NDArray[np.uint8]:
    """Make every face of a copy of the picture unrecognisable, whatever its answer.

    What is left of a face are the mean colours of at most 6 by 6 cells, laid over its box and a
    margin, with even transitions between them. Nothing finer enters the result, so no software can
    bring it back; that a network can guess persons of a short list from what mosaics leave is
    known (McPherson, Shokri and Shmatikov 2016). A face that was not found stays as it is.

    Args:
        image_rgb: The picture `(h, w, 3)` uint8 that `faces` belongs to.
        faces: Where its faces are.

    Returns:
        RGB uint8 `(h, w, 3)`; outside of the faces as before.
    """
    blurred = image_rgb.copy()
    for left, top, right, bottom in _areas(faces.xyxy, image_rgb.shape):
        cells = Image.fromarray(_means(image_rgb[top:bottom, left:right]))
        smooth = cells.resize((right - left, bottom - top), Image.Resampling.BILINEAR)
        blurred[top:bottom, left:right] = np.asarray(smooth)
    return blurred


def _means(area_rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The mean colours of its cells `(rows, columns, 3)`, exact before they are rounded."""
    height, width = area_rgb.shape[:2]
    cell_px = max(max(height, width) / _CELLS, _SMALLEST_CELL_PX)
    tops, lefts = _starts(height, cell_px), _starts(width, cell_px)
    sums = np.add.reduceat(area_rgb, tops, axis=0, dtype=np.uint64)
    sums = np.add.reduceat(sums, lefts, axis=1)
    n_pixels = np.outer(np.diff(tops, append=height), np.diff(lefts, append=width))
    means: NDArray[np.uint8] = (sums / n_pixels[..., None]).round().astype(np.uint8)
    return means


def _starts(length: int, cell_px: float) -> NDArray[np.intp]:
    n = max(1, int(length / cell_px))
    return np.arange(n) * length // n


def _areas(xyxy: NDArray[np.float32], shape: tuple[int, ...]) -> list[tuple[int, int, int, int]]:
    """Boxes with their margin, in whole pixels of the picture; those outside of it are left out."""
    boxes = xyxy.astype(np.float64)
    margin = _MARGIN * (boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=0)[:, None]
    grown = np.hstack([np.floor(boxes[:, :2] - margin), np.ceil(boxes[:, 2:] + margin)])
    areas = clip(grown, (shape[0], shape[1])).astype(int).tolist()
    return [
        (left, top, right, bottom)
        for left, top, right, bottom in areas
        if left < right and top < bottom
    ]
