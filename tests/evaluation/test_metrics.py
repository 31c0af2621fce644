import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import metrics as sklearn_metrics

from maskwise.errors import InvalidInput
from maskwise.evaluation.intervals import Estimate, wilson
from maskwise.evaluation.metrics import _ranking_statistic, measure

Answers = tuple[NDArray[np.int64], NDArray[np.float32]]


def answers(*masked: float, label: list[int]) -> Answers:
    """Two classes, told by the probability of a mask."""
    column = np.array(masked, dtype=np.float32)
    return np.array(label, dtype=np.int64), np.stack([1 - column, column], axis=1).reshape(-1, 2)


def drawn(n: int, classes: int, *, seed: int = 0, decimals: int = 7) -> Answers:
    """Answers that are often but not always right."""
    random = np.random.default_rng(seed)
    label = random.integers(0, classes, n)
    score = random.normal(size=(n, classes))
    score[np.arange(n), label] += 1.5
    probability = np.exp(score) / np.exp(score).sum(axis=1, keepdims=True)
    return label.astype(np.int64), probability.round(decimals).astype(np.float32)


def test_by_hand() -> None:
    metrics = measure(*answers(0.9, 0.8, 0.4, 0.7, 0.2, 0.1, label=[1, 1, 1, 0, 0, 0]))
    assert metrics.confusion == ((2, 1), (1, 2))
    assert (metrics.n, metrics.right) == (6, 4)
    assert metrics.accuracy == Estimate(4 / 6, *wilson(4, 6))
    assert metrics.positive.precision == Estimate(2 / 3, *wilson(2, 3))
    assert metrics.positive.recall == Estimate(2 / 3, *wilson(2, 3))
    assert metrics.positive.f1.value == pytest.approx(2 / 3)
    assert metrics.balanced_accuracy.value == pytest.approx(2 / 3)
    assert metrics.false_positive_rate == pytest.approx(1 / 3)
    assert metrics.auroc.value == pytest.approx(8 / 9)  # of 9 pairs only (0.4, 0.7) is wrong
    assert metrics.average_precision.value == pytest.approx((1 + 1 + 3 / 4) / 3)
    right = [0.9, 0.8, 0.4, 0.3, 0.8, 0.9]
    assert metrics.log_loss.value == pytest.approx(-np.log(right).mean())


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("decimals", [7, 1], ids=["distinct scores", "ties"])
def test_agrees_with_scikit_learn(classes: int, decimals: int) -> None:
    label, probability = drawn(300, classes, decimals=decimals)
    probability /= probability.sum(axis=1, keepdims=True)
    metrics, answer = measure(label, probability), probability.argmax(axis=1)
    positive, score = label == 1, probability[:, 1]
    expected = {
        metrics.accuracy: sklearn_metrics.accuracy_score(label, answer),
        metrics.balanced_accuracy: sklearn_metrics.balanced_accuracy_score(label, answer),
        metrics.positive.precision: sklearn_metrics.precision_score(positive, answer == 1),
        metrics.positive.recall: sklearn_metrics.recall_score(positive, answer == 1),
        metrics.positive.f1: sklearn_metrics.f1_score(positive, answer == 1),
        metrics.auroc: sklearn_metrics.roc_auc_score(positive, score),
        metrics.average_precision: sklearn_metrics.average_precision_score(positive, score),
        metrics.log_loss: sklearn_metrics.log_loss(label, probability, labels=range(classes)),
    }
    for estimate, value in expected.items():
        assert estimate.value == pytest.approx(value, abs=1e-6)
        assert estimate.low is not None
        assert estimate.high is not None
        assert estimate.low < value < estimate.high
    assert np.array_equal(metrics.confusion, sklearn_metrics.confusion_matrix(label, answer))
    by_class = sklearn_metrics.precision_recall_fscore_support(label, answer)
    for each, precision, recall, f1, support in zip(metrics.per_class, *by_class, strict=True):
        found = each.precision.value, each.recall.value, each.f1.value, each.support
        assert found == pytest.approx((precision, recall, f1, support))


@pytest.mark.parametrize("decimals", [7, 1], ids=["distinct scores", "ties"])
def test_each_draw_of_the_bootstrap_is_computed_right(decimals: int) -> None:
    label, probability = drawn(60, 2, decimals=decimals)
    positive, score = label == 1, probability[:, 1]
    loss = np.random.default_rng(1).random(60)
    counts = np.random.default_rng(2).multinomial(60, np.full(60, 1 / 60), size=20)
    figures = _ranking_statistic(positive, score, loss)(counts)
    for row, weight in zip(figures, counts, strict=True):
        assert row == pytest.approx(
            [
                sklearn_metrics.roc_auc_score(positive, score, sample_weight=weight),
                sklearn_metrics.average_precision_score(positive, score, sample_weight=weight),
                np.average(loss, weights=weight),
            ]
        )


UNDEFINED: list[Any] = [
    pytest.param(
        answers(label=[]),
        {"accuracy", "precision", "recall", "f1", "log_loss"},
        id="no pictures",
    ),
    pytest.param(answers(0.1, 0.2, label=[0, 0]), {"precision", "recall", "f1"}, id="no mask"),
    pytest.param(answers(0.1, 0.9, label=[0, 0]), {"recall"}, id="no mask, but one called so"),
    pytest.param(answers(0.9, 0.1, label=[1, 1]), set(), id="only masks"),
]


@pytest.mark.parametrize(("pictures", "names"), UNDEFINED)
def test_what_is_undefined_is_none(pictures: Answers, names: set[str]) -> None:
    values = measure(*pictures).to_dict()
    undefined = {
        name for name, value in values.items() if isinstance(value, dict) and value["value"] is None
    }
    assert undefined == names | {"balanced_accuracy", "auroc", "average_precision"}
    assert values["roc"] is values["precision_recall"] is None
    for name in undefined:
        assert values[name] == {"value": None, "low": None, "high": None}


def test_never_called_mask() -> None:
    metrics = measure(*answers(0.3, 0.4, 0.2, label=[1, 1, 0]))
    assert metrics.positive.precision == Estimate()
    assert metrics.positive.recall.value == 0.0
    assert metrics.positive.f1.value == 0.0
    assert metrics.auroc.value == 1.0


def test_a_perfect_ranking_claims_no_certainty() -> None:
    metrics = measure(*answers(0.9, 0.8, 0.3, 0.2, label=[1, 1, 0, 0]))
    assert metrics.auroc == Estimate(1.0, None, None)
    assert metrics.average_precision == Estimate(1.0, None, None)


def test_a_class_without_pictures() -> None:
    label, probability = drawn(50, 3)
    kept = label != 2
    metrics = measure(label[kept], probability[kept])
    assert metrics.per_class[2].support == 0
    assert metrics.per_class[2].recall == Estimate()
    assert metrics.balanced_accuracy.value is not None


def test_certainly_wrong_costs_much_but_not_without_limit() -> None:
    loss = measure(*answers(0.0, 1.0, label=[1, 0])).log_loss.value
    assert loss == pytest.approx(-np.log(np.finfo(np.float32).eps))


def test_the_same_every_time() -> None:
    assert measure(*drawn(80, 2)) == measure(*drawn(80, 2))


def test_curves_are_thin_and_keep_their_shape() -> None:
    metrics = measure(*drawn(5000, 2))
    for curve in (metrics.roc, metrics.precision_recall):
        assert curve is not None
        assert len(curve.x) == len(curve.y) <= 200
        assert np.all(np.diff(curve.x) >= 0)
        assert (min(curve.x), max(curve.x)) == (0, 1)
        assert 0 <= min(curve.y) <= max(curve.y) <= 1
    assert metrics.roc is not None
    assert metrics.roc.y[0] == 0
    assert metrics.roc.y[-1] == 1
    area = np.trapezoid(metrics.roc.y, metrics.roc.x)
    assert area == pytest.approx(metrics.auroc.value, abs=0.002)


def test_a_short_curve_is_kept_whole() -> None:
    metrics = measure(*answers(0.9, 0.6, 0.4, 0.1, label=[1, 0, 1, 0]))
    assert metrics.roc is not None
    assert list(zip(metrics.roc.x, metrics.roc.y, strict=True)) == [
        (0, 0), (0, 0.5), (0.5, 0.5), (0.5, 1), (1, 1),
    ]  # fmt: skip


@pytest.mark.parametrize("classes", [2, 3])
def test_the_dictionary_is_plain(classes: int) -> None:
    values = measure(*drawn(30, classes)).to_dict()
    assert json.loads(json.dumps(values, allow_nan=False)) == values
    assert list(values["accuracy"]) == ["value", "low", "high"]
    assert values["labels"] == ["without_mask", "with_mask", "incorrect"][:classes]
    assert values["positive"] == "with_mask"
    assert all(type(number) in (int, float) for number in _numbers(values))


def _numbers(value: Any) -> Iterator[object]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _numbers(each)
    elif not isinstance(value, str | None):
        yield value


def _matrix(*rows: list[float]) -> NDArray[np.float32]:
    return np.array(rows, dtype=np.float32)


@pytest.mark.parametrize(
    ("label", "probability", "message"),
    [
        pytest.param([0], _matrix([1.0]), "must have shape", id="one class"),
        pytest.param([0], np.zeros((1, 4), dtype=np.float32), "must have shape", id="four classes"),
        pytest.param([0], np.zeros(2, dtype=np.float32), "must have shape", id="no rows"),
        pytest.param([0, 1], _matrix([0.5, 0.5]), "one entry for each", id="lengths"),
        pytest.param([2], _matrix([0.5, 0.5]), "must be 0 to 1", id="label too high"),
        pytest.param([-1], _matrix([0.5, 0.5]), "must be 0 to 1", id="label unsure"),
        pytest.param([1], _matrix([0.5, np.nan]), "between 0 and 1", id="NaN"),
        pytest.param([1], _matrix([-0.5, 1.5]), "between 0 and 1", id="no probabilities"),
    ],
)
def test_refuses_what_does_not_fit(
    label: list[int], probability: NDArray[np.float32], message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        measure(np.array(label, dtype=np.int64), probability)


def test_measuring_loads_no_drawing_library() -> None:
    check = "import sys, maskwise.evaluation.metrics; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
