import numpy as np
import pytest
from numpy.typing import NDArray

from maskwise.errors import InvalidInput
from maskwise.evaluation.intervals import Estimate, bootstrap, f1_rate, mean_rate, rate, wilson


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [  # Newcombe, Statistics in Medicine 17 (1998) 857, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_gives_the_published_values(successes: int, n: int, low: float, high: float) -> None:
    assert wilson(successes, n) == pytest.approx((low, high), abs=5e-5)


def test_wilson_ends_are_mirrored_and_reach_the_edge() -> None:
    assert wilson(20, 20) == pytest.approx([1 - end for end in wilson(0, 20)[::-1]])
    assert wilson(20, 20)[1] == 1.0


def test_more_than_all_is_refused() -> None:
    with pytest.raises(InvalidInput, match="`successes`"):
        wilson(3, 2)


def test_wilson_holds_the_truth_as_often_as_it_says() -> None:
    random, truth, n = np.random.default_rng(0), 0.93, 120
    held = [
        low <= truth <= high
        for low, high in (wilson(int(s), n) for s in random.binomial(n, truth, 4000))
    ]
    assert np.mean(held) == pytest.approx(0.95, abs=0.02)


def test_nothing_seen_is_undefined() -> None:
    assert rate(0, 0) == Estimate()
    assert f1_rate(0, 0) == Estimate()
    assert mean_rate([rate(1, 2), rate(0, 0)]) == Estimate()


def test_f1_agrees_with_its_definition() -> None:
    estimate = f1_rate(true_positive=80, wrong=30)
    assert estimate.value == pytest.approx(2 * 80 / (2 * 80 + 30))
    assert estimate.low is not None
    assert estimate.high is not None
    assert estimate.low < 0.842 < estimate.high


def test_a_perfect_score_is_not_certain() -> None:
    for estimate in (rate(12, 12), f1_rate(12, 0), mean_rate([rate(12, 12), rate(9, 9)])):
        assert estimate.value == 1
        assert estimate.low is not None
        assert estimate.low < 0.9


def test_the_bootstrap_agrees_with_theory_and_is_seeded() -> None:
    values = np.random.default_rng(1).normal(3, 2, 500)

    def mean(counts: NDArray[np.int64]) -> NDArray[np.float64]:
        result: NDArray[np.float64] = (counts @ values / len(values))[:, None]
        return result

    one_stratum = np.zeros(500, dtype=np.int64)
    ((low, high),) = bootstrap(mean, one_stratum)
    half = 1.96 * values.std() / 500**0.5
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.03)
    assert np.array_equal(bootstrap(mean, one_stratum), [[low, high]])


def test_estimates_are_shown_with_their_interval() -> None:
    assert str(Estimate(0.5, 0.25, 0.75)) == "0.500 [0.250, 0.750]"
    assert str(Estimate(0.5)) == "0.500"
    assert str(Estimate()) == "-"
