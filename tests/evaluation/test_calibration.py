import json
import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import beta

from maskwise.errors import InvalidInput
from maskwise.evaluation.calibration import (
    choose_rule,
    coverage_risk,
    fit_scaling,
    fit_temperature,
    measure_selective,
    scale,
)
from maskwise.inference.decision import DecisionRule, decide
from maskwise.intervals import Estimate, wilson

Answers = tuple[NDArray[np.int64], NDArray[np.float32]]


def drawn(n: int, *, temperature: float = 1.0, classes: int = 2, seed: int = 0) -> Answers:
    """Pictures answered rightly as often as the probabilities say at this temperature."""
    random = np.random.default_rng(seed)
    logit = random.normal(scale=3, size=(n, classes))
    true = np.exp(logit) / np.exp(logit).sum(axis=1, keepdims=True)
    label = (true.cumsum(axis=1) < random.random((n, 1))).sum(axis=1).clip(max=classes - 1)
    given = np.exp(temperature * logit)
    return label.astype(np.int64), (given / given.sum(axis=1, keepdims=True)).astype(np.float32)


def answers(*masked: float, label: list[int]) -> Answers:
    """Two classes, told by the probability of a mask."""
    column = np.array(masked, dtype=np.float32)
    return np.array(label, dtype=np.int64), np.stack([1 - column, column], axis=1).reshape(-1, 2)


def of_one_class(confidence: NDArray[np.float64], wrong: NDArray[np.bool_]) -> Answers:
    return wrong.astype(np.int64), np.stack([confidence, 1 - confidence], axis=1).astype(np.float32)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("temperature", [0.5, 1, 2.5])
def test_a_wrong_temperature_is_found(temperature: float, classes: int) -> None:
    found = fit_temperature(*drawn(5000, temperature=temperature, classes=classes))
    assert found == pytest.approx(temperature, rel=0.08)


def test_the_temperature_is_that_of_the_least_loss() -> None:
    label, probability = drawn(3000, temperature=3, seed=1)

    def loss(temperature: float) -> float:
        calibrated = DecisionRule(temperature=temperature).calibrate(probability)
        return float(-np.log(calibrated[np.arange(len(label)), label]).mean())

    grid = np.geomspace(1, 9, 200)
    best = grid[np.argmin([loss(temperature) for temperature in grid])]
    assert fit_temperature(label, probability) == pytest.approx(best, rel=0.02)


def test_without_a_mistake_nothing_is_surer_than_its_number_allows() -> None:
    label, probability = answers(*[0.9] * 98, label=[1] * 98)
    rule = DecisionRule(temperature=fit_temperature(label, probability))
    assert rule.calibrate(probability)[0, 1] == pytest.approx(99 / 100, abs=1e-4)


def test_certain_and_wrong_gives_a_finite_temperature() -> None:
    label, probability = answers(*[1.0] * 100, label=[1] * 90 + [0] * 10)
    temperature = fit_temperature(label, probability)
    assert 5 < temperature <= 20


@pytest.mark.parametrize("label", [[1] * 30, [0] * 30, [0, 1] * 15])
def test_the_temperature_stays_within_bounds(label: list[int]) -> None:
    for masked in (0.0, 0.5, 0.500001, 1.0):
        temperature = fit_temperature(*answers(*[masked] * 30, label=label))
        assert 0.05 <= temperature <= 20


def test_few_pictures_leave_the_probabilities_as_they_are() -> None:
    assert fit_temperature(*answers(*[0.9] * 19, label=[0] * 19)) == 1.0
    assert fit_temperature(*answers(*[0.9] * 20, label=[0] * 20)) > 1.0
    assert fit_temperature(*answers(label=[])) == 1.0


def shown_too_often(n: int, seed: int = 0) -> Answers:
    """Answers of a network that was shown the third class e^1.5 times as often as it occurs."""
    label, probability = drawn(n, temperature=1.4, classes=3, seed=seed)
    shifted = probability.astype(np.float64) * np.exp([0, 0, 1.5])
    return label, (shifted / shifted.sum(axis=1, keepdims=True)).astype(np.float32)


def test_what_was_shown_too_often_is_taken_back() -> None:
    temperature, bias = fit_scaling(*shown_too_often(20_000))
    assert temperature == pytest.approx(1.4, rel=0.05)
    assert bias == pytest.approx((0, 0, -1.5 / 1.4), abs=0.1)


def test_taking_it_back_makes_more_answers_right() -> None:
    label, probability = shown_too_often(20_000, seed=1)
    rule = scale(*shown_too_often(5000), is_biased=True)
    before, after = (
        (answer == label).mean() for answer in (decide(probability), rule.decide(probability))
    )
    assert after > before + 0.01
    assert rule.n == 5000


def test_neither_mask_nor_no_mask_is_favoured_for_being_easier() -> None:
    label, probability = drawn(5000, temperature=1.4, classes=3)
    shifted = probability * np.exp([0, 1, 0]).astype(np.float32)
    _, bias = fit_scaling(label, shifted / shifted.sum(axis=1, keepdims=True))
    assert bias[:2] == (0, 0)
    two = drawn(5000, temperature=1.4, classes=2)
    assert fit_scaling(*two) == (fit_temperature(*two), ())


def test_a_class_of_few_pictures_has_no_say_in_how_often_it_occurs() -> None:
    label, probability = drawn(300, temperature=1.4, classes=3)
    few = np.where(label == 2, 0, label)
    few[:19] = 2
    assert fit_scaling(few, probability) == (fit_temperature(few, probability), ())
    few[19] = 2
    assert len(fit_scaling(few, probability)[1]) == 3


def test_few_pictures_leave_the_rule_as_it_was_before_the_training_went_on() -> None:
    before = DecisionRule(temperature=1.2, bias=(0.0, 0.0, -1.0), min_probability=0.9, n=700)
    label, probability = drawn(300, temperature=1.4, classes=3)
    few = np.where(label == 2, 0, label)
    few[:19] = 2
    rule = scale(few, probability, is_biased=True, before=before)
    assert rule == replace(before, n=300)
    chosen = choose_rule(few, probability, max_error=0.5, is_biased=True, before=before)
    assert (chosen.temperature, chosen.bias) == (1.2, (0.0, 0.0, -1.0))
    assert chosen == choose_rule(
        few, probability, max_error=0.5, is_biased=True, before=replace(before, min_probability=0.0)
    )
    few[19] = 2
    assert scale(few, probability, is_biased=True, before=before).bias[2] != -1.0


def test_nothing_is_taken_back_where_all_were_shown_as_they_occur() -> None:
    assert scale(*shown_too_often(500)).bias == ()


def test_answers_after_what_was_taken_back_are_what_is_tested() -> None:
    label, probability = shown_too_often(4000, seed=2)
    rule = choose_rule(label, probability, max_error=0.1, is_biased=True)
    assert rule.guaranteed
    answer = rule.decide(probability)
    assert (answer != label)[answer >= 0].mean() < 0.1
    plain = choose_rule(label, probability, max_error=0.1)
    assert (answer >= 0).sum() > (plain.decide(probability) >= 0).sum()


def test_the_rule_by_hand() -> None:
    """Clopper and Pearson allow 5 %, at 95 %, without a mistake from 59 pictures on."""
    confidence = np.linspace(0.99, 0.6, 100)
    for mistake, answered in [(59, 59), (80, 80), (93, 100)]:
        wrong = np.arange(100) == mistake
        label, probability = of_one_class(confidence, wrong)
        rule = choose_rule(label, probability, max_error=0.05)
        assert rule.guaranteed
        assert rule.n == 100
        assert (rule.decide(probability) >= 0).sum() == answered
    assert rule.min_probability == 0.0  # one mistake of 100 passes: nothing is held back


def test_one_wrong_label_among_the_surest_answers_costs_little() -> None:
    """From 124 answers on two errors in them keep 5 %: the search begins there if it can."""
    wrong = np.zeros(700, dtype=np.bool_)
    wrong[[45, *range(560, 700)]] = True
    label, probability = of_one_class(np.linspace(0.999, 0.6, 700), wrong)
    rule = choose_rule(label, probability, max_error=0.05)
    assert rule.guaranteed
    answered = rule.decide(probability) >= 0
    assert answered.sum() > 560
    assert wrong[answered].mean() < 0.05
    wrong[:7] = True  # that is more than chance
    assert not choose_rule(*of_one_class(probability.max(axis=1), wrong), max_error=0.05).guaranteed


@pytest.mark.parametrize("noise", [0.01, 0.03])
def test_the_promise_is_kept_although_some_labels_are_wrong(noise: float) -> None:
    random = np.random.default_rng(11)
    ever, given = drawn(20_000, seed=12)
    broken = guaranteed = 0
    for _ in range(300):
        label, probability = drawn(600, seed=int(random.integers(2**32)))
        label = np.where(random.random(600) < noise, 1 - label, label)
        rule = choose_rule(label, probability, max_error=0.06)
        if not rule.guaranteed:
            continue
        guaranteed += 1
        answered = rule.decide(given) >= 0
        wrong = (decide(given) != ever)[answered].mean()
        broken += wrong * (1 - noise) + (1 - wrong) * noise > 0.06
    assert guaranteed > 100
    assert broken / 300 < 0.05 + 2.6 * math.sqrt(0.05 * 0.95 / 300)


def test_the_last_threshold_passes_clopper_and_pearson_and_the_next_does_not() -> None:
    label, probability = drawn(600, seed=3)
    rule = choose_rule(label, probability, max_error=0.05)
    order = np.argsort(-probability.max(axis=1), kind="stable")
    errors = (decide(probability) != label)[order].cumsum()
    answered = int((rule.decide(probability) >= 0).sum())
    upper = [beta.ppf(0.95, errors[n - 1] + 1, n - errors[n - 1]) for n in (answered, answered + 1)]
    assert upper[0] <= 0.05 < upper[1]


def test_the_promise_is_kept_on_nearly_all_validation_sets() -> None:
    label, probability = drawn(200_000, temperature=1.5, seed=4)
    confidence, wrong = probability.max(axis=1), decide(probability) != label
    random = np.random.default_rng(5)
    broken, guaranteed, draws = 0, 0, 300
    for _ in range(draws):
        seen = random.integers(0, len(label), 300)
        rule = choose_rule(label[seen], probability[seen], max_error=0.05)
        calibrated = DecisionRule(temperature=rule.temperature).calibrate(probability[seen])
        answered = calibrated.max(axis=1) >= rule.min_probability
        if rule.guaranteed:
            least = confidence[seen][answered].min() if rule.min_probability else 0
            guaranteed += 1
            broken += wrong[confidence >= least].mean() > 0.05
    assert guaranteed > draws / 2
    assert broken / draws < 0.05 + 2.6 * math.sqrt(0.05 * 0.95 / draws)


def test_a_rate_that_cannot_be_shown_is_not_promised() -> None:
    label, probability = of_one_class(np.linspace(0.99, 0.6, 58), np.zeros(58, dtype=np.bool_))
    rule = choose_rule(label, probability, max_error=0.05)
    assert not rule.guaranteed
    assert rule.max_error == 0.05
    assert (rule.decide(probability) == -1).all()
    assert choose_rule(label, probability, max_error=0.06).guaranteed


def test_nothing_to_choose_on_promises_nothing() -> None:
    rule = choose_rule(*answers(label=[]), max_error=0.1)
    assert (rule.guaranteed, rule.n, rule.min_probability) == (False, 0, 1.0)


def test_equal_probabilities_are_answered_together_or_not_at_all() -> None:
    """The 100 surest are equal and 20 of them wrong: no order of the files may hide it."""
    confidence = np.r_[np.full(100, 0.9), np.full(100, 0.7)]
    wrong = np.r_[np.zeros(80), np.ones(20), np.zeros(100)].astype(np.bool_)
    rule = choose_rule(*of_one_class(confidence, wrong), max_error=0.05)
    assert not rule.guaranteed


def test_the_order_of_the_files_does_not_matter() -> None:
    label, probability = drawn(400, seed=6)
    probability = probability.round(2)
    order = np.random.default_rng(7).permutation(400)
    one = choose_rule(label, probability, max_error=0.1)
    other = choose_rule(label[order], probability[order], max_error=0.1)
    assert one.guaranteed
    assert one.min_probability == pytest.approx(other.min_probability, abs=1e-6)


def test_copies_do_not_count_as_evidence() -> None:
    label, probability = drawn(40, temperature=1, seed=8)
    label = decide(probability)
    copies, group = 5, np.repeat(np.arange(40), 5)
    label, probability = np.repeat(label, copies), np.repeat(probability, copies, axis=0)
    assert choose_rule(label, probability, max_error=0.05).guaranteed
    by_group = choose_rule(label, probability, max_error=0.05, group=group)
    assert not by_group.guaranteed
    assert by_group.n == 40


def test_a_group_is_as_good_as_its_worst_picture() -> None:
    label, probability = of_one_class(np.full(200, 0.9), np.arange(200) % 2 == 1)
    rule = choose_rule(label, probability, max_error=0.2, group=np.arange(200) // 2)
    assert not rule.guaranteed
    unpaired = np.where(label == 1, 0, 1 + np.arange(200))
    rule = choose_rule(label, probability, max_error=0.2, group=unpaired)
    assert rule.guaranteed
    assert rule.n == 101


def test_a_right_answer_cannot_hide_a_wrong_one_of_its_group() -> None:
    """Of three classes, the truth may have least where the answer is right."""
    pair = np.array([[0.34, 0.33, 0.33], [0.35, 0.65, 0]], dtype=np.float32)
    label, group = np.zeros(400, dtype=np.int64), np.repeat(np.arange(200), 2)
    rule = choose_rule(label, np.tile(pair, (200, 1)), max_error=0.05, group=group)
    assert not rule.guaranteed


@pytest.mark.parametrize("value", [0.0, 1.0, -0.1, math.nan])
def test_refuses_rates_out_of_range(value: float) -> None:
    label, probability = drawn(30)
    with pytest.raises(InvalidInput, match="`max_error` must be between 0 and 1"):
        choose_rule(label, probability, max_error=value)
    with pytest.raises(InvalidInput, match="`confidence` must be between 0 and 1"):
        choose_rule(label, probability, max_error=0.1, confidence=value)


def test_refuses_what_does_not_fit() -> None:
    label, probability = drawn(30)
    with pytest.raises(InvalidInput, match="`label` must have one entry"):
        fit_temperature(label[1:], probability)
    with pytest.raises(InvalidInput, match="`group` must have one entry"):
        choose_rule(label, probability, max_error=0.1, group=label[1:])
    with pytest.raises(InvalidInput, match="`answer` must have one entry"):
        measure_selective(label, label[1:])
    with pytest.raises(InvalidInput, match="`group` must have one entry"):
        measure_selective(label, label, group=label[1:])


def test_coverage_and_risk_by_hand() -> None:
    measured = coverage_risk(*answers(0.9, 0.8, 0.7, 0.6, label=[1, 0, 1, 0]))
    assert measured.curve is not None
    assert measured.curve.x == pytest.approx((0.25, 0.5, 0.75, 1))
    assert measured.curve.y == pytest.approx((0, 1 / 2, 1 / 3, 2 / 4))
    assert measured.aurc.value == pytest.approx((0 + 1 / 2 + 1 / 3 + 2 / 4) / 4)


def test_equal_probabilities_are_one_point_of_the_curve() -> None:
    measured = coverage_risk(*answers(0.9, 0.7, 0.7, 0.7, label=[1, 0, 1, 1]))
    assert measured.curve is not None
    assert list(zip(measured.curve.x, measured.curve.y, strict=True)) == [(0.25, 0), (1, 0.25)]
    assert measured.aurc.value == pytest.approx(3 / 4 * 1 / 4)


def test_the_area_lies_in_its_interval_and_the_curve_is_thin() -> None:
    label, probability = drawn(3000, seed=9)
    measured = coverage_risk(label, probability)
    assert measured.curve is not None
    assert len(measured.curve.x) <= 200
    assert measured.curve.x[-1] == 1
    assert measured.curve.y[-1] == pytest.approx((decide(probability) != label).mean())
    low, high, value = measured.aurc.low, measured.aurc.high, measured.aurc.value
    assert low is not None
    assert high is not None
    assert value is not None
    assert low < value < high
    assert measured == coverage_risk(label, probability)


def test_copies_do_not_narrow_the_interval_of_the_area() -> None:
    label, probability = drawn(200, seed=10)
    once = coverage_risk(label, probability)
    group = np.repeat(np.arange(200), 4)
    label, probability = np.repeat(label, 4), np.repeat(probability, 4, axis=0)
    for_groups = coverage_risk(label, probability, group=group)
    assert width(for_groups.aurc) == pytest.approx(width(once.aurc), rel=0.15)
    assert width(coverage_risk(label, probability).aurc) < 0.7 * width(for_groups.aurc)


def width(estimate: Estimate) -> float:
    assert estimate.low is not None
    assert estimate.high is not None
    return estimate.high - estimate.low


def test_no_mistake_has_no_risk_and_no_certainty() -> None:
    measured = coverage_risk(*answers(0.9, 0.8, label=[1, 1]))
    assert measured.aurc == Estimate(0.0, None, None)


def test_no_pictures_no_curve() -> None:
    measured = coverage_risk(*answers(label=[]))
    assert measured.curve is None
    assert measured.to_dict() == {
        "aurc": {"value": None, "low": None, "high": None},
        "coverage": None,
        "error": None,
    }


def test_a_rule_at_work_by_hand() -> None:
    metrics = measure_selective(np.array([0, 0, 1, 1, 1]), np.array([0, -1, 1, 0, -1]))
    assert (metrics.n, metrics.answered) == (5, 3)
    assert metrics.coverage == Estimate(3 / 5, *wilson(3, 5))
    assert metrics.error == Estimate(1 / 3, *wilson(1, 3))


def test_a_rule_at_work_by_group() -> None:
    label, answer = np.zeros(40, dtype=np.int64), np.repeat([0, -1, 1, 0], 10)
    metrics = measure_selective(label, answer, group=np.arange(40) // 2)
    assert metrics.coverage.value == 3 / 4
    assert metrics.coverage.low == pytest.approx(wilson(15, 20)[0], abs=0.02)
    assert metrics.error.value == pytest.approx(1 / 3)
    assert metrics.error.low == pytest.approx(wilson(5, 15)[0], abs=0.02)


def test_nothing_answered_has_no_error() -> None:
    metrics = measure_selective(np.array([0, 1]), np.array([-1, -1]))
    assert metrics.coverage.value == 0.0
    assert metrics.error == Estimate()
    assert measure_selective(np.zeros(0, np.int64), np.zeros(0, np.int64)).coverage == Estimate()


def test_the_dictionaries_are_plain() -> None:
    label, probability = drawn(50)
    rule = choose_rule(label, probability, max_error=0.2)
    for value in (coverage_risk(label, probability), measure_selective(label, label), rule):
        plain = value.to_dict()
        assert json.loads(json.dumps(plain, allow_nan=False)) == plain
