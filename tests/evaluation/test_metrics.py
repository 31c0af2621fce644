import json
import warnings

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import metrics as sk

from maskwise.errors import InvalidInput
from maskwise.evaluation.metrics import measure


def answers(*masked: float) -> NDArray[np.float32]:
    return np.array([[1 - p, p] for p in masked], dtype=np.float32)


def test_a_case_small_enough_to_count() -> None:
    #                         TN   FP   TP   TP   FN   TP
    label = np.array([0, 0, 1, 1, 1, 1])
    metrics = measure(label, answers(0.1, 0.8, 0.9, 0.7, 0.4, 0.6))
    assert metrics.n == 6
    assert metrics.right == 4
    assert metrics.confusion == ((1, 1), (1, 3))
    assert metrics.accuracy.value == pytest.approx(4 / 6)
    assert metrics.balanced_accuracy.value == pytest.approx((1 / 2 + 3 / 4) / 2)
    assert metrics.positive.precision.value == pytest.approx(3 / 4)
    assert metrics.positive.recall.value == pytest.approx(3 / 4)
    assert metrics.positive.f1.value == pytest.approx(3 / 4)
    assert metrics.per_class[0].recall.value == pytest.approx(1 / 2)
    assert metrics.false_positive_rate == pytest.approx(1 / 2)
    assert metrics.auroc.value == pytest.approx(5 / 8)  # of eight pairs, five stand right


def test_points_agree_with_scikit_learn_and_intervals_hold_them() -> None:
    random = np.random.default_rng(0)
    label = random.integers(0, 2, 700)
    score = np.clip(0.3 + 0.4 * label + random.normal(0, 0.25, 700), 0.01, 0.99).round(2)
    metrics = measure(label, answers(*score))
    probability = np.stack([1 - score, score], axis=1)
    for estimate, expected in (
        (metrics.auroc, sk.roc_auc_score(label, score)),
        (metrics.average_precision, sk.average_precision_score(label, score)),
        (metrics.log_loss, sk.log_loss(label, probability)),
        (metrics.balanced_accuracy, sk.balanced_accuracy_score(label, probability.argmax(1))),
    ):
        assert estimate.value == pytest.approx(expected, abs=1e-4)
        assert estimate.low is not None
        assert estimate.high is not None
        assert estimate.low < expected < estimate.high
        assert estimate.high - estimate.low < 0.12


def test_curves_run_from_corner_to_corner_and_stay_short() -> None:
    random = np.random.default_rng(0)
    label = random.integers(0, 2, 5000)
    metrics = measure(label, answers(*random.random(5000)))
    for curve in (metrics.roc, metrics.precision_recall):
        assert curve is not None
        assert len(curve.x) == len(curve.y) <= 201
        assert curve.x[0] == 0
        assert curve.x[-1] == 1
        assert list(curve.x) == sorted(curve.x)


@pytest.mark.parametrize(
    ("label", "masked"),
    [
        pytest.param([1, 1, 1], [0.9, 0.8, 0.2], id="only masked faces"),
        pytest.param([0, 0], [0.9, 0.8], id="only bare faces"),
        pytest.param([0, 1], [0.1, 0.2], id="never says mask"),
        pytest.param([1], [1.0], id="one picture"),
        pytest.param([0, 1], [0.0, 1.0], id="perfect and certain"),
        pytest.param([1, 0], [0.0, 1.0], id="wrong and certain"),
    ],
)
def test_what_is_not_defined_is_null_and_never_an_error(
    label: list[int], masked: list[float]
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        metrics = measure(np.array(label), answers(*masked))
    text = json.dumps(metrics.to_dict(), allow_nan=False)
    if len(set(label)) == 1:
        assert json.loads(text)["auroc"]["value"] is None
        assert metrics.roc is None
    assert json.loads(text)["accuracy"]["value"] is not None


def test_a_third_class_is_measured_too() -> None:
    probability = np.array([[0.8, 0.1, 0.1], [0.1, 0.2, 0.7], [0.2, 0.7, 0.1]], dtype=np.float32)
    metrics = measure(np.array([0, 2, 2]), probability)
    assert metrics.per_class[2].recall.value == pytest.approx(1 / 2)
    assert metrics.confusion == ((1, 0, 0), (0, 0, 0), (0, 1, 1))


@pytest.mark.parametrize(
    ("label", "probability"),
    [
        pytest.param(np.array([0, 1]), answers(0.5), id="lengths differ"),
        pytest.param(np.array([2]), answers(0.5), id="no column for a label"),
        pytest.param(np.array([-1]), answers(0.5), id="unsure is no truth"),
        pytest.param(np.array([0]), np.array([[np.nan, 1]], dtype=np.float32), id="NaN"),
        pytest.param(np.array([0]), np.array([0.5], dtype=np.float32), id="one column missing"),
    ],
)
def test_what_does_not_fit_is_refused(
    label: NDArray[np.int64], probability: NDArray[np.float32]
) -> None:
    with pytest.raises(InvalidInput):
        measure(label, probability)
