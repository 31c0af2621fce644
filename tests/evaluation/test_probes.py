import numpy as np
import pytest
from numpy.typing import NDArray

from maskwise.evaluation.probes import hide_face, replace_border

BORDER_RGB, FACE_RGB = (200, 30, 90), (10, 220, 40)


def framed(size_hw: tuple[int, int]) -> NDArray[np.uint8]:
    """A face in one colour, 70 % of each side, on a border in another."""
    height, width = size_hw
    image = np.full((height, width, 3), BORDER_RGB, dtype=np.uint8)
    image[middle(size_hw, 0.7)] = FACE_RGB
    return image


def middle(size_hw: tuple[int, int], share: float) -> tuple[slice, slice]:
    top, left = (round(edge * (1 - share) / 2) for edge in size_hw)
    return slice(top, size_hw[0] - top), slice(left, size_hw[1] - left)


@pytest.mark.parametrize("size_hw", [(100, 100), (60, 200), (80, 40)])
def test_nothing_of_the_face_remains_and_all_of_the_border(size_hw: tuple[int, int]) -> None:
    image = framed(size_hw)
    given = image.copy()
    assert (hide_face(image) == BORDER_RGB).all()
    assert np.array_equal(image, given)


def test_the_cover_has_the_mean_colour_of_the_border(noise_rgb: NDArray[np.uint8]) -> None:
    image = np.tile(noise_rgb, (4, 2, 1))[:100]
    hidden = hide_face(image)
    inner = middle((100, 100), 0.7)
    around = np.ones((100, 100), dtype=bool)
    around[inner] = False
    assert (hidden[inner] == hidden[50, 50]).all()
    assert hidden[50, 50] == pytest.approx(image[around].mean(axis=0), abs=0.5)
    assert np.array_equal(hidden[around], image[around])


@pytest.mark.parametrize("other_hw", [(100, 100), (31, 77), (1, 1)])
def test_the_border_is_the_others_and_the_face_its_own(other_hw: tuple[int, int]) -> None:
    image = framed((100, 100))
    other = np.full((*other_hw, 3), (0, 0, 255), dtype=np.uint8)
    replaced = replace_border(image, other)
    assert (replaced[middle((100, 100), 0.7)] == FACE_RGB).all()
    replaced[middle((100, 100), 0.8)] = 0, 0, 255
    assert (replaced == (0, 0, 255)).all()


def test_the_other_picture_fades_in() -> None:
    black, white = np.zeros((400, 300, 3), dtype=np.uint8), np.full((9, 9, 3), 255, dtype=np.uint8)
    row = replace_border(black, white)[200, :, 0].astype(int)
    assert row[0] == row[-1] == 255
    assert row[150] == 0
    assert np.abs(np.diff(row)).max() < 30
    assert np.array_equal(row, row[::-1])


@pytest.mark.parametrize("size_hw", [(1, 1), (3, 3), (1, 40), (8, 8)])
def test_probes_of_the_smallest_pictures(size_hw: tuple[int, int]) -> None:
    image = np.full((*size_hw, 3), 77, dtype=np.uint8)
    for probed in (hide_face(image), replace_border(image, image)):
        assert probed.shape == image.shape
        assert probed.dtype == np.uint8
    assert np.array_equal(replace_border(image, image), image)
