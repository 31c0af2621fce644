"""Search: in which sizes a picture is looked at, and what of it is told."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwise.boxes import suppress
from maskwise.faces.border import faces_inside
from maskwise.results import Faces

Detections = tuple[NDArray[np.float64], NDArray[np.float32]]
"""Boxes `(n, 4)` xyxy in pixels of the array that was looked at, and how sure each is, `(n,)`."""

Look = Callable[[NDArray[np.uint8]], Detections]
"""Finds boxes in an RGB array `(h, w, 3)` uint8, both sides multiples of 32 pixels."""

_GREY: Final = 128
_STRIDE_PX: Final = 32  # of the coarsest map of the networks
MAX_IOU: Final = 0.3  # of two boxes that are not taken for one face


@dataclass(frozen=True, slots=True)
class Search:
    """How thoroughly a detector looks.

    Attributes:
        long_sides_px: The sizes in which it looks at each picture: its long side is scaled to
            each of these, down or up. Small faces show in the large ones, and a face that fills
            the picture in the small ones.
        min_score: Less sure faces are not told of; in [0, 1].
    """

    long_sides_px: tuple[int, ...]
    min_score: float

    def run(self, image_rgb: NDArray[np.uint8], look: Look) -> Faces:
        """Look at a picture in every size; of boxes on one face the surest counts.

        Args:
            image_rgb: Upright RGB picture `(h, w, 3)` uint8.
            look: What looks.

        Returns:
            Faces, the surest first.
        """
        # Of a very large picture only a smaller one is looked at from then on.
        largest_px = max(self.long_sides_px)
        reduced_rgb = np.ascontiguousarray(image_rgb)
        if max(image_rgb.shape[:2]) > largest_px:
            reduced_rgb = _scale(reduced_rgb, largest_px)
        found = [_look_in_size(reduced_rgb, side_px, look) for side_px in self.long_sides_px]
        boxes_xyxy = np.concatenate([boxes for boxes, _ in found])
        score = np.concatenate([score for _, score in found])
        kept = suppress(boxes_xyxy, score, max_iou=MAX_IOU)
        height, width = image_rgb.shape[:2]
        to_picture = _ratio_xyxy(image_rgb, reduced_rgb)
        return faces_inside(boxes_xyxy[kept] * to_picture, score[kept], (height, width))


def _look_in_size(image_rgb: NDArray[np.uint8], long_side_px: int, look: Look) -> Detections:
    scaled_rgb = _scale(image_rgb, long_side_px)
    height, width = scaled_rgb.shape[:2]
    to_full = [(0, -height % _STRIDE_PX), (0, -width % _STRIDE_PX), (0, 0)]
    boxes_xyxy, score = look(np.pad(scaled_rgb, to_full, constant_values=_GREY))
    return boxes_xyxy * _ratio_xyxy(image_rgb, scaled_rgb), score


def _scale(image_rgb: NDArray[np.uint8], long_side_px: int) -> NDArray[np.uint8]:
    height, width = image_rgb.shape[:2]
    scale = long_side_px / max(height, width)
    size_wh = (max(1, round(width * scale)), max(1, round(height * scale)))
    # Averaging takes time, and shows only where several pixels become one.
    how = cv2.INTER_AREA if scale < 0.5 else cv2.INTER_LINEAR
    scaled: Any = cv2.resize(image_rgb, size_wh, interpolation=how)
    return np.asarray(scaled)


def _ratio_xyxy(to: NDArray[Any], of: NDArray[Any]) -> NDArray[np.float64]:
    """By what the corners of a box in `of` are multiplied to be those in `to`, `(4,)`."""
    return np.tile(np.divide(to.shape[1::-1], of.shape[1::-1]), 2)
