import numpy as np
import pytest

from maskwise.training.augmentation.occluders import hide_mouth
from portraits import FOREHEAD, LANDMARKS, change_at, draw_portrait, with_nose_at


@pytest.mark.parametrize("seed", range(40))
def test_what_hides_a_mouth_lies_before_it_and_not_on_the_forehead(seed: int) -> None:
    bare = draw_portrait()
    made = hide_mouth(bare, LANDMARKS, draw=np.random.default_rng(seed))
    assert made is not None
    near_mouth = np.abs(made[90:130, 60:108].astype(int) - bare[90:130, 60:108])
    assert near_mouth.max() > 5
    assert change_at(bare, made, FOREHEAD) == 0
    assert np.array_equal(bare, draw_portrait())


def test_before_a_face_that_is_turned_away_nothing_is_held() -> None:
    draw = np.random.default_rng(0)
    assert hide_mouth(draw_portrait(), with_nose_at(124), draw=draw) is None
