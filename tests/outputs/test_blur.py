import numpy as np
import pytest
from numpy.typing import NDArray

from maskwise.outputs.blur import blur
from maskwise.results import Faces

Image = NDArray[np.uint8]


def faces(*boxes: tuple[float, float, float, float]) -> Faces:
    xyxy = np.array(boxes, np.float32).reshape(-1, 4)
    return Faces.found(xyxy=xyxy, detector_score=np.ones(len(xyxy), np.float32))


def noise(seed: int, size: int) -> Image:
    return np.random.default_rng(seed).integers(0, 256, (size, size, 3), dtype=np.uint8)


def shuffled_within_cells(image: Image, cell: int, seed: int) -> Image:
    """Another face altogether, of which no cell has another mean."""
    n = len(image) // cell
    cells = image.reshape(n, cell, n, cell, 3).swapaxes(1, 2).reshape(n, n, cell * cell, 3)
    mixed = np.random.default_rng(seed).permuted(cells, axis=2)
    return mixed.reshape(n, n, cell, cell, 3).swapaxes(1, 2).reshape(image.shape)


def test_faces_of_equal_cells_cannot_be_told_apart() -> None:
    one = noise(0, 120)
    other = shuffled_within_cells(one, 20, seed=1)
    whole = faces((0, 0, 120, 120))
    assert np.abs(one.astype(int) - other).mean() > 50
    assert np.array_equal(blur(one, whole), blur(other, whole))


@pytest.mark.parametrize("side", [4, 9, 24, 60, 140])
def test_hardly_anything_is_left_of_a_face_of_any_size(side: int) -> None:
    image = noise(2, 200)
    box = (30, 30, 30 + side, 30 + side)
    left = blur(image, faces(box))[30 : 30 + side, 30 : 30 + side].astype(float)
    steps = np.abs(np.diff(left, axis=0)).max(), np.abs(np.diff(left, axis=1)).max()
    assert max(steps) < 64  # of 255, where the noise steps by up to 255 from pixel to pixel
    # Whatever lies between six rows of cells has at most rank six, but for rounding.
    assert np.linalg.matrix_rank(left[..., 0], tol=0.5 * side) <= 6


def test_every_face_is_blurred_with_a_margin_and_nothing_else() -> None:
    image = noise(4, 200)
    blurred = blur(image, faces((20, 20, 60, 70), (100.5, 110.2, 130.9, 150)))
    changed = (blurred != image).any(axis=2)
    for left, top, right, bottom in ((16, 16, 64, 74), (98, 106, 134, 154)):
        assert changed[top:bottom, left:right].mean() > 0.95
        changed[top - 5 : bottom + 5, left - 5 : right + 5] = False
    assert not changed.any()


def test_the_picture_itself_stays_as_it_is() -> None:
    image = noise(5, 50)
    before = image.copy()
    blur(image, faces((0, 0, 50, 50)))
    assert np.array_equal(image, before)


def test_faces_at_the_edge_empty_ones_and_none_are_no_trouble() -> None:
    image = noise(6, 40)
    assert np.array_equal(blur(image, faces()), image)
    assert np.array_equal(blur(image, faces((90, 90, 99, 99))), image)
    blurred = blur(image, faces((-5, -5, 1, 1), (39, 39, 40, 40), (5, 5, 5, 5)))
    assert (blurred[0, 0] != image[0, 0]).any()
