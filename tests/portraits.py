"""A drawn bare face whose eyes, nose and mouth are known."""

import cv2
import numpy as np
from numpy.typing import NDArray

EDGE = 168
LANDMARKS = np.array([(66, 68), (102, 68), (84, 90), (71, 108), (97, 108)], dtype=np.float32)
NOSE, MOUTH, FOREHEAD = (84, 90), (84, 108), (84, 45)


def draw_portrait() -> NDArray[np.uint8]:
    """A square of 168 pixels, as it is cut around the box of a face."""
    square = np.full((EDGE, EDGE, 3), (90, 120, 150), dtype=np.uint8)
    cv2.ellipse(square, (84, 88), (40, 56), 0, 0, 360, (205, 160, 130), -1, cv2.LINE_AA)
    for x, y in LANDMARKS[:2].astype(int).tolist():
        cv2.circle(square, (x, y), 5, (40, 30, 30), -1, cv2.LINE_AA)
    cv2.line(square, (71, 108), (97, 108), (150, 60, 60), 3, cv2.LINE_AA)
    return square


def change_at(before: np.ndarray, after: np.ndarray, place_xy: tuple[int, int]) -> int:
    """The largest change of a pixel around a place."""
    x, y = place_xy
    around = np.s_[y - 1 : y + 2, x - 1 : x + 2]
    return int(np.abs(after[around].astype(int) - before[around]).max())


def with_nose_at(x: float) -> np.ndarray:
    landmarks = LANDMARKS.copy()
    landmarks[2, 0] = x
    return landmarks
