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
from maskwise.evaluation.metrics import _ranking_statistic, measure
from maskwise.evaluation.reliability import _probability_statistic
from maskwise.intervals import Estimate, wilson

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
    assert metrics.brier.value == pytest.approx(np.square(np.subtract(1, right)).mean())
    assert metrics.ece.value == pytest.approx((4 * 0.15 + 0.6 + 0.7) / 6)  # a bin for each pair


def test_calibration_error_by_hand() -> None:
    metrics = measure(*answers(*[0.8] * 4, *[0.4] * 4, label=[1, 1, 1, 0, 0, 0, 1, 1]))
    less_sure, surer = metrics.reliability
    assert (less_sure.n, surer.n) == (4, 4)
    assert (less_sure.confidence, surer.confidence) == pytest.approx((0.6, 0.8))
    assert less_sure.accuracy == Estimate(2 / 4, *wilson(2, 4))
    assert surer.accuracy == Estimate(3 / 4, *wilson(3, 4))
    assert metrics.ece.value == pytest.approx((0.1 + 0.05) / 2)


def test_reliability_has_fifteen_bins_of_as_many_pictures_each() -> None:
    label, probability = drawn(3007, 2)
    bins = measure(label, probability).reliability
    assert len(bins) == 15
    assert {each.n for each in bins} <= {200, 201}
    assert sum(each.n for each in bins) == 3007
    confidence = [each.confidence for each in bins]
    assert confidence == sorted(confidence)


def test_calibration_error_is_that_of_the_sorted_pictures() -> None:
    label, probability = drawn(1500, 3)
    order = np.argsort(probability.max(axis=1))
    right = (probability.argmax(axis=1) == label)[order].reshape(15, 100).mean(axis=1)
    sure = probability.max(axis=1)[order].reshape(15, 100).mean(axis=1)
    assert measure(label, probability).ece.value == pytest.approx(np.abs(right - sure).mean())


def test_equal_confidence_is_one_bin_whatever_the_order() -> None:
    label, probability = answers(*[1.0] * 90, *[0.6] * 10, label=[1] * 80 + [0] * 20)
    metrics, mirrored = measure(label, probability), measure(label[::-1], probability[::-1])
    assert [each.n for each in metrics.reliability] == [10, 90]
    assert metrics.reliability == mirrored.reliability
    assert metrics.ece.value == mirrored.ece.value


@pytest.mark.parametrize(("sharpness", "truth"), [(1.0, 0.0), (2.0, 0.05)])
def test_calibration_error_interval_holds_the_truth_nearly_always(
    sharpness: float, truth: float
) -> None:
    """Also where the truth is 0, which percentiles of a bootstrap never hold."""
    held = []
    for seed in range(15):
        random = np.random.default_rng(seed)
        logit = random.normal(scale=5, size=200)
        label = (random.random(200) < 1 / (1 + np.exp(-logit))).astype(np.int64)
        masked = 1 / (1 + np.exp(-sharpness * logit))
        ece = measure(label, np.stack([1 - masked, masked], axis=1).astype(np.float32)).ece
        assert ece.low is not None
        assert ece.high is not None
        held.append(ece.low <= truth <= ece.high)
    assert np.mean(held) >= 0.8


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
        metrics.brier: np.square(probability - np.eye(classes)[label]).sum(axis=1).mean() / 2,
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
    counts = np.random.default_rng(2).multinomial(60, np.full(60, 1 / 60), size=20)
    rankings = _ranking_statistic(positive, score)(counts)
    losses = _probability_statistic(label, probability)(counts)
    for ranking, loss, weight in zip(rankings, losses, counts, strict=True):
        assert ranking == pytest.approx(
            [
                sklearn_metrics.roc_auc_score(positive, score, sample_weight=weight),
                sklearn_metrics.average_precision_score(positive, score, sample_weight=weight),
            ]
        )
        assert loss[:2] == pytest.approx(
            [
                sklearn_metrics.log_loss(label, score, sample_weight=weight),
                sklearn_metrics.brier_score_loss(positive, score, sample_weight=weight),
            ],
            abs=1e-6,
        )


UNDEFINED: list[Any] = [
    pytest.param(
        answers(label=[]),
        {"accuracy", "precision", "recall", "f1", "log_loss", "brier", "ece"},
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


def test_without_a_mistake_nobody_knows_how_bad_one_would_be() -> None:
    metrics = measure(*answers(0.9, 0.8, 0.3, 0.2, label=[1, 1, 0, 0]))
    for estimate in (metrics.log_loss, metrics.brier, metrics.ece):
        assert estimate.value is not None
        assert estimate.low is estimate.high is None


def test_one_wrong_picture_says_nothing_about_others() -> None:
    metrics = measure(*answers(0.9, label=[0]))
    assert (metrics.ece.value, metrics.brier.value) == pytest.approx((0.9, 0.81))
    assert metrics.ece.low is metrics.ece.high is metrics.brier.low is None
    assert len(metrics.reliability) == 1


def test_copies_do_not_narrow_an_interval() -> None:
    label, probability = drawn(250, 3)
    once = measure(label, probability)
    group = np.repeat(np.arange(250), 4)
    label, probability = np.repeat(label, 4), np.repeat(probability, 4, axis=0)
    copied = measure(label, probability, group=group)
    careless = measure(label, probability)
    assert (once.n_groups, copied.n_groups) == (None, 250)
    for name, of_once in once.to_dict().items():
        if isinstance(of_once, dict) and "low" in of_once:
            of_copied, of_careless = copied.to_dict()[name], careless.to_dict()[name]
            assert of_copied["value"] == pytest.approx(of_once["value"], abs=1e-3)
            if name != "ece":  # chance weighs on the figure itself
                assert _width(of_copied) == pytest.approx(_width(of_once), rel=0.15)
                assert _width(of_careless) < 0.7 * _width(of_copied)


def test_groups_of_one_change_nothing() -> None:
    label, probability = drawn(120, 2)
    alone, one_each = measure(label, probability), measure(label, probability, group=label * 0)
    by_one = measure(label, probability, group=np.arange(120))
    for name, estimate in alone.to_dict().items():
        if isinstance(estimate, dict) and "low" in estimate:
            assert by_one.to_dict()[name] == pytest.approx(estimate, rel=0.02, abs=0.01)
    assert one_each.n_groups == 1
    assert one_each.accuracy.low is not None
    assert alone.accuracy.low is not None
    assert one_each.accuracy.low < alone.accuracy.low


def test_no_mistake_in_many_copies_is_no_certainty() -> None:
    label, probability = answers(*[0.9] * 500, *[0.1] * 500, label=[1] * 500 + [0] * 500)
    metrics = measure(label, probability, group=np.arange(1000) // 100)
    assert metrics.accuracy.low == pytest.approx(wilson(10, 10)[0])
    assert metrics.positive.recall.low == pytest.approx(wilson(5, 5)[0])


def _width(estimate: Any) -> float:
    return float(estimate["high"] - estimate["low"])


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
    assert list(values) == [
        "n", "n_groups", "positive", "confidence", "accuracy", "balanced_accuracy", "precision",
        "recall", "f1", "auroc", "average_precision", "log_loss", "brier", "ece", "reliability",
        "labels", "confusion", "per_class", "roc", "precision_recall",
    ]  # fmt: skip
    assert list(values["reliability"][0]) == ["n", "confidence", "accuracy"]
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


def test_refuses_groups_of_another_length() -> None:
    with pytest.raises(InvalidInput, match="`group` must have one entry for each of the 9"):
        measure(*drawn(9, 2), group=np.zeros(8, dtype=np.int64))


def test_measuring_loads_no_drawing_library() -> None:
    check = "import sys, maskwise.evaluation.metrics; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
