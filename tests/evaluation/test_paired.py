import json
import math
from collections.abc import Iterator
from itertools import product
from math import comb

import numpy as np
import pytest
from numpy.typing import NDArray

from maskwise.errors import InvalidInput
from maskwise.evaluation.paired import (
    Table,
    cross,
    mcnemar,
    measure_paired,
    paired_difference,
)
from maskwise.intervals import Estimate, effective_size, mean_rate, wilson


@pytest.mark.parametrize(
    ("table", "difference", "low", "high"),
    [
        # Fagerland, Lydersen and Laake (2014), Stat. Med. 33:2850, airway hyper-responsiveness
        pytest.param(((1, 1), (7, 12)), -0.286, -0.507, -0.026, id="airways"),
        # Altman et al. (2000), Statistics with Confidence, table 6.2
        pytest.param(((14, 5), (0, 22)), 0.122, 0.011, 0.226, id="Altman"),
    ],
)
def test_paired_difference_as_published(
    table: Table, difference: float, low: float, high: float
) -> None:
    estimate = paired_difference(table)
    assert (estimate.value, estimate.low, estimate.high) == pytest.approx(
        (difference, low, high), abs=6e-4
    )


def test_answers_that_never_differ_leave_some_doubt() -> None:
    low, high = wilson(54, 54)
    all_right = paired_difference(((54, 0), (0, 0)))
    assert all_right.value == 0
    assert all_right.high == pytest.approx(high - low)
    half_right = paired_difference(((27, 0), (0, 27)))
    assert half_right.value == 0
    assert half_right.high is not None
    assert 0 < half_right.high < 0.05


def test_an_interval_of_pairs_is_narrower_than_one_of_strangers() -> None:
    paired = paired_difference(((80, 6), (4, 10)))
    strangers = math.hypot(0.86 - wilson(86, 100)[0], wilson(84, 100)[1] - 0.84)
    assert paired.value is not None
    assert paired.low is not None
    assert paired.value - paired.low < 0.75 * strangers


def all_tables(n: int) -> Iterator[Table]:
    for a, b, c in product(range(n + 1), repeat=3):
        if a + b + c <= n:
            yield (a, b), (c, n - a - b - c)


def test_every_interval_holds_its_figure_and_turns_with_the_order() -> None:
    for table in all_tables(9):
        (both_right, only_a), (only_b, both_wrong) = table
        estimate = paired_difference(table)
        turned = paired_difference(((both_right, only_b), (only_a, both_wrong)))
        assert estimate.value is not None
        assert estimate.low is not None
        assert estimate.high is not None
        assert -1 - 1e-12 <= estimate.low <= estimate.value <= estimate.high <= 1 + 1e-12
        assert (turned.low, turned.high) == pytest.approx((-estimate.high, -estimate.low))


def test_no_pictures_no_difference() -> None:
    assert paired_difference(((0, 0), (0, 0))) == Estimate()
    assert mcnemar(0, 0) == 1.0


@pytest.mark.parametrize(("only_a", "only_b"), [(0, 0), (3, 3), (8, 1), (1, 8), (0, 6), (40, 61)])
def test_mcnemar_is_a_fair_coin_twice_sided(only_a: int, only_b: int) -> None:
    n = only_a + only_b
    tail = sum(comb(n, k) for k in range(min(only_a, only_b) + 1))
    assert mcnemar(only_a, only_b) == pytest.approx(min(1.0, 2 * tail / 2**n))


def test_the_difference_is_held_as_often_as_promised() -> None:
    shares = [0.83, 0.08, 0.04, 0.05]  # both right, A alone, B alone, both wrong
    draws = np.random.default_rng(4).multinomial(150, shares, size=4000).tolist()
    ends = [paired_difference(((a, b), (c, d))) for a, b, c, d in draws]
    held = [e.low <= 0.04 <= e.high for e in ends if e.low is not None and e.high is not None]
    assert 0.94 < np.mean(held) < 0.97


def answers(label: NDArray[np.int64], wrong: NDArray[np.bool_]) -> NDArray[np.float32]:
    called = np.where(wrong, 1 - label, label)
    return np.where(np.eye(2)[called] > 0, 0.8, 0.2).astype(np.float32)


def test_the_balanced_difference_is_held_as_often_as_promised() -> None:
    label = np.repeat([0, 1], [120, 40])
    hard = np.array([0.1, 0.3])[label]
    random = np.random.default_rng(5)
    held = []
    for _ in range(400):
        # Half of the mistakes are shared; B makes 0.05 more of its own in either class.
        both = random.random(160) < hard / 2
        wrong_a = both | (random.random(160) < 0.05)
        wrong_b = both | (random.random(160) < 0.10)
        truth = float(0.05 * (1 - np.array([0.1, 0.3]) / 2).mean())
        recalls = [
            paired_difference(cross(~wrong_a[label == k], ~wrong_b[label == k])) for k in (0, 1)
        ]
        estimate = mean_rate(recalls)
        assert estimate.low is not None
        assert estimate.high is not None
        held.append(estimate.low <= truth <= estimate.high)
    assert 0.92 < np.mean(held) < 0.985


def test_copies_of_pictures_add_nothing_to_what_is_known() -> None:
    label = np.arange(60) % 2
    a, b = answers(label, np.arange(60) < 5), answers(label, np.arange(60) % 4 == 0)
    alone = measure_paired(label, a, b)
    times = np.where(np.arange(60) % 3 == 0, 4, 1)
    group = np.repeat(np.arange(60), times)
    copied = measure_paired(label[group], a[group], b[group], group=group)
    blind = measure_paired(label[group], a[group], b[group])
    assert copied.p_value == alone.p_value
    assert blind.p_value < alone.p_value
    assert copied.a.n_groups == 60

    def width(estimate: Estimate) -> float:
        assert estimate.low is not None
        assert estimate.high is not None
        return estimate.high - estimate.low

    for name in ("accuracy_difference", "balanced_accuracy_difference"):
        assert width(getattr(copied, name)) > width(getattr(alone, name))
        assert width(getattr(blind, name)) < width(getattr(alone, name))


def test_groups_of_one_change_nothing() -> None:
    label = np.arange(50) % 2
    a, b = answers(label, np.arange(50) < 5), answers(label, np.arange(50) % 4 == 0)
    alone, grouped = (measure_paired(label, a, b, group=g) for g in (None, np.arange(50)))
    assert alone.p_value == grouped.p_value
    assert grouped.recall_differences == alone.recall_differences


def test_a_group_speaks_once_for_who_answers_more_of_it_rightly() -> None:
    label = np.zeros(12, dtype=np.int64)
    group = np.repeat(np.arange(4), 3)
    wrong_a = np.array([0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 1, 0], dtype=bool)
    wrong_b = np.array([1, 1, 0, 1, 1, 1, 0, 0, 0, 0, 0, 1], dtype=bool)
    metrics = measure_paired(label, answers(label, wrong_a), answers(label, wrong_b), group=group)
    assert metrics.table == ((3, 6), (3, 0))
    assert metrics.p_value == mcnemar(2, 1)


def test_the_difference_of_scenes_is_held_as_often_as_promised() -> None:
    random = np.random.default_rng(6)
    by_group: list[bool] = []
    careless: list[bool] = []
    for _ in range(1000):
        # Scenes of one to four faces; a scene is hard for both, or for B alone, or for neither.
        group = np.repeat(np.arange(90), random.integers(1, 5, 90))
        of_scene = random.choice(3, size=90, p=[0.06, 0.08, 0.86])[group]
        right_a = (of_scene != 0) & (random.random(len(group)) >= 0.03)
        right_b = (of_scene > 1) & (random.random(len(group)) >= 0.03)
        table, lead = cross(right_a, right_b), right_a.astype(np.int64) - right_b
        worth = effective_size(lead, group)
        for estimates, effective_n in ((by_group, worth), (careless, None)):
            estimate = paired_difference(table, effective_n=effective_n)
            assert estimate.low is not None
            assert estimate.high is not None
            estimates.append(estimate.low <= 0.08 * 0.97 <= estimate.high)
    assert 0.94 < np.mean(by_group) < 0.99
    assert np.mean(careless) < 0.93


def test_figures_of_both_and_between_them() -> None:
    label = np.array([0] * 6 + [1] * 4)
    wrong_a = np.array([1, 0, 0, 0, 0, 0, 0, 0, 0, 0], dtype=bool)
    wrong_b = np.array([1, 1, 1, 0, 0, 0, 0, 0, 0, 1], dtype=bool)
    metrics = measure_paired(label, answers(label, wrong_a), answers(label, wrong_b))
    assert metrics.n == 10
    assert metrics.table == ((6, 3), (0, 1))
    assert (metrics.a.accuracy.value, metrics.b.accuracy.value) == (0.9, 0.6)
    assert metrics.accuracy_difference.value == pytest.approx(0.3)
    by_class = [difference.value for difference in metrics.recall_differences]
    assert by_class == pytest.approx([2 / 6, 1 / 4])
    assert metrics.balanced_accuracy_difference.value == pytest.approx((2 / 6 + 1 / 4) / 2)
    assert metrics.p_value == 0.25
    assert metrics.better is None


def test_one_is_better_only_where_test_and_interval_agree() -> None:
    label = np.arange(200) % 2
    few, many = np.arange(200) < 10, np.arange(200) < 40
    good, bad = answers(label, few), answers(label, many)
    assert measure_paired(label, good, bad).better == "a"
    assert measure_paired(label, bad, good).better == "b"
    # Here the interval leaves out 0, but the exact test is not sure.
    estimate = paired_difference(((14, 5), (0, 22)))
    assert estimate.low is not None
    assert estimate.low > 0
    label, right_a = np.arange(41) % 2, np.arange(41) < 19
    unsure = measure_paired(label, answers(label, ~right_a), answers(label, np.arange(41) >= 14))
    assert unsure.table == ((14, 5), (0, 22))
    assert unsure.p_value == 0.0625
    assert unsure.better is None


def test_the_same_answers_twice() -> None:
    label = np.arange(30) % 2
    probability = answers(label, np.arange(30) < 4)
    metrics = measure_paired(label, probability, probability)
    assert metrics.accuracy_difference.value == 0
    assert metrics.balanced_accuracy_difference.value == 0
    assert metrics.p_value == 1
    assert metrics.better is None


def test_pictures_of_one_class_have_no_balance() -> None:
    label = np.ones(8, dtype=np.int64)
    metrics = measure_paired(label, answers(label, label < 0), answers(label, label > 0))
    assert metrics.accuracy_difference.value == 1
    assert metrics.balanced_accuracy_difference == Estimate()
    assert metrics.recall_differences[0] == Estimate()
    json.dumps(metrics.to_dict(), allow_nan=False)


def test_json_names_the_counts() -> None:
    label = np.arange(20) % 2
    a, b = answers(label, np.arange(20) < 3), answers(label, (np.arange(20) > 1) & (label == 0))
    values = measure_paired(label, a, b).to_dict()
    assert values["table"] == {
        "both_right": 9,
        "only_a_right": 8,
        "only_b_right": 2,
        "both_wrong": 1,
    }
    assert values["difference"]["accuracy"]["value"] == pytest.approx(0.3)
    assert set(values["difference"]["recall"]) == {"without_mask", "with_mask"}
    assert values["a"]["n"] == values["b"]["n"] == 20


def test_answers_must_fit_the_pictures() -> None:
    label = np.arange(4) % 2
    with pytest.raises(InvalidInput, match="`label` must have one entry"):
        measure_paired(label, answers(label, label < 0), np.full((3, 2), 0.5, dtype=np.float32))
