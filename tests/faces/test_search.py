import numpy as np
import pytest
from numpy.typing import NDArray

from maskwise.faces.search import Detections, Search


def brightest(array_rgb: NDArray[np.uint8]) -> Detections:
    """Boxes what is white, as sure as it is large."""
    assert array_rgb.shape[0] % 32 == array_rgb.shape[1] % 32 == 0
    rows, columns = np.nonzero(array_rgb.min(axis=2) > 200)
    if not len(rows):
        return np.zeros((0, 4)), np.zeros(0, dtype=np.float32)
    box = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    sure = (columns.max() + 1 - columns.min()) / array_rgb.shape[1]
    return np.array([box], dtype=np.float64), np.array([sure], dtype=np.float32)


@pytest.mark.parametrize("size_hw", [(30, 40), (300, 400), (900, 1200), (1200, 900)], ids=str)
@pytest.mark.parametrize("sides", [(160,), (640,), (320, 96), (96, 320)], ids=str)
def test_what_is_found_in_any_size_is_told_once_in_pixels_of_the_picture(
    sides: tuple[int, ...], size_hw: tuple[int, int]
) -> None:
    height, width = size_hw
    image_rgb = np.zeros((*size_hw, 3), dtype=np.uint8)
    top, bottom, left, right = height // 3, height * 2 // 3, width // 4, width // 2
    image_rgb[top:bottom, left:right] = 255
    faces = Search(sides, min_score=0).run(image_rgb, brightest)
    pixel = max(size_hw) / min(sides)
    assert faces.xyxy == pytest.approx(np.array([[left, top, right, bottom]]), abs=1 + 1.5 * pixel)


def test_a_picture_is_looked_at_in_each_size() -> None:
    seen: list[tuple[int, ...]] = []

    def look(array_rgb: NDArray[np.uint8]) -> Detections:
        seen.append(array_rgb.shape)
        return np.zeros((0, 4)), np.zeros(0, dtype=np.float32)

    assert len(Search((640, 200), min_score=0).run(np.zeros((50, 100, 3), np.uint8), look)) == 0
    assert seen == [(320, 640, 3), (128, 224, 3)]  # up to multiples of 32
