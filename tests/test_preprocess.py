from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from maskwise.errors import InvalidInput
from maskwise.preprocess import PreprocessSpec


def test_the_defaults_are_the_reference_system(noise_rgb: NDArray[np.uint8]) -> None:
    ready = PreprocessSpec()(noise_rgb)
    as_in_the_reference = np.array(Image.fromarray(noise_rgb).resize((128, 128))) / 255
    assert ready.dtype == np.float32
    assert ready.shape == (128, 128, 3)
    assert ready == pytest.approx(as_in_the_reference, abs=1e-7)


def test_height_comes_before_width(noise_rgb: NDArray[np.uint8]) -> None:
    assert PreprocessSpec(size_hw=(10, 20)).resize(noise_rgb).shape == (10, 20, 3)


def test_the_divisor_sets_the_range() -> None:
    white = np.full((4, 4, 3), 255, dtype=np.uint8)
    assert PreprocessSpec(divisor=51).scale(white).max() == 5


def test_survives_json() -> None:
    spec = PreprocessSpec(size_hw=(10, 20), resize_filter="bilinear")
    assert PreprocessSpec.from_dict(spec.to_dict()) == spec


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"size_hw": (0, 5)}, "size_hw", id="no height"),
        pytest.param({"divisor": 0.0}, "divisor", id="division by zero"),
        pytest.param({"divisor": float("nan")}, "divisor", id="not a number"),
        pytest.param({"resize_filter": "magic"}, "one of bilinear, bicubic", id="unknown filter"),
    ],
)
def test_wrong_values_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        PreprocessSpec(**change)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"colour_order": "bgr"}, id="other colour order"),
        pytest.param({"size_hw": "big"}, id="no size"),
        pytest.param({"flavour": 1}, id="unknown field"),
    ],
)
def test_a_foreign_description_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        PreprocessSpec.from_dict({**PreprocessSpec().to_dict(), **change})


def numbered(height: int, width: int) -> NDArray[np.uint8]:
    """A picture whose red and green tell row and column."""
    picture = np.zeros((height, width, 3), dtype=np.uint8)
    picture[:, :, 0] = np.arange(height)[:, None]
    picture[:, :, 1] = np.arange(width)
    return picture


def test_a_face_is_cut_out_with_its_margin_as_a_square() -> None:
    face = PreprocessSpec(crop_margin=0.25).crop(numbered(100, 200), (60, 40, 80, 60))
    assert face.shape == (30, 30, 3)
    assert (face[0, 0, 0], face[0, 0, 1]) == (35, 55)
    assert (face[-1, -1, 0], face[-1, -1, 1]) == (64, 84)


def test_a_face_that_is_no_square_grows_on_its_shorter_sides() -> None:
    face = PreprocessSpec(crop_margin=0).crop(numbered(100, 200), (60, 40, 70, 60))
    assert face.shape == (20, 20, 3)
    assert (face[0, 0, 1], face[-1, -1, 1]) == (55, 74)


def test_beyond_the_border_the_edge_of_the_picture_goes_on() -> None:
    face = PreprocessSpec(crop_margin=0.5).crop(numbered(100, 200), (0, 80, 20, 100))
    assert face.shape == (40, 40, 3)
    assert (face[:, :10, 1] == 0).all()
    assert (face[-10:, :, 0] == 99).all()
    assert face[0, 10, 1] == 0
    assert face[0, 11, 1] == 1


@pytest.mark.parametrize("box", [None, (0, 0, 200, 100), (-1.5, 0, 200, 101)])
def test_the_whole_picture_stays_as_it_is(box: tuple[float, float, float, float] | None) -> None:
    picture = numbered(100, 200)
    assert PreprocessSpec().crop(picture, box) is picture


def test_a_box_of_a_fraction_of_a_pixel_gives_a_pixel() -> None:
    face = PreprocessSpec(crop_margin=0).crop(numbered(100, 200), (10.2, 20.3, 10.4, 20.4))
    assert face.shape == (1, 1, 3)
    assert face[0, 0, :2].tolist() == [20, 10]


def test_the_longest_face_takes_bounded_memory() -> None:
    wide = np.broadcast_to(np.uint8(7), (2, 30_000, 3))
    assert PreprocessSpec().crop(wide, (1, 0, 30_000, 2)).shape == (4096, 4096, 3)


@pytest.mark.parametrize("box", [(5, 5, 5, 9), (9, 5, 5, 9), (0, 0, float("nan"), 5)])
def test_an_empty_box_is_refused(box: tuple[float, float, float, float]) -> None:
    with pytest.raises(InvalidInput, match="left < right and top < bottom"):
        PreprocessSpec().crop(numbered(10, 10), box)


def test_a_margin_out_of_range_is_refused() -> None:
    with pytest.raises(InvalidInput, match="`crop_margin` must be 0 to 1"):
        PreprocessSpec(crop_margin=-0.1)


@pytest.mark.parametrize("seed", range(60))
def test_a_crop_shows_the_pixels_in_whose_middles_it_looks(seed: int) -> None:
    generator = np.random.default_rng(seed)
    image_rgb = generator.integers(0, 256, (50, 70, 3), dtype=np.uint8)
    middle_xy, size_xy = generator.uniform(0, (70, 50)), generator.uniform(1, 60, 2)
    left, top, right, bottom = (*(middle_xy - size_xy / 2), *(middle_xy + size_xy / 2))
    crop = PreprocessSpec(crop_margin=0.1).crop(image_rgb, (left, top, right, bottom))
    side, n = 1.2 * max(size_xy), len(crop)
    assert n == round(side)
    looks_xy = middle_xy[:, None] - side / 2 + (np.arange(n) + 0.5) * (side / n)
    columns, rows = np.floor(looks_xy).clip(0, [[69], [49]]).astype(int)
    assert np.array_equal(crop, image_rgb[np.ix_(rows, columns)])
    assert not np.shares_memory(crop, image_rgb)
