import json
import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from maskwise.errors import InvalidInput
from maskwise.inference.decision import DecisionRule, StrictRule, decide

RULE = DecisionRule(
    temperature=1.7, min_probability=0.8, max_error=0.02, confidence=0.9, guaranteed=True, n=400
)
STRICT = StrictRule(min_probability=0.95, max_missed=0.01, confidence=0.95, guaranteed=True, n=500)


def rows(*each: list[float]) -> NDArray[np.float32]:
    return np.array(each, dtype=np.float32)


def some_probabilities(classes: int, n: int = 200) -> NDArray[np.float32]:
    score = np.random.default_rng(0).normal(scale=4, size=(n, classes))
    weight = np.exp(score)
    probability: NDArray[np.float32] = (weight / weight.sum(axis=1, keepdims=True)).astype("f4")
    return probability


@pytest.mark.parametrize("classes", [2, 3])
def test_the_plain_rule_answers_always_and_changes_nothing(classes: int) -> None:
    probability = some_probabilities(classes)
    assert np.array_equal(DecisionRule().decide(probability), decide(probability))
    assert DecisionRule().calibrate(probability) == pytest.approx(probability, abs=1e-6)


@pytest.mark.parametrize("temperature", [0.05, 0.7, 1.7, 20])
def test_calibrating_is_a_softmax_of_scaled_logits(temperature: float) -> None:
    probability = some_probabilities(3)
    scaled = np.exp(np.log(probability.astype(np.float64)) / temperature)
    calibrated = DecisionRule(temperature=temperature).calibrate(probability)
    assert calibrated == pytest.approx(scaled / scaled.sum(axis=1, keepdims=True), abs=1e-6)
    assert calibrated.dtype == np.float32
    assert calibrated.sum(axis=1) == pytest.approx(1, abs=1e-6)


def test_calibrating_by_hand() -> None:
    calibrated = DecisionRule(temperature=2).calibrate(rows([0.1, 0.9], [0.5, 0.5]))
    assert calibrated == pytest.approx(rows([0.25, 0.75], [0.5, 0.5]))


@pytest.mark.parametrize("temperature", [1e-300, 0.05, 20, 1e300])
def test_certain_answers_stay_certain_at_any_temperature(temperature: float) -> None:
    certain = rows([0, 1, 0], [1, 0, 0])
    assert np.array_equal(DecisionRule(temperature=temperature).calibrate(certain), certain)


def test_no_temperature_changes_the_best_class() -> None:
    probability = some_probabilities(3)
    for temperature in (0.05, 3, 20):
        answer = DecisionRule(temperature=temperature).decide(probability)
        assert np.array_equal(answer, decide(probability))


def test_unsure_below_the_line_and_an_answer_on_it() -> None:
    rule = DecisionRule(min_probability=0.75)
    assert rule.decide(rows([0.25, 0.75], [0.26, 0.74], [0.9, 0.1])).tolist() == [1, -1, 0]


def test_the_line_is_drawn_after_calibration() -> None:
    rule = DecisionRule(temperature=2, min_probability=0.8)
    assert rule.decide(rows([0.1, 0.9], [0.03, 0.97])).tolist() == [-1, 1]


def test_no_faces_no_answers() -> None:
    empty = np.zeros((0, 2), dtype=np.float32)
    assert DecisionRule().calibrate(empty).shape == (0, 2)
    answer = RULE.decide(empty)
    assert answer.shape == (0,)
    assert answer.dtype == np.int64


@pytest.mark.parametrize(
    "probability",
    [
        pytest.param(rows([np.nan, 0.5]), id="NaN"),
        pytest.param(rows([0, 0]), id="nothing"),
        pytest.param(rows([-0.1, 0.9]), id="negative"),
        pytest.param(rows([0.1, 1.5]), id="logits"),
        pytest.param(np.zeros(2, dtype=np.float32), id="one axis"),
        pytest.param(np.zeros((2, 0), dtype=np.float32), id="no classes"),
    ],
)
def test_what_is_no_probability_gets_no_answer(probability: NDArray[np.float32]) -> None:
    with pytest.raises(InvalidInput, match="`probability` must"):
        RULE.decide(probability)


@pytest.mark.parametrize(
    "rule", [DecisionRule(), RULE, replace(RULE, bias=(0.0, 0.5, -1.25), strict=STRICT)]
)
def test_a_rule_survives_json(rule: DecisionRule) -> None:
    assert DecisionRule.from_dict(json.loads(json.dumps(rule.to_dict()))) == rule


def test_strictly_only_a_mask_beyond_doubt_is_believed() -> None:
    faces = rows([0.04, 0.96, 0], [0.06, 0.94, 0], [0.6, 0.4, 0], [0.1, 0.3, 0.6], [0.5, 0.2, 0.3])
    rule = DecisionRule(min_probability=0.55, strict=STRICT)
    assert rule.decide(faces).tolist() == [1, 1, 0, 2, -1]
    assert rule.decide(faces, is_strict=True).tolist() == [1, -1, 0, 2, -1]


def test_strictly_the_line_is_drawn_after_calibration_too() -> None:
    rule = DecisionRule(temperature=2, strict=STRICT)
    assert rule.decide(rows([0.01, 0.99], [0.002, 0.998]), is_strict=True).tolist() == [-1, 1]


def test_strictly_no_mask_is_believed_that_nothing_was_promised_of() -> None:
    rule = DecisionRule(strict=replace(STRICT, guaranteed=False))
    assert rule.decide(rows([0, 1], [1, 0]), is_strict=True).tolist() == [-1, 0]


def test_strict_where_that_was_not_chosen_says_how_to() -> None:
    with pytest.raises(InvalidInput, match="maskwise calibrate RUN --max-missed"):
        DecisionRule().decide(rows([0, 1]), is_strict=True)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("min_probability", 1.1), ("min_probability", None), ("max_missed", 0)),
        *(("max_missed", None), ("confidence", 1), ("guaranteed", 1), ("n", -1), ("more", 1)),
    ],
)
def test_a_damaged_strict_rule_is_refused(field: str, value: Any) -> None:
    values = replace(RULE, strict=STRICT).to_dict()
    damaged = {**values, "strict": {**values["strict"], field: value}}
    culprit = "A strict rule has the fields" if field == "more" else f"`{field}` must be"
    with pytest.raises(InvalidInput, match=culprit):
        DecisionRule.from_dict(damaged)


@pytest.mark.parametrize("value", [1, [], "no"])
def test_a_strict_rule_that_is_none_is_refused(value: Any) -> None:
    with pytest.raises(InvalidInput, match="`strict` must be null or an object"):
        DecisionRule.from_dict({**RULE.to_dict(), "strict": value})


def test_a_bias_moves_answers_and_probabilities() -> None:
    rule = DecisionRule(bias=(0.0, 0.0, -1.0))
    near = rows([0.3, 0.2, 0.5], [0.1, 0.1, 0.8])
    weights = near * np.exp([0, 0, -1])
    expected = weights / weights.sum(axis=1, keepdims=True)
    assert rule.calibrate(near) == pytest.approx(expected, abs=1e-6)
    assert rule.decide(near).tolist() == [0, 2]
    warm = DecisionRule(temperature=2.0, bias=(0.0, 0.0, -1.0))
    scaled = np.sqrt(near) * np.exp([0, 0, -1])
    assert warm.calibrate(near) == pytest.approx(scaled / scaled.sum(1, keepdims=True), abs=1e-6)


def test_a_bias_for_other_classes_is_refused() -> None:
    with pytest.raises(InvalidInput, match="`bias` must have a number for each class"):
        DecisionRule(bias=(0.0, 1.0)).decide(rows([0.3, 0.2, 0.5]))


def test_what_cannot_be_promised_is_not_answered() -> None:
    certain = np.array([[0.0, 1.0]], dtype=np.float32)
    broken = DecisionRule(min_probability=1.0, max_error=0.001, n=40)
    assert broken.decide(certain).tolist() == [-1]
    assert replace(broken, guaranteed=True).decide(certain).tolist() == [1]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("temperature", 0),
        ("temperature", -1.0),
        ("temperature", float("nan")),
        ("temperature", float("inf")),
        ("temperature", "1"),
        ("temperature", None),
        ("temperature", True),
        ("bias", [float("nan")]),
        ("bias", [1e3]),
        ("bias", ["1"]),
        ("bias", None),
        ("min_probability", -0.1),
        ("min_probability", 1.1),
        ("min_probability", float("nan")),
        ("min_probability", [0.5]),
        ("max_error", 0),
        ("max_error", 1),
        ("max_error", float("nan")),
        ("max_error", None),  # but the rule says that it is guaranteed
        ("confidence", 1),
        ("confidence", None),
        ("guaranteed", 1),
        ("guaranteed", "true"),
        ("n", -1),
        ("n", 3.0),
        ("n", True),
    ],
)
def test_a_damaged_rule_is_refused(field: str, value: Any) -> None:
    culprit = "guaranteed" if (field, value) == ("max_error", None) else field
    with pytest.raises(InvalidInput, match=f"`{culprit}` must be"):
        DecisionRule.from_dict({**RULE.to_dict(), field: value})


def test_missing_and_unknown_fields_are_refused() -> None:
    values = dict(RULE.to_dict())
    with pytest.raises(InvalidInput, match="has the fields bias, confidence, guaranteed"):
        DecisionRule.from_dict({**values, "threshold": 0.5})
    del values["n"]
    with pytest.raises(InvalidInput, match="has the fields"):
        DecisionRule.from_dict(values)
    with pytest.raises(InvalidInput, match="Received: none"):
        DecisionRule.from_dict({})


def test_deciding_loads_no_statistics() -> None:
    check = (
        "import sys, maskwise.inference.decision; sys.exit(bool({'scipy', 'sklearn'} & "
        "{name.split('.')[0] for name in sys.modules}))"
    )
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
