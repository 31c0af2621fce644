import numpy as np
import pytest

from maskwise.labels import INCORRECT, WITH_MASK
from maskwise.training.augmentation.masks import paint_mask
from portraits import (
    FOREHEAD,
    LANDMARKS,
    MOUTH,
    NOSE,
    change_at,
    draw_portrait,
    with_nose_at,
)

SHARE = 0.78
SEEDS = range(40)


def painted(label: int, seed: int) -> np.ndarray:
    made = paint_mask(
        draw_portrait(), LANDMARKS, label, share=SHARE, draw=np.random.default_rng(seed)
    )
    assert made is not None
    return made


def test_a_mask_covers_nose_and_mouth_and_leaves_the_forehead() -> None:
    bare = draw_portrait()
    for seed in SEEDS:
        made = painted(WITH_MASK, seed)
        assert change_at(bare, made, NOSE) > 5
        assert change_at(bare, made, MOUTH) > 5
        assert change_at(bare, made, FOREHEAD) == 0


def test_a_mask_worn_wrongly_leaves_the_nose_bare_and_is_seen() -> None:
    bare = draw_portrait()
    for seed in SEEDS:
        made = painted(INCORRECT, seed)
        assert change_at(bare, made, NOSE) <= 1
        is_changed = np.abs(made.astype(int) - bare).max(axis=2) > 20
        assert is_changed[100:].mean() > 0.02


def test_some_of_these_lie_under_the_nose_and_others_on_the_chin() -> None:
    covers_mouth = [change_at(draw_portrait(), painted(INCORRECT, s), MOUTH) > 5 for s in SEEDS]
    assert 10 < sum(covers_mouth) < 35


def test_no_two_masks_are_alike_but_a_seed_gives_the_same() -> None:
    assert np.array_equal(painted(WITH_MASK, 1), painted(WITH_MASK, 1))
    assert len({painted(WITH_MASK, seed).tobytes() for seed in SEEDS}) == len(SEEDS)


@pytest.mark.parametrize(
    "landmarks",
    [
        pytest.param(np.full((5, 2), np.nan, dtype=np.float32), id="not found"),
        pytest.param(LANDMARKS / 10, id="tiny"),
        pytest.param(with_nose_at(124), id="away"),
    ],
)
def test_who_cannot_wear_a_mask_gets_none(landmarks: np.ndarray) -> None:
    draw = np.random.default_rng(0)
    assert paint_mask(draw_portrait(), landmarks, WITH_MASK, share=SHARE, draw=draw) is None


def test_a_mask_that_the_network_would_not_see_is_not_painted() -> None:
    draw = np.random.default_rng(0)
    assert paint_mask(draw_portrait(), LANDMARKS, INCORRECT, share=0.2, draw=draw) is None
