"""What is kept of a picture to tell whether another one is the same shot."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from maskwise.dataset.audit.fingerprint import FINGERPRINT, take_fingerprint
from maskwise.errors import InvalidInput


@pytest.mark.parametrize(
    "size_hw", [pytest.param((1, 1)), pytest.param((1, 700)), pytest.param((3000, 2))]
)
def test_any_size_has_a_fingerprint(size_hw: tuple[int, int]) -> None:
    picture = np.full((*size_hw, 3), (200, 100, 50), dtype=np.uint8)
    fingerprint = take_fingerprint(picture)
    assert fingerprint["size_hw"].tolist() == list(size_hw)
    assert (fingerprint["colour"] == (200, 100, 50)).all()
    assert (fingerprint["grey"] == 124).all()  # 0.299 * 200 + 0.587 * 100 + 0.114 * 50


def test_many_are_kept_as_one_array_of_at_most_5_kb_each(noise_rgb: NDArray[np.uint8]) -> None:
    stacked = np.stack([take_fingerprint(noise_rgb), take_fingerprint(noise_rgb[:, ::-1])])
    assert stacked.shape == (2,)
    assert stacked.dtype == FINGERPRINT
    assert stacked.nbytes <= 2 * 5000


def test_it_shows_the_whole_picture_upright() -> None:
    picture = np.zeros((40, 80, 3), dtype=np.uint8)
    picture[:20, :40] = (255, 0, 0)
    picture[20:, 40:] = 255
    fingerprint = take_fingerprint(picture)
    assert fingerprint["colour"][1, 1].tolist() == [255, 0, 0]
    assert fingerprint["colour"][6, 6].tolist() == [255, 255, 255]
    assert fingerprint["colour"][6, 1].tolist() == [0, 0, 0]
    assert fingerprint["grey"][10, 10] == 76
    assert fingerprint["grey"][50, 50] == 255


def test_a_large_picture_leaves_what_its_small_copy_leaves() -> None:
    clouds = np.random.default_rng(0).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    large = Image.fromarray(clouds).resize((1280, 960), Image.Resampling.BICUBIC)
    small = large.resize((128, 96), Image.Resampling.BICUBIC)
    of_large, of_small = (take_fingerprint(np.asarray(each)) for each in (large, small))
    assert np.abs(of_large["grey"].astype(int) - of_small["grey"]).max() <= 3
    assert np.abs(of_large["colour"].astype(int) - of_small["colour"]).max() <= 3


def test_a_side_too_long_to_be_kept_is_kept_as_the_longest() -> None:
    assert take_fingerprint(np.zeros((70_000, 1, 3), np.uint8))["size_hw"].tolist() == [65535, 1]


@pytest.mark.parametrize(
    "picture",
    [
        pytest.param(np.zeros((4, 4), np.uint8), id="grey"),
        pytest.param(np.zeros((4, 4, 4), np.uint8), id="four channels"),
        pytest.param(np.zeros((0, 4, 3), np.uint8), id="no rows"),
        pytest.param(np.zeros((4, 4, 3), np.float32), id="floats"),
    ],
)
def test_other_arrays_are_refused(picture: NDArray[np.uint8]) -> None:
    with pytest.raises(InvalidInput, match="`picture_rgb` must"):
        take_fingerprint(picture)
