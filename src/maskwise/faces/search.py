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

_GREY: Final = 128
_STRIDE_PX: Final = 32  # sides must be multiples of that of the coarsest map of the networks
_MAX_IOU: Final = 0.3  # of two boxes that are not taken for one face


@dataclass(frozen=True, slots=True)
class View:
    """A size in which a picture is looked at.

    Attributes:
        long_side_px: To this the long side of the picture is scaled, down or up.
        margin_px: So much grey is laid around it. Networks that learnt on faces among other
            things miss some that fill the picture.
    """

    long_side_px: int
    margin_px: int = 0


@dataclass(frozen=True, slots=True)
class Search:
    """How thoroughly a detector looks.

    Attributes:
        views: The sizes in which it looks at each picture.
        min_score: Less sure faces are not told of; in [0, 1].
    """

    views: tuple[View, ...]
    min_score: float

    def run(
        self, image_rgb: NDArray[np.uint8], look: Callable[[NDArray[np.uint8]], Detections]
    ) -> Faces:
        """Look at a picture in every view; of boxes on one face the surest counts.

        Args:
            image_rgb: Upright RGB picture `(h, w, 3)` uint8.
            look: Finds boxes in an RGB array, both sides multiples of 32 pixels.

        Returns:
            Faces, the surest first.
        """
        # Of a very large picture only a smaller one is looked at from then on.
        largest_px = max(view.long_side_px for view in self.views)
        reduced_rgb = np.ascontiguousarray(image_rgb)
        if max(image_rgb.shape) > largest_px:
            reduced_rgb = _scale(reduced_rgb, largest_px)
        found = [_look_at(reduced_rgb, view, look) for view in self.views]
        boxes_xyxy = np.concatenate([boxes for boxes, _ in found])
        score = np.concatenate([score for _, score in found])
        kept = suppress(boxes_xyxy, score, max_iou=_MAX_IOU)
        boxes_xyxy *= np.tile(_ratio_xy(image_rgb, reduced_rgb), 2)
        height, width = image_rgb.shape[:2]
        return faces_inside(boxes_xyxy[kept], score[kept], (height, width))


def _look_at(
    image_rgb: NDArray[np.uint8], view: View, look: Callable[[NDArray[np.uint8]], Detections]
) -> Detections:
    scaled_rgb = _scale(image_rgb, view.long_side_px)
    margin = view.margin_px
    height, width = (
        -(-(side + 2 * margin) // _STRIDE_PX) * _STRIDE_PX for side in scaled_rgb.shape[:2]
    )
    canvas_rgb = np.full((height, width, 3), _GREY, dtype=np.uint8)
    canvas_rgb[margin:, margin:][: len(scaled_rgb), : scaled_rgb.shape[1]] = scaled_rgb
    boxes_xyxy, score = look(canvas_rgb)
    return (boxes_xyxy - margin) * np.tile(_ratio_xy(image_rgb, scaled_rgb), 2), score


def _scale(image_rgb: NDArray[np.uint8], long_side_px: int) -> NDArray[np.uint8]:
    height, width = image_rgb.shape[:2]
    scale = long_side_px / max(height, width)
    size_wh = (max(1, round(width * scale)), max(1, round(height * scale)))
    # Averaging takes time, and shows only where several pixels become one.
    how = cv2.INTER_AREA if scale < 0.5 else cv2.INTER_LINEAR
    scaled: Any = cv2.resize(image_rgb, size_wh, interpolation=how)
    return np.asarray(scaled)


def _ratio_xy(to: NDArray[Any], of: NDArray[Any]) -> NDArray[np.float64]:
    """By what coordinates in `of` are multiplied to be those in `to`, `(2,)`."""
    return np.divide(to.shape[1::-1], of.shape[1::-1])
