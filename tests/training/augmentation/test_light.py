import numpy as np

from maskwise.training.augmentation.light import relight
from portraits import draw_portrait


def test_light_changes_and_the_picture_stays() -> None:
    portrait = draw_portrait()
    made = [relight(portrait, np.random.default_rng(seed)) for seed in range(60)]
    assert np.array_equal(portrait, draw_portrait())
    assert all(each.shape == portrait.shape and each.dtype == np.uint8 for each in made)
    assert len({each.tobytes() for each in made}) == 60
    means = [each.mean() for each in made]
    assert min(means) < 0.8 * portrait.mean() < 1.2 * portrait.mean() < max(means)


def test_some_pictures_turn_grey() -> None:
    made = [relight(draw_portrait(), np.random.default_rng(seed)) for seed in range(100)]
    n_grey = sum(bool((each == each[:, :, :1]).all()) for each in made)
    assert 3 <= n_grey <= 20


def test_a_seed_gives_the_same_light() -> None:
    once, again = (relight(draw_portrait(), np.random.default_rng(7)) for _ in range(2))
    assert np.array_equal(once, again)
