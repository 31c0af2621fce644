import numpy as np
import pytest

from maskwise.dataset.samples import Sample
from maskwise.preprocess import PreprocessSpec
from maskwise.training.augmentation.augment import Augmentation
from maskwise.training.augmented import AugmentedBatches, mark_faces
from maskwise.training.batches import ALL
from portraits import LANDMARKS, draw_portrait

pytestmark = pytest.mark.train

SPEC = PreprocessSpec(size_hw=(48, 48))
SAMPLES = [
    Sample(f"{i}.png", label, 1, "0" * 64, (168, 168), box_xyxy=(50, 30, 110, 130))
    for i, label in enumerate([0] * 10 + [1] * 10 + [2] * 5)
]
SQUARES = np.stack([draw_portrait()] * len(SAMPLES))
MARKS = np.stack([LANDMARKS] * len(SAMPLES))


def batches(
    *, batch_size: int = 8, seed: int = 3, epoch: int = 0, share: slice = ALL
) -> AugmentedBatches:
    return AugmentedBatches(
        SQUARES,
        MARKS,
        SAMPLES,
        augmentation=Augmentation.of(SPEC, (0, 1, 2)),
        spec=SPEC,
        batch_size=batch_size,
        seed=seed,
        epoch=epoch,
        share=share,
    )


def epoch_of(served: AugmentedBatches) -> list[tuple[bytes, list[int]]]:
    found = [served[index] for index in range(len(served))]
    return [(faces.tobytes(), labels.tolist()) for faces, labels in found]


def test_batches_are_full_scaled_and_of_all_classes() -> None:
    served = batches()
    assert len(served) == 3
    seen = set()
    for index in range(3):
        faces, labels = served[index]
        assert faces.shape == (8, 48, 48, 3)
        assert faces.dtype == np.float32
        assert 0 <= faces.min() < faces.max() <= 1
        seen |= set(labels.tolist())
    assert seen == {0, 1, 2}


def test_an_epoch_follows_from_seed_and_number_alone() -> None:
    served = batches()
    first = epoch_of(served)
    assert epoch_of(served) == first
    served.on_epoch_end()
    second = epoch_of(served)
    assert second != first
    assert epoch_of(batches(epoch=1)) == second
    assert epoch_of(batches(seed=4)) != first


def test_of_fewer_pictures_than_a_batch_one_is_made_of_all() -> None:
    served = batches(batch_size=64)
    assert len(served) == 1
    assert len(served[0][1]) == len(SAMPLES)


def test_only_bare_faces_are_looked_for_and_all_are_counted() -> None:
    told: list[tuple[int, int]] = []
    grey = np.full((4, 64, 64, 3), 128, dtype=np.uint8)
    marks = mark_faces(grey, SAMPLES[8:12], lambda done, total: told.append((done, total)))
    assert marks.shape == (4, 5, 2)
    assert np.isnan(marks).all()
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_a_share_makes_its_part_of_each_batch() -> None:
    whole = batches()
    shares = [batches(share=slice(rank, None, 3)) for rank in range(3)]
    for index in range(len(whole)):
        faces, labels = whole[index]
        for rank, share in enumerate(shares):
            own, own_labels = share[index]
            assert np.array_equal(own, faces[rank::3])
            assert np.array_equal(own_labels, labels[rank::3])
