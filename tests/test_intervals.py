import math
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from maskwise.errors import InvalidInput
from maskwise.intervals import (
    Estimate,
    bootstrap,
    effective_size,
    f1_rate,
    mean_rate,
    rate,
    wilson,
)


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [  # Newcombe (1998), Stat. Med. 17:857, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_as_published(successes: int, n: int, low: float, high: float) -> None:
    assert wilson(successes, n) == pytest.approx((low, high), abs=5e-5)
    mirrored = 1 - high, 1 - low
    assert wilson(n - successes, n) == pytest.approx(mirrored, abs=5e-5)


def test_wilson_ends_are_exact() -> None:
    for n in range(1, 200):
        assert wilson(0, n)[0] == 0.0
        assert wilson(n, n)[1] == 1.0


def test_more_confidence_is_wider() -> None:
    narrow, wide = wilson(30, 40, confidence=0.5), wilson(30, 40, confidence=0.99)
    assert wide[0] < narrow[0] < narrow[1] < wide[1]


def test_a_rate_of_nothing_is_undefined() -> None:
    assert all(map(math.isnan, wilson(0, 0)))
    assert rate(0, 0) == Estimate(None, None, None)
    assert f1_rate(0, wrong=0) == Estimate()


@pytest.mark.parametrize(("successes", "n"), [(-1, 5), (6, 5), (1, 0)])
def test_wilson_refuses_what_cannot_be(successes: int, n: int) -> None:
    with pytest.raises(InvalidInput, match="`successes` must be 0 to"):
        wilson(successes, n)


def test_f1_is_f1() -> None:
    estimate = f1_rate(6, wrong=3)
    assert estimate.value == pytest.approx(2 * 6 / (2 * 6 + 3))
    low, high = wilson(6, 9)
    assert (estimate.low, estimate.high) == pytest.approx(
        (2 * low / (1 + low), 2 * high / (1 + high))
    )


def test_no_mistake_is_no_certainty() -> None:
    perfect = f1_rate(10, wrong=0)
    assert perfect.value == perfect.high == 1.0
    assert perfect.low is not None
    assert perfect.low < 0.9
    balanced = mean_rate([rate(10, 10), rate(10, 10)])
    assert balanced.low is not None
    assert balanced.low < 0.9


def test_f1_interval_holds_the_truth_as_often_as_promised() -> None:
    shares = [0.35, 0.05, 0.08, 0.52]  # true and false positives, false and true negatives
    truth = 2 * shares[0] / (2 * shares[0] + shares[1] + shares[2])
    draws = np.random.default_rng(1).multinomial(120, shares, size=2000)
    estimates = [f1_rate(int(tp), wrong=int(fp + fn)) for tp, fp, fn, _ in draws]
    assert 0.935 < coverage(estimates, truth) < 0.97


def test_a_rate_of_an_effective_size() -> None:
    assert rate(8, 10, effective_n=5) == Estimate(0.8, *wilson(4, 5))
    assert rate(10, 10, effective_n=3.5).high == 1.0
    assert rate(0, 10, effective_n=3.5).low == 0.0
    assert rate(0, 0, effective_n=0) == Estimate()
    low, high = wilson(4, 5)
    assert f1_rate(8, wrong=2, effective_n=5) == Estimate(
        *(2 * j / (1 + j) for j in (0.8, low, high))
    )


def hits(*each: int) -> NDArray[np.bool_]:
    return np.array(each, dtype=np.bool_)


def test_effective_size_by_hand() -> None:
    """Of 6 pictures in 3 groups, 3 are hits: the groups exceed their half by 1, 0 and -1.

    By group the variance of the share is (1 + 1) / 36 * 3 / 2 = 1 / 12; one by one it is
    (1 / 4) / 5 = 1 / 20: the design effect is 5 / 3.
    """
    size = effective_size(hits(1, 1, 1, 0, 0, 0), np.array([0, 0, 1, 1, 2, 2]))
    assert size == pytest.approx(min(6 / (5 / 3), 3))
    size = effective_size(hits(1, 1, 1, 0, 0, 0, 0, 0), np.array([0, 0, 0, 1, 2, 2, 3, 3]))
    share, excess = 3 / 8, np.array([3 - 9 / 8, -3 / 8, -6 / 8, -6 / 8])
    by_group = np.square(excess).sum() / 64 * 4 / 3
    assert size == pytest.approx(8 * share * (1 - share) / 7 / by_group)
    assert size < 4


def test_pictures_alone_are_worth_their_number_and_copies_nothing() -> None:
    hit = np.random.default_rng(4).random(80) < 0.8
    assert effective_size(hit, np.arange(80)) == pytest.approx(80)
    copied = effective_size(np.repeat(hit, 5), np.repeat(np.arange(80), 5))
    assert copied == pytest.approx(80, rel=0.02)
    assert effective_size(hit, np.zeros(80, dtype=np.int64)) == 1
    assert effective_size(hit[:0], np.zeros(0, dtype=np.int64)) == 0


def test_no_group_counts_as_more_than_one_picture() -> None:
    hit = np.tile(hits(1, 1, 1, 0, 1, 1, 0, 1, 1), 20)
    assert effective_size(hit, np.arange(180) // 9) <= 20
    everything = np.ones(6, dtype=np.bool_)
    assert effective_size(everything, np.array([7, 7, 7, 7, 1, 2])) == 36 / (16 + 1 + 1)


def test_a_rate_by_group_holds_the_truth_as_often_as_promised() -> None:
    random = np.random.default_rng(6)
    by_group, careless = [], []
    for _ in range(600):
        group = np.repeat(np.arange(60), random.integers(1, 8, 60))
        share = random.beta(0.9 / 2, 0.1 / 2, 60)  # two pictures of a group are mostly alike
        hit = random.random(len(group)) < share[group]
        n_hits, n = int(hit.sum()), len(hit)
        by_group.append(rate(n_hits, n, effective_n=effective_size(hit, group)))
        careless.append(rate(n_hits, n))
    assert 0.92 < coverage(by_group, 0.9) < 0.99
    assert coverage(careless, 0.9) < 0.8


def test_mean_rate() -> None:
    mean = mean_rate([rate(8, 10), rate(50, 100)])
    assert mean.value == pytest.approx(0.65)
    (low_a, _), (low_b, _) = wilson(8, 10), wilson(50, 100)
    assert mean.low == pytest.approx(0.65 - math.hypot(0.8 - low_a, 0.5 - low_b) / 2)


def test_mean_rate_passes_over_what_is_undefined() -> None:
    known = [rate(8, 10), rate(5, 10)]
    assert mean_rate([known[0], Estimate(), known[1]]) == mean_rate(known)
    assert mean_rate(known[:1]) == Estimate()
    assert mean_rate([]) == Estimate()


def test_mean_rate_interval_holds_the_truth_as_often_as_promised() -> None:
    random = np.random.default_rng(2)
    drawn = zip(random.binomial(80, 0.95, 2000), random.binomial(30, 0.8, 2000), strict=True)
    estimates = [mean_rate([rate(int(a), 80), rate(int(b), 30)]) for a, b in drawn]
    assert 0.93 < coverage(estimates, (0.95 + 0.8) / 2) < 0.975


def test_bootstrap_holds_the_truth_as_often_as_promised() -> None:
    random = np.random.default_rng(3)
    stratum = np.zeros(80, dtype=np.int64)
    estimates = []
    for _ in range(200):
        values = random.normal(5.0, 2.0, size=80)

        def mean(
            counts: NDArray[np.int64], of: NDArray[np.float64] = values
        ) -> NDArray[np.float64]:
            means: NDArray[np.float64] = counts @ of / 80
            return means[:, None]

        ends = bootstrap(mean, stratum, resamples=300).tolist()
        estimates.append(Estimate.of(float(values.mean()), ends[0]))
    assert 0.89 < coverage(estimates, 5.0) < 0.99


def test_bootstrap_is_the_same_every_time() -> None:
    stratum = np.arange(50, dtype=np.int64) % 2
    assert np.array_equal(bootstrap(_mean_position, stratum), bootstrap(_mean_position, stratum))
    other = bootstrap(_mean_position, stratum, seed=1)
    assert not np.array_equal(bootstrap(_mean_position, stratum), other)


def test_bootstrap_keeps_the_size_of_each_stratum() -> None:
    stratum = np.array([0] * 3 + [1] * 7 + [2])
    seen = []

    def remember(counts: NDArray[np.int64]) -> NDArray[np.float64]:
        seen.append(counts)
        return np.zeros((len(counts), 1))

    bootstrap(remember, stratum, resamples=25)
    counts = np.concatenate(seen)
    assert counts.shape == (25, 11)
    for value, size in enumerate((3, 7, 1)):
        assert (counts[:, stratum == value].sum(axis=1) == size).all()


def test_bootstrap_draws_groups_as_a_whole() -> None:
    label = np.array([0, 0, 0, 1, 1, 1, 0, 1, 0, 1])
    group = np.array([5, 5, 9, 4, 4, 2, 7, 7, 1, 1])  # 7 and 1 span both labels
    seen = []

    def remember(counts: NDArray[np.int64]) -> NDArray[np.float64]:
        seen.append(counts)
        return np.zeros((len(counts), 1))

    bootstrap(remember, label, group=group, resamples=40)
    counts = np.concatenate(seen)
    assert counts.shape == (40, 10)
    for value in np.unique(group):
        members = counts[:, group == value]
        assert (members == members[:, :1]).all()
    first_of = {value: int(np.flatnonzero(group == value)[0]) for value in group.tolist()}
    for pool in ([5, 9], [4, 2], [7, 1]):
        assert (counts[:, [first_of[value] for value in pool]].sum(axis=1) == 2).all()
    assert len({tuple(row) for row in counts.tolist()}) > 5


def test_bootstrap_by_group_of_one_draws_as_many_of_each_stratum() -> None:
    stratum = np.array([0] * 3 + [1] * 7)

    def first_stratum(counts: NDArray[np.int64]) -> NDArray[np.float64]:
        assert (counts[:, :3].sum(axis=1) == 3).all()
        return counts[:, :1].astype(np.float64)

    bootstrap(first_stratum, stratum, group=np.arange(10), resamples=20)


def test_bootstrap_of_many_pictures_goes_in_parts() -> None:
    sizes = []

    def remember(counts: NDArray[np.int64]) -> NDArray[np.float64]:
        sizes.append(len(counts))
        return counts[:, :1].astype(np.float64)

    bootstrap(remember, np.zeros(30_000, dtype=np.int64), resamples=150)
    assert len(sizes) > 1
    assert sum(sizes) == 150


def test_bootstrap_does_not_know_what_never_varies() -> None:
    def constant_and_undefined(counts: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.tile([1.0, np.nan], (len(counts), 1))

    assert np.isnan(bootstrap(constant_and_undefined, np.zeros(9, dtype=np.int64))).all()


def _mean_position(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    positions: NDArray[np.float64] = counts @ np.arange(counts.shape[1], dtype=np.float64)
    return positions[:, None]


def coverage(estimates: Sequence[Estimate], truth: float) -> float:
    ends = [(each.low, each.high) for each in estimates]
    return float(
        np.mean(
            [low <= truth <= high for low, high in ends if low is not None and high is not None]
        )
    )
