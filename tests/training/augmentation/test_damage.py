from collections.abc import Callable

import numpy as np
import pytest

from maskwise.training.augmentation.damage import (
    add_noise,
    blur,
    compress,
    damage,
    hide_part,
    lower_resolution,
)
from portraits import draw_portrait

HARMS = (add_noise, blur, compress, hide_part, lower_resolution)


@pytest.mark.parametrize("harm", [*HARMS, damage], ids=lambda harm: harm.__name__)
def test_it_returns_another_picture_of_the_same_kind(
    harm: Callable[[np.ndarray, np.random.Generator], np.ndarray],
) -> None:
    portrait = draw_portrait()
    made = [harm(portrait, np.random.default_rng(seed)) for seed in range(40)]
    assert np.array_equal(portrait, draw_portrait())
    assert all(each.shape == portrait.shape and each.dtype == np.uint8 for each in made)
    assert len({each.tobytes() for each in made}) > 20
    again = harm(portrait, np.random.default_rng(3))
    assert np.array_equal(again, made[3])


def test_colours_survive_compression() -> None:
    red = np.zeros((40, 48, 3), dtype=np.uint8)
    red[..., 0] = 200
    assert compress(red, np.random.default_rng(0)).mean(axis=(0, 1)) == pytest.approx(
        (200, 0, 0), abs=6
    )


@pytest.mark.parametrize("harm", [blur, lower_resolution], ids=lambda harm: harm.__name__)
def test_detail_is_lost(harm: Callable[[np.ndarray, np.random.Generator], np.ndarray]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (112, 112, 3)).astype(np.uint8)
    made = [harm(noise, np.random.default_rng(seed)) for seed in range(20)]
    assert np.mean([each.std() for each in made]) < 0.7 * noise.std()


def test_what_is_hidden_is_a_part_of_one_colour() -> None:
    portrait = draw_portrait()
    for seed in range(40):
        made = hide_part(portrait, np.random.default_rng(seed))
        is_changed = (made != portrait).any(axis=2)
        assert is_changed.mean() < 0.2
        if is_changed.any():
            assert len(np.unique(made[is_changed], axis=0)) == 1


def test_some_pictures_are_left_alone() -> None:
    portrait = draw_portrait()
    made = [damage(portrait, np.random.default_rng(seed)) for seed in range(200)]
    n_alone = sum(np.array_equal(each, portrait) for each in made)
    assert 10 <= n_alone <= 60
