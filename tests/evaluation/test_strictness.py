import math

import numpy as np
import pytest
from numpy.typing import NDArray

from maskwise.errors import InvalidInput
from maskwise.evaluation.strictness import choose_strict, measure_strict
from maskwise.inference.decision import DecisionRule

Answers = tuple[NDArray[np.int64], NDArray[np.float32]]


def bare(masked: NDArray[np.float64]) -> Answers:
    """Bare faces of which a network says how masked they look."""
    column = masked.astype(np.float32)
    return np.zeros(len(masked), dtype=np.int64), np.stack([1 - column, column], axis=1)


def strictly(label: NDArray[np.int64], probability: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which of these are believed to be masked after at most 5 % of bare faces may be missed."""
    strict = choose_strict(label, probability, rule=DecisionRule(), max_missed=0.05)
    believed = DecisionRule(strict=strict).decide(probability, is_strict=True) == 1
    return np.asarray(believed)


def test_the_strict_rule_by_hand() -> None:
    """Clopper and Pearson allow 5 %, at 95 %, none of 59 to pass and one of 93."""
    assert strictly(*bare(np.linspace(0.99, 0.6, 59))).sum() == 0
    assert strictly(*bare(np.linspace(0.99, 0.6, 92))).sum() == 0
    assert strictly(*bare(np.linspace(0.99, 0.6, 93))).sum() == 1
    assert strictly(*bare(np.linspace(0.99, 0.6, 400))).sum() == 12
    wrongly = np.repeat([[0.1, 0.6, 0.3]], 400, axis=0).astype(np.float32)
    assert strictly(np.full(400, 2, dtype=np.int64), wrongly).sum() == 0


def test_masks_do_not_move_the_strict_line() -> None:
    label, probability = bare(np.linspace(0.9, 0.6, 93))
    alone = choose_strict(label, probability, rule=DecisionRule(temperature=1.3), max_missed=0.05)
    more, masked = np.r_[label, np.ones(50, dtype=np.int64)], np.tile([[0.001, 0.999]], (50, 1))
    both = np.concatenate([probability, masked.astype(np.float32)])
    assert choose_strict(more, both, rule=DecisionRule(temperature=1.3), max_missed=0.05) == alone
    assert alone.n == 93


def test_the_strict_promise_is_kept_on_nearly_all_validation_sets() -> None:
    random = np.random.default_rng(21)
    broken, draws = 0, 400
    for _ in range(draws):
        strict = choose_strict(*bare(random.random(300)), rule=DecisionRule(), max_missed=0.05)
        assert strict.guaranteed
        broken += 1 - strict.min_probability > 0.05  # which is what it misses of all there are
    assert broken / draws < 0.05 + 2.6 * math.sqrt(0.05 * 0.95 / draws)


def test_too_few_bare_faces_promise_nothing_strictly() -> None:
    for n in (0, 58):
        strict = choose_strict(*bare(np.zeros(n)), rule=DecisionRule(), max_missed=0.05)
        assert (strict.guaranteed, strict.n) == (False, n)
    copies = bare(np.zeros(590))
    group = np.arange(590) // 20
    strict = choose_strict(*copies, rule=DecisionRule(), max_missed=0.05, group=group)
    assert (strict.guaranteed, strict.n) == (False, 30)


def test_bare_faces_that_look_masked_beyond_doubt_let_nothing_be_believed() -> None:
    strict = choose_strict(*bare(np.ones(100)), rule=DecisionRule(), max_missed=0.05)
    assert not strict.guaranteed


@pytest.mark.parametrize("value", [0.0, 1.0, math.nan])
def test_the_strict_rule_refuses_rates_out_of_range(value: float) -> None:
    with pytest.raises(InvalidInput, match="`max_missed` must be between 0 and 1"):
        choose_strict(*bare(np.zeros(30)), rule=DecisionRule(), max_missed=value)


def test_what_it_is_worth_by_hand() -> None:
    label, answer = np.array([0, 0, 2, 2, 1, 1, 1]), np.array([0, 1, -1, 2, 1, 1, -1])
    measured = measure_strict(label, answer)
    assert measured.missed.value == 1 / 4
    assert measured.believed.value == 2 / 3
    by_group = measure_strict(label, answer, group=np.array([0, 0, 0, 0, 1, 1, 1]))
    assert by_group.missed.value == 1 / 4
    assert by_group.missed.high is not None
    assert measured.missed.high is not None
    assert by_group.missed.high > measured.missed.high


def test_nothing_to_miss_is_no_figure() -> None:
    measured = measure_strict(np.ones(3, dtype=np.int64), np.ones(3, dtype=np.int64))
    assert (measured.missed.value, measured.believed.value) == (None, 1)
