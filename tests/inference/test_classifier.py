import numpy as np
import pytest
from numpy.typing import NDArray

from maskwise.errors import InvalidInput
from maskwise.inference.classifier import MaskClassifier
from maskwise.inference.decision import decide
from maskwise.preprocess import PreprocessSpec


class Brightness:
    """A session that calls bright faces masked, and notes the batches."""

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        self.shapes.append(batch.shape)
        bright = batch.mean(axis=(1, 2, 3))
        return np.stack([1 - bright, bright], axis=1)


def face(level: int, height: int = 9) -> NDArray[np.uint8]:
    return np.full((height, 7, 3), level, dtype=np.uint8)


def test_faces_of_any_size_keep_their_order_over_batches() -> None:
    session = Brightness()
    classify = MaskClassifier(session, PreprocessSpec(size_hw=(4, 6)))
    probability = classify(face(level, height=5 + level % 3) for level in range(70))
    assert probability.dtype == np.float32
    assert probability[:, 1] == pytest.approx(np.arange(70) / 255, abs=1e-6)
    assert session.shapes == [(32, 4, 6, 3), (32, 4, 6, 3), (6, 4, 6, 3)]


@pytest.mark.parametrize("n_classes", [2, 3])
def test_no_faces_give_no_rows_of_as_many_columns_as_ever(n_classes: int) -> None:
    classify = MaskClassifier(Brightness(), PreprocessSpec(), n_classes=n_classes)
    assert classify([]).shape == (0, n_classes)
    assert classify([]).dtype == np.float32


def test_faces_are_seen_as_the_preprocessing_of_each_has_it() -> None:
    spec, seen = PreprocessSpec(size_hw=(5, 4), divisor=7.0), []

    class Witness(Brightness):
        def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
            seen.append(batch)
            return super().run(batch)

    noise = np.random.default_rng(0).integers(0, 256, (3, 11, 9, 3), dtype=np.uint8)
    MaskClassifier(Witness(), spec)(noise)
    assert np.array_equal(seen[0], np.stack([spec(face) for face in noise]))


def test_a_network_of_other_classes_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"must tell 3 classes apart.*Received: \(1, 2\)"):
        MaskClassifier(Brightness(), PreprocessSpec(), n_classes=3)([face(0)])


def test_the_most_probable_class_is_the_answer() -> None:
    probability = np.array([[0.2, 0.8, 0.0], [0.5, 0.1, 0.4], [0.1, 0.2, 0.7]], dtype=np.float32)
    assert decide(probability).tolist() == [1, 0, 2]
