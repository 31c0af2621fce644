"""Answers for pictures by models that learnt from none of their group."""

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.neighbors import KNeighborsClassifier

from maskwise.dataset.audit.folds import predict_out_of_fold
from maskwise.errors import InvalidInput

NEAREST = KNeighborsClassifier(1)


def test_nobody_learns_from_a_near_duplicate() -> None:
    random = np.random.default_rng(0)
    group = np.repeat(np.arange(200), 2)
    label = np.repeat(random.integers(0, 2, 200), 2)
    features = np.repeat(random.normal(size=(200, 5)), 2, axis=0)  # twins, label by chance
    apart = predict_out_of_fold(NEAREST, features, label, np.arange(400), seed=0)
    together = predict_out_of_fold(NEAREST, features, label, group, seed=0)
    assert apart is not None
    assert together is not None
    assert (apart.argmax(axis=1) == label).mean() > 0.7  # the twin gives it away
    assert 0.35 < (together.argmax(axis=1) == label).mean() < 0.65


def test_every_picture_is_answered_for_with_all_classes() -> None:
    label = np.arange(60) % 3
    probability = predict_out_of_fold(
        DummyClassifier(), np.zeros((60, 1)), label, np.arange(60), seed=0
    )
    assert probability is not None
    assert probability.shape == (60, 3)
    assert probability.sum(axis=1) == pytest.approx(np.ones(60))


def test_a_class_that_does_not_occur_gets_no_probability() -> None:
    label = np.arange(40) % 2 * 2
    probability = predict_out_of_fold(NEAREST, label[:, None], label, np.arange(40), seed=0)
    assert probability is not None
    assert probability.argmax(axis=1).tolist() == label.tolist()
    assert (probability[:, 1] == 0).all()


@pytest.mark.parametrize(
    ("label", "group"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param([1] * 20, range(20), id="one class"),
        pytest.param([0] * 20 + [1] * 4, range(24), id="four of a class"),
        pytest.param([0] * 20 + [1] * 20, [*range(20), *([20] * 20)], id="one group of a class"),
    ],
)
def test_too_little_to_learn_from_is_undefined(label: list[int], group: list[int]) -> None:
    given = np.array(label, dtype=np.int64)
    groups = np.array(group, dtype=np.int64)
    assert predict_out_of_fold(NEAREST, np.zeros((len(label), 1)), given, groups, seed=0) is None


def test_different_lengths_are_refused() -> None:
    label = np.arange(10) % 2
    with pytest.raises(InvalidInput, match="one row for each picture"):
        predict_out_of_fold(NEAREST, np.zeros((9, 1)), label, np.arange(10), seed=0)
