from collections import Counter

import numpy as np
import pytest

from maskwise.labels import INCORRECT, WITH_MASK, WITHOUT_MASK
from maskwise.preprocess import PreprocessSpec
from maskwise.training.augmentation.augment import Augmentation
from portraits import EDGE, LANDMARKS, draw_portrait

SPEC = PreprocessSpec(size_hw=(112, 112))


def labels_of(augmentation: Augmentation, label: int, n: int = 400) -> Counter[int]:
    return Counter(
        augmentation(
            *(draw_portrait(), label, LANDMARKS),
            is_whole=False,
            draw=np.random.default_rng(seed),
        )[1]
        for seed in range(n)
    )


def test_it_is_cut_from_a_square_that_shows_more_and_is_finer() -> None:
    augmentation = Augmentation.of(SPEC, (0, 1, 2))
    assert augmentation.wide.size_hw == (EDGE, EDGE)
    assert augmentation.wide.crop_margin == pytest.approx(0.4)
    assert augmentation.share == pytest.approx(1.4 / 1.8)


def test_without_jitter_the_middle_of_the_square_is_what_the_network_sees_later() -> None:
    """The share of the wide square is the crop of `PreprocessSpec`, on a picture of a ramp."""
    ramp = np.broadcast_to(np.arange(250, dtype=np.uint8)[:, None, None], (250, 250, 3)).copy()
    box = (100.0, 100.0, 150.0, 150.0)
    augmentation = Augmentation.of(SPEC, (0, 1))
    wide, crop = augmentation.wide.crop(ramp, box), SPEC.crop(ramp, box)
    rows = int(wide[-1, 0, 0]) - int(wide[0, 0, 0])
    assert augmentation.share * rows == pytest.approx(
        int(crop[-1, 0, 0]) - int(crop[0, 0, 0]), abs=2
    )


def test_masks_are_painted_on_some_bare_faces_mostly_worn_rightly() -> None:
    counts = labels_of(Augmentation.of(SPEC, (0, 1, 2)), WITHOUT_MASK)
    assert 0.8 < counts[WITHOUT_MASK] / 400 < 0.9
    assert 0 < counts[INCORRECT] < counts[WITH_MASK]


def test_a_network_of_two_classes_sees_no_mask_worn_wrongly() -> None:
    counts = labels_of(Augmentation.of(SPEC, (0, 1)), WITHOUT_MASK)
    assert set(counts) == {WITHOUT_MASK, WITH_MASK}


@pytest.mark.parametrize("label", [WITH_MASK, INCORRECT])
def test_on_masks_none_is_painted(label: int) -> None:
    assert set(labels_of(Augmentation.of(SPEC, (0, 1, 2)), label, 50)) == {label}


@pytest.mark.parametrize("is_whole", [False, True])
def test_pictures_are_what_the_network_takes_and_never_the_same(is_whole: bool) -> None:
    augmentation = Augmentation.of(SPEC, (0, 1, 2))
    square = draw_portrait()
    made = [
        augmentation(square, 1, LANDMARKS, is_whole=is_whole, draw=np.random.default_rng(seed))[0]
        for seed in range(30)
    ]
    assert all(each.shape == (112, 112, 3) and each.dtype == np.uint8 for each in made)
    assert len({each.tobytes() for each in made}) == 30
    assert np.array_equal(square, draw_portrait())
