"""Intervals: between which values a figure lies that was measured on a limited test set."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from maskwise.errors import InvalidInput

CONFIDENCE: Final = 0.95
"""How often, over many test sets, an interval holds the true figure."""

_RESAMPLES: Final = 2000
_ENTRIES_AT_ONCE: Final = 2_000_000

Statistic = Callable[[NDArray[np.int64]], NDArray[np.float64]]
"""From how often each picture was drawn `(b, n)` to `k` figures of each draw `(b, k)`."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and its 95 % interval; None for what the data does not define.

    Attributes:
        value: The figure, as measured.
        low: Lower end of the interval.
        high: Upper end of the interval.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None

    @classmethod
    def of(cls, value: float, ends: Sequence[float]) -> Self:
        """An estimate from numbers in which NaN stands for what is not defined."""
        return cls(*(None if math.isnan(number) else float(number) for number in (value, *ends)))

    def __str__(self) -> str:
        if self.value is None:
            return "-"
        if self.low is None or self.high is None:
            return f"{self.value:.3f}"
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"

    def to_dict(self) -> Mapping[str, float | None]:
        """Plain values for JSON."""
        return {"value": self.value, "low": self.low, "high": self.high}


def wilson(successes: float, n: float, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Wilson's score interval for a rate; close to its promise even near 0 and 1.

    Source: Wilson (1927), J. Am. Stat. Assoc. 22:209; recommended by Brown, Cai and DasGupta
    (2001), Statistical Science 16:101.

    Args:
        successes: How many of the `n` have it.
        n: How many were looked at; an effective size (see `effective_size`) may be a fraction.
        confidence: Between 0 and 1.

    Returns:
        Lower and upper end in [0, 1]; NaN twice if `n` is 0.

    Raises:
        InvalidInput: `successes` is not within 0 to `n`.

    >>> [round(end, 4) for end in wilson(81, 263)]
    [0.2553, 0.3662]
    """
    if not 0 <= successes <= n:
        raise InvalidInput(f"`successes` must be 0 to n={n}. Received: {successes}.")
    if n == 0:
        return math.nan, math.nan
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    centre = (successes + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * math.sqrt(successes * (n - successes) / n + z * z / 4)
    # Rounding must not move an end that is exactly 0 or 1.
    return (
        0.0 if successes == 0 else centre - half,
        1.0 if successes == n else centre + half,
    )


def rate(successes: int, n: int, *, effective_n: float | None = None) -> Estimate:
    """A share of pictures with Wilson's interval; undefined if `n` is 0.

    Args:
        successes: How many of the `n` have it.
        n: How many were looked at.
        effective_n: How many independent pictures they are worth; None for `n`.
    """
    if n == 0:
        return Estimate()
    share = successes / n
    ends = wilson(successes, n) if effective_n is None else wilson(share * effective_n, effective_n)
    return Estimate.of(share, ends)


def f1_rate(true_positive: int, wrong: int, *, effective_n: float | None = None) -> Estimate:
    """F1 with Wilson's interval, taken over the pictures that are or were called positive.

    Of those, the share J of right answers is a rate, and F1 = 2J / (1 + J). Unlike the bootstrap,
    this does not claim certainty when no mistake was seen.

    Source: Lam, Gopal and Qian (2023), arXiv:2309.14621, "Wilson indirect".

    Args:
        true_positive: Positives that were called positive.
        wrong: False positives and false negatives together.
        effective_n: How many independent pictures both are worth together; None for their sum.
    """
    found = rate(true_positive, true_positive + wrong, effective_n=effective_n)
    return Estimate(
        *(None if j is None else 2 * j / (1 + j) for j in (found.value, found.low, found.high))
    )


def effective_size(hit: NDArray[np.bool_] | NDArray[np.int64], group: NDArray[np.int64]) -> float:
    """How many independent pictures these are worth that depend on each other within groups.

    It is the number of pictures divided by Kish's design effect: how much the share of hits varies
    from group to group, beside what it would if each picture stood for itself. No group ever
    counts as more than one picture; where the share does not vary at all, as without a mistake,
    a group is taken to say one thing only. Wilson's interval with this size keeps its promise
    better than the percentiles of a bootstrap by group, which are too narrow for few mistakes.

    Source: Kish (1965), Survey Sampling, chapter 8; for rates near 0 and 1 Korn and Graubard
    (1998), Survey Methodology 24:193.

    Args:
        hit: Which pictures count as a success, `(n,)`; or small whole numbers, of which the mean
            is asked for instead of the share.
        group: Which pictures belong together, `(n,)`.

    Returns:
        Between 1 and the number of groups; 0 without pictures.
    """
    n = len(hit)
    _, member_of, size = np.unique(group, return_inverse=True, return_counts=True)
    hits_by_group = np.bincount(member_of, hit, minlength=len(size)).astype(np.int64)
    hits = int(hits_by_group.sum())
    excess = (n * hits_by_group - hits * size).astype(np.float64)  # n times what exceeds its due
    spread = float(excess @ excess)
    if spread == 0:
        return n * n / float(size @ size) if n else 0.0
    groups, squares = len(size), int((hit.astype(np.int64) ** 2).sum())
    alone = (n * squares - hits * hits) * n / (n - 1)  # the spread, had each picture been a group
    return min(float(groups), n * n * alone * (groups - 1) / (groups * spread))


def share_of(hit: NDArray[np.bool_], group: NDArray[np.int64] | None) -> Estimate:
    """The share of hits among these pictures `(n,)`, by group if they have one."""
    effective_n = None if group is None else effective_size(hit, group)
    return rate(int(hit.sum()), len(hit), effective_n=effective_n)


def mean_rate(rates: Sequence[Estimate]) -> Estimate:
    """The mean of independent rates, with an interval from theirs.

    Source: the square-and-add rule of Newcombe (1998), Stat. Med. 17:873, for any weighted sum by
    Zou and Donner (2008), Stat. Med. 27:1693.

    Args:
        rates: Each with its own interval; those without a value are passed over.

    Returns:
        Undefined if there are fewer than two rates: their balance is then no question.
    """
    known = [(r.value, r.low, r.high) for r in rates if r.value is not None]
    if len(known) < 2:
        return Estimate()
    value, low, high = np.array(known, dtype=np.float64).T
    mean = float(value.mean())
    below = float(np.linalg.norm(value - low)) / len(known)
    above = float(np.linalg.norm(high - value)) / len(known)
    return Estimate(mean, mean - below, mean + above)


def bootstrap(
    statistic: Statistic,
    stratum: NDArray[np.int64],
    *,
    group: NDArray[np.int64] | None = None,
    confidence: float = CONFIDENCE,
    resamples: int = _RESAMPLES,
    seed: int = 0,
) -> NDArray[np.float64]:
    """Percentile intervals from drawing the pictures again and again, with replacement.

    Each stratum keeps its size, so no draw loses a class. Pictures that depend on each other are
    drawn together: a group as a whole, from among the groups that span the same strata.

    Source: Efron and Tibshirani (1993), An Introduction to the Bootstrap, chapter 13; stratified
    as in pROC, Robin et al. (2011), BMC Bioinformatics 12:77; by groups (clusters) as in Davison
    and Hinkley (1997), Bootstrap Methods and their Application, section 3.8, and Cameron, Gelbach
    and Miller (2008), Review of Economics and Statistics 90:414.

    Args:
        statistic: Computes `k` figures of many draws at once; NaN for what is not defined.
        stratum: What each draw keeps the number of, `(n,)`; usually the true label.
        group: Which pictures are drawn together, `(n,)`; None: each by itself.
        confidence: Between 0 and 1.
        resamples: How many draws.
        seed: Decides the draws.

    Returns:
        Ends of `k` intervals, `(k, 2)`. NaN where a figure is undefined or the same in every
        draw: then the pictures hold no mistake to learn its uncertainty from.
    """
    resampled = _resample_counts(stratum, group, resamples, seed)
    draws = [statistic(counts) for counts in resampled]
    figures = np.concatenate(draws)
    tail = (1 - confidence) / 2
    ends: NDArray[np.float64] = np.quantile(figures, [tail, 1 - tail], axis=0).T
    ends[np.ptp(figures, axis=0) == 0] = np.nan
    return ends


def _resample_counts(
    stratum: NDArray[np.int64], group: NDArray[np.int64] | None, resamples: int, seed: int
) -> Iterator[NDArray[np.int64]]:
    random = np.random.default_rng(seed)
    if group is None:
        member_of, strata = np.arange(len(stratum)), stratum
    else:
        member_of, strata = _group_strata(stratum, group)
    pools = [np.flatnonzero(strata == value) for value in np.unique(strata)]
    at_once = max(1, _ENTRIES_AT_ONCE // max(1, len(stratum)))
    for start in range(0, resamples, at_once):
        n_draws = min(at_once, resamples - start)
        counts = np.zeros((n_draws, len(strata)), dtype=np.int64)
        for pool in pools:
            n = len(pool)
            counts[:, pool] = random.multinomial(n, np.full(n, 1 / n), size=n_draws)
        yield counts if group is None else counts[:, member_of]


def _group_strata(
    stratum: NDArray[np.int64], group: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The place of each picture's group, and of each group which strata it spans, as a number."""
    groups, member_of = np.unique(group, return_inverse=True)
    strata, in_stratum = np.unique(stratum, return_inverse=True)
    spans = np.zeros((len(groups), len(strata)), dtype=np.bool_)
    spans[member_of, in_stratum] = True
    _, kind = np.unique(spans, axis=0, return_inverse=True)
    return member_of, kind
