"""Zone: the part of the picture that counts."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwise.results import Faces


class Zone:
    """A polygon and a least size: which faces of a frame count."""

    def __init__(self, corners_xy: Sequence[tuple[float, float]], *, min_face_px: float) -> None:
        """Make one.

        Args:
            corners_xy: Corners, each as shares of width and height; none: all of the picture.
            min_face_px: How long the shorter side of a face must be.
        """
        self._corners_xy = np.array(corners_xy, np.float32).reshape(-1, 2)
        self._min_face_px = min_face_px

    def filter(self, faces: Faces, size_hw: tuple[int, int]) -> Faces:
        """The faces that are large enough and whose middle is in the polygon.

        Args:
            faces: As they were found.
            size_hw: Height and width of the frame in pixels.
        """
        sides = faces.xyxy[:, 2:] - faces.xyxy[:, :2]
        counts: NDArray[np.bool_] = sides.min(axis=1, initial=np.inf) >= self._min_face_px
        if len(self._corners_xy):
            contour = self._corners_xy * np.array(size_hw[::-1], np.float32)
            middles = (faces.xyxy[:, :2] + faces.xyxy[:, 2:]) / 2
            inside = [
                cv2.pointPolygonTest(contour, (float(x), float(y)), measureDist=False) >= 0
                for x, y in middles
            ]
            counts &= np.array(inside, bool)
        return faces if counts.all() else faces.select(counts)
