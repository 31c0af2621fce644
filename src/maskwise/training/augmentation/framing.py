"""Framing: the part of a picture that the network gets, never twice the same."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

_MAX_LOG_ZOOM: Final = 0.22
_MAX_LOG_ZOOM_OUT_OF_WHOLE: Final = 0.05  # beyond its edges there is nothing to see
_SHIFT: Final = 0.05  # standard deviation, as a share of the edge
_ROTATION_DEG: Final = 9.0
_LOG_ASPECT: Final = 0.06
_ROTATED: Final = 0.6  # share of the pictures
_BLUR_PER_STEP: Final = 0.35  # keeps fine patterns from turning into coarse ones


@dataclass(frozen=True, slots=True)
class Framing:
    """Cuts the network's input out of a square that shows more than that.

    Attributes:
        size_hw: Of the input, in pixels.
        share: Of the square's edge that the input would show without jitter.
    """

    size_hw: tuple[int, int]
    share: float

    def cut(self, square_rgb: NDArray[np.uint8], draw: np.random.Generator) -> NDArray[np.uint8]:
        """Cut with jitter of place, size, aspect and angle, half of them mirrored.

        What lies beyond the square repeats its edge.

        Args:
            square_rgb: RGB uint8 `(n, n, 3)`.
            draw: Decides the jitter.

        Returns:
            RGB uint8 `(*size_hw, 3)`.
        """
        edge = len(square_rgb)
        widest = _MAX_LOG_ZOOM if self.share < 1 else _MAX_LOG_ZOOM_OUT_OF_WHOLE
        side = self.share * edge * np.exp(draw.uniform(-_MAX_LOG_ZOOM, widest))
        centre = edge / 2 + draw.normal(0, _SHIFT, 2) * self.share * edge
        is_rotated, is_mirrored = draw.random(2) < (_ROTATED, 0.5)
        angle = np.radians(draw.normal(0, _ROTATION_DEG)) * is_rotated
        height, width = self.size_hw
        step_xy = side / np.array([width, height])
        step_xy[0] *= np.exp(draw.normal(0, _LOG_ASPECT))
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        to_square = turn * step_xy * (-1 if is_mirrored else 1, 1)
        # OpenCV counts from the middle of the first pixel.
        middle = (np.array([width, height]) - 1) / 2
        offset = centre - 0.5 - to_square @ middle
        coarsest = float(step_xy.max())
        if coarsest > 1:
            square_rgb = cv2.GaussianBlur(square_rgb, (0, 0), _BLUR_PER_STEP * coarsest)
        cut: NDArray[np.uint8] = cv2.warpAffine(
            square_rgb,
            np.column_stack([to_square, offset]),
            (width, height),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return cut
