"""Paired: what two networks' answers on the same pictures are worth beside each other."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from maskwise.evaluation.metrics import Metrics, measure
from maskwise.inference.decision import decide
from maskwise.intervals import Estimate, effective_size, mean_rate, wilson
from maskwise.labels import LABELS

SIGNIFICANCE: Final = 0.05
"""At and above this p, a difference may well be chance."""

Table = tuple[tuple[int, int], tuple[int, int]]
"""How many pictures A answered rightly (first row) and wrongly, and B likewise (columns)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedMetrics:
    """Figures of A and of B, and by how much those of A are higher.

    The intervals of the differences are paired: they know that both answered the same pictures,
    most of which are easy, or hard, for either.

    Attributes:
        a: Metrics of A.
        b: Metrics of B.
        table: Pictures by whether A (row) and B (column) answered them rightly.
        accuracy_difference: Accuracy of A less that of B, in [-1, 1].
        balanced_accuracy_difference: Likewise.
        recall_differences: Likewise, for each class in the order of `LABELS`.
        p_value: Of McNemar's exact test: how often chance alone would part two equally good
            networks at least this far.
    """

    a: Metrics
    b: Metrics
    table: Table
    accuracy_difference: Estimate
    balanced_accuracy_difference: Estimate
    recall_differences: tuple[Estimate, ...]
    p_value: float

    @property
    def n(self) -> int:
        """How many pictures both were judged on."""
        return sum(map(sum, self.table))

    @property
    def better(self) -> Literal["a", "b"] | None:
        """Who answers more pictures rightly, if that can be said.

        Only if McNemar's p is below 0.05 and the interval of the difference leaves out 0.
        """
        low, high = self.accuracy_difference.low, self.accuracy_difference.high
        if low is None or high is None or self.p_value >= SIGNIFICANCE:
            return None
        return "a" if low > 0 else "b" if high < 0 else None

    def to_dict(self) -> Mapping[str, Any]:
        """Plain values for JSON.

        `n`, `better` (a, b or null) and `mcnemar_p`; `table` with the counts `both_right`,
        `only_a_right`, `only_b_right` and `both_wrong`; the differences of `accuracy`,
        `balanced_accuracy` and, by class, `recall`, A less B, each `{value, low, high}`; all
        figures of `a` and `b` as `Metrics.to_dict` has them.
        """
        (both_right, only_a_right), (only_b_right, both_wrong) = self.table
        recalls = zip(LABELS, self.recall_differences, strict=False)
        return {
            "n": self.n,
            "better": self.better,
            "mcnemar_p": self.p_value,
            "table": {
                "both_right": both_right,
                "only_a_right": only_a_right,
                "only_b_right": only_b_right,
                "both_wrong": both_wrong,
            },
            "difference": {
                "accuracy": self.accuracy_difference.to_dict(),
                "balanced_accuracy": self.balanced_accuracy_difference.to_dict(),
                "recall": {name: difference.to_dict() for name, difference in recalls},
            },
            "a": self.a.to_dict(),
            "b": self.b.to_dict(),
        }


def measure_paired(
    label: NDArray[np.int64],
    probability_a: NDArray[np.float32],
    probability_b: NDArray[np.float32],
    *,
    group: NDArray[np.int64] | None = None,
) -> PairedMetrics:
    """Judge the answers of two networks on the same pictures.

    Pictures that depend on each other are no independent witnesses: intervals count them as the
    number that they are worth (`maskwise.intervals.effective_size`), and in McNemar's test each
    group speaks once, for the network that answered more of it rightly.

    Args:
        label: The truth, `(n,)`, entries of `LABELS` by number.
        probability_a: What A answered, `(n, classes)` in the order of `LABELS`.
        probability_b: What B answered, likewise.
        group: Which pictures depend on each other, `(n,)`; None: each stands for itself.

    Raises:
        InvalidInput: Shapes or values do not fit together.
    """
    a = measure(label, probability_a, group=group)
    b = measure(label, probability_b, group=group)
    right_a, right_b = decide(probability_a) == label, decide(probability_b) == label
    member_of = np.arange(len(label)) if group is None else group

    def difference(among: NDArray[np.bool_]) -> Estimate:
        lead = right_a[among].astype(np.int64) - right_b[among]
        return paired_difference(
            cross(right_a[among], right_b[among]),
            effective_n=effective_size(lead, member_of[among]),
        )

    recalls = tuple(difference(label == each) for each in range(probability_a.shape[1]))
    return PairedMetrics(
        a=a,
        b=b,
        table=cross(right_a, right_b),
        accuracy_difference=difference(np.ones(len(label), dtype=np.bool_)),
        # The classes are independent samples, so the mean of their paired differences has an
        # interval from theirs. Unlike a bootstrap, it does not claim certainty where no two
        # answers differed.
        balanced_accuracy_difference=mean_rate(recalls),
        recall_differences=recalls,
        p_value=mcnemar(*_leads(right_a, right_b, member_of)),
    )


def _leads(
    right_a: NDArray[np.bool_], right_b: NDArray[np.bool_], group: NDArray[np.int64]
) -> tuple[int, int]:
    """Of how many groups A answered more rightly than B, and of how many B more than A."""
    _, member_of = np.unique(group, return_inverse=True)
    lead = np.bincount(member_of, right_a.astype(np.float64) - right_b)
    return int((lead > 0).sum()), int((lead < 0).sum())


def cross(right_a: NDArray[np.bool_], right_b: NDArray[np.bool_]) -> Table:
    """Count pictures by whether A (row) and B (column) answered them rightly; both `(n,)`."""
    return (
        (int((right_a & right_b).sum()), int((right_a & ~right_b).sum())),
        (int((~right_a & right_b).sum()), int((~right_a & ~right_b).sum())),
    )


def mcnemar(only_a: int, only_b: int) -> float:
    """McNemar's exact test of whether two networks are right equally often.

    Only pictures that one of them alone answered rightly speak for either; if both are equally
    good, these fall to either like a fair coin.

    Source: McNemar (1947), Psychometrika 12:153; for classifiers, Dietterich (1998), Neural
    Computation 10:1895.

    Args:
        only_a: How many pictures A alone answered rightly.
        only_b: How many B alone did.

    Returns:
        The two-sided p; 1 if there is no such picture.

    >>> round(mcnemar(8, 1), 4)
    0.0391
    """
    if only_a + only_b == 0:
        return 1.0
    return float(stats.binomtest(only_a, only_a + only_b).pvalue)


def paired_difference(table: Table, *, effective_n: float | None = None) -> Estimate:
    """How much higher A's share of right answers is than B's, in [-1, 1].

    Source: Newcombe (1998), Stat. Med. 17:2635, method 10: from Wilson's intervals of both shares
    and the correlation of the answers.

    Args:
        table: Pictures by whether A (row) and B (column) answered them rightly.
        effective_n: How many independent pictures they are worth; None for their number.

    Returns:
        Undefined without pictures. The interval has a width even if no two answers differed.
    """
    (both_right, only_a), (only_b, both_wrong) = table
    n = both_right + only_a + only_b + both_wrong
    if n == 0:
        return Estimate()
    a, b = (both_right + only_a) / n, (both_right + only_b) / n
    worth = n if effective_n is None else effective_n
    low_a, high_a = wilson(a * worth, worth)
    low_b, high_b = wilson(b * worth, worth)
    phi = _correlation(table, worth)
    below = _side(a - low_a, high_b - b, phi)
    above = _side(high_a - a, b - low_b, phi)
    difference = (only_a - only_b) / n
    return Estimate(difference, difference - below, difference + above)


def _side(one: float, other: float, phi: float) -> float:
    # Never negative in exact arithmetic; rounding may make it so where it is 0.
    return math.sqrt(max(0.0, one * one - 2 * phi * one * other + other * other))


def _correlation(table: Table, effective_n: float) -> float:
    """Phi with Newcombe's correction: agreement counts for less, as n is finite."""
    (both_right, only_a), (only_b, both_wrong) = table
    margins = math.prod(
        (both_right + only_a, only_b + both_wrong, both_right + only_b, only_a + both_wrong)
    )
    if margins == 0:
        return 0.0
    n = both_right + only_a + only_b + both_wrong
    covariance = float(both_right * both_wrong - only_a * only_b)
    if covariance > 0:
        covariance = max(0.0, covariance - n * n / (2 * effective_n))
    return covariance / math.sqrt(margins)
