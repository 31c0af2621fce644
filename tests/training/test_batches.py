import numpy as np
import pytest

from maskwise.preprocess import PreprocessSpec
from maskwise.training.batches import PixelBatches

pytestmark = pytest.mark.train

PIXELS = np.arange(10, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 3), dtype=np.uint8)
LABELS = np.arange(10, dtype=np.int64) * 100


def batches(**changes: int | None) -> PixelBatches:
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
