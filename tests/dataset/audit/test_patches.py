"""A thumbnail in numbers by which a linear model tells what is worn on a face."""

import numpy as np
import pytest
from numpy.typing import NDArray

from maskwise.dataset.audit.patches import N_FEATURES, describe_patches


def draw_thumbnails(n: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (n, 32, 32, 3), dtype=np.uint8)


def test_a_picture_and_its_mirror_image_are_the_same() -> None:
    some = draw_thumbnails(10)
    features = describe_patches(np.concatenate([some, some[:, :, ::-1]]), seed=0)
    assert features.shape == (20, N_FEATURES)
    assert features[:10] == pytest.approx(features[10:], abs=1e-3)


def test_upside_down_is_not_the_same() -> None:
    some = draw_thumbnails(10)
    some[:, 16:] //= 8  # noise above, hardly any below
    features = describe_patches(np.concatenate([some, some[:, ::-1]]), seed=0)
    assert np.abs(features[:10] - features[10:]).mean() > 1


def test_features_are_centred_and_scaled() -> None:
    features = describe_patches(draw_thumbnails(50), seed=0)
    assert features.mean(axis=0) == pytest.approx(np.zeros(N_FEATURES), abs=1e-3)
    assert features.std(axis=0) == pytest.approx(np.ones(N_FEATURES), abs=1e-3)


def test_brightness_and_contrast_hardly_matter() -> None:
    some = draw_thumbnails(20)
    features = describe_patches(np.concatenate([some, some // 2 + 60]), seed=0)
    same = np.abs(features[:20] - features[20:]).mean()
    other = np.abs(features[:20] - features[[*range(21, 40), 20]]).mean()
    assert same < other / 3  # rounding to whole grey values leaves a difference


def test_the_seed_decides() -> None:
    some = draw_thumbnails(10)
    assert np.array_equal(describe_patches(some, seed=1), describe_patches(some, seed=1))
    assert not np.array_equal(describe_patches(some, seed=1), describe_patches(some, seed=2))


@pytest.mark.parametrize("n", [0, 1, 40])
def test_flat_pictures_have_flat_features(n: int) -> None:
    features = describe_patches(np.full((n, 32, 32, 3), 90, dtype=np.uint8), seed=0)
    assert features.shape == (n, N_FEATURES)
    assert not features.any()
