import numpy as np
import pytest

from maskwise.preprocess import PreprocessSpec
from maskwise.training.batches import PixelBatches

pytestmark = pytest.mark.train

PIXELS = np.arange(10, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 3), dtype=np.uint8)
LABELS = np.arange(10, dtype=np.int64) * 100


def batches(**changes: int | slice | None) -> PixelBatches:
    return PixelBatches(PIXELS, LABELS, spec=PreprocessSpec(), batch_size=4, **changes)  # type: ignore[arg-type]


def order_of(epoch: PixelBatches) -> list[int]:
    return [int(label) // 100 for index in range(len(epoch)) for label in epoch[index][1]]


def test_every_picture_is_served_once_with_its_label_and_scaled() -> None:
    served = batches(shuffle_seed=1)
    assert len(served) == 3
    assert sorted(order_of(served)) == list(range(10))
    for index in range(3):
        faces, labels = served[index]
        assert faces.dtype == np.float32
        assert faces[:, 0, 0, 0] == pytest.approx(labels / 100 / 255)


def test_without_seed_the_order_is_that_of_the_array() -> None:
    served = batches()
    assert order_of(served) == list(range(10))
    served.on_epoch_end()
    assert order_of(served) == list(range(10))


def test_each_epoch_has_its_own_order_and_can_be_begun_with() -> None:
    served = batches(shuffle_seed=1)
    first = order_of(served)
    served.on_epoch_end()
    second = order_of(served)
    assert first != second
    assert order_of(batches(shuffle_seed=1, epoch=1)) == second
    assert order_of(batches(shuffle_seed=2)) != first


def test_a_half_is_mirrored_anew_each_epoch_and_from_the_seed_alone() -> None:
    pixels = np.broadcast_to(np.arange(3, dtype=np.uint8)[:, None], (200, 3, 3, 3))
    pixels = np.ascontiguousarray(pixels)

    def leftmost(epoch: int) -> list[float]:
        served = PixelBatches(
            *(pixels, np.arange(200, dtype=np.int64)),
            spec=PreprocessSpec(divisor=1),
            batch_size=200,
            shuffle_seed=3,
            mirror=True,
            epoch=epoch,
        )
        first: list[float] = served[0][0][:, 0, 0, 0].tolist()
        return first

    assert leftmost(0) == leftmost(0)
    assert leftmost(0) != leftmost(1)
    assert set(leftmost(0)) == {0, 2}
    assert 80 < leftmost(0).count(2) < 120
    assert (pixels == np.arange(3)[:, None]).all()  # the array on the disk stays as it is


def test_what_is_only_watched_is_never_mirrored() -> None:
    pixels = np.ascontiguousarray(
        np.broadcast_to(np.arange(3, dtype=np.uint8)[:, None], (9, 3, 3, 3))
    )
    served = PixelBatches(
        pixels, np.zeros(9, dtype=np.int64), spec=PreprocessSpec(), batch_size=9, mirror=True
    )
    assert not served[0][0][:, :, 0].any()


def test_shares_are_together_the_whole_and_may_be_empty() -> None:
    whole = batches(shuffle_seed=1, mirror=True)
    shares = [batches(shuffle_seed=1, mirror=True, share=slice(i, None, 3)) for i in range(3)]
    for index in range(3):
        parts = [share[index] for share in shares]
        faces, labels = whole[index]
        assert sorted(np.concatenate([own for _, own in parts])) == sorted(labels)
        assert sum(len(own) for own, _ in parts) == len(faces)
    assert len(shares[2][2][1]) == 0
