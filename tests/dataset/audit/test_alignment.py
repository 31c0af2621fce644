"""How pictures are laid over each other."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from maskwise.dataset.audit.alignment import WHOLE, align, compare, resample, texture


def clouds(seed: int, cells: int = 9) -> NDArray[np.float32]:
    random = np.random.default_rng(seed)
    small = Image.fromarray(random.integers(0, 256, (cells, cells), dtype=np.uint8))
    return np.asarray(small.resize((64, 64), Image.Resampling.BICUBIC), dtype=np.float32)


@pytest.mark.parametrize(
    "window",
    [
        pytest.param((0.0, 1.0, 0.0, 1.0), id="whole"),
        pytest.param((0.02, 0.98, 0.02, 0.98), id="all sides"),
        pytest.param((0.02, 1.0, 0.0, 0.97), id="two sides"),
    ],
)
def test_a_window_is_found_whatever_brightness_and_contrast(
    window: tuple[float, float, float, float],
) -> None:
    first = clouds(0)[None]
    truth = np.array([window])
    second = 30 + np.float32(0.7) * resample(first, truth, 64)
    begin = np.array([[0.015, 0.99, 0.0, 0.985]])
    found = align(first, second, begin, side=32, steps=4)
    assert found == pytest.approx(truth, abs=0.004)
    overall, agreed = compare(first, second, found, side=32)
    assert overall[0] > 0.98
    assert agreed[0] > 0.98


def test_other_details_do_not_agree() -> None:
    first = np.stack([clouds(seed) for seed in range(0, 40, 2)])
    second = np.stack([clouds(seed) for seed in range(1, 41, 2)])
    overall, agreed = compare(first, second, np.tile(WHOLE, (20, 1)), side=32)
    assert np.abs(overall).max() < 0.4
    assert agreed.max() < 0.5


def test_a_part_painted_over_lowers_only_the_overall_correlation() -> None:
    first = clouds(0)
    second = first.copy()
    second[32:64, 16:48] = clouds(1)[32:64, 16:48]  # four of the sixteen blocks
    overall, agreed = compare(first[None], second[None], np.array([WHOLE]), side=32)
    assert agreed[0] > 0.9 > overall[0] + 0.05


def test_resampling_takes_means_and_keeps_to_the_picture() -> None:
    ramp = np.tile(np.arange(64, dtype=np.float32), (1, 64, 1))
    inner = resample(ramp, np.array([(0.0, 1.0, 0.25, 0.75)]), 32)
    assert inner[0, 7] == pytest.approx(np.arange(16, 48) + 0.0, abs=1e-4)
    beyond = resample(ramp, np.array([(0.0, 1.0, -0.25, 1.25)]), 32)
    assert beyond.min() >= 0
    assert beyond.max() <= 63


def test_texture_is_zero_without_detail() -> None:
    greys = np.stack([np.full((64, 64), 90), np.arange(4096).reshape(64, 64) % 2 * 200])
    assert texture(greys.astype(np.uint8)) == pytest.approx([0, 100], abs=0.5)
