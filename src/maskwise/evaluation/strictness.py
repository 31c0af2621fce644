"""Strictness: how sure a mask must be where no bare face may be missed, and what that is worth."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from maskwise.evaluation.calibration import require_rates
from maskwise.evaluation.metrics import require_fitting
from maskwise.inference.decision import DecisionRule, StrictRule
from maskwise.intervals import Estimate, share_of
from maskwise.labels import WITH_MASK


@dataclass(frozen=True, slots=True, kw_only=True)
class StrictMetrics:
    """What a rule is worth that is used strictly.

    Attributes:
        missed: Of the faces without a mask worn rightly, the share answered `with_mask`.
        believed: Of the faces with a mask worn rightly, the share answered so.
    """

    missed: Estimate
    believed: Estimate

    def to_dict(self) -> Mapping[str, Any]:
        """Plain values for JSON: the figures `missed` and `believed`."""
        return {"missed": self.missed.to_dict(), "believed": self.believed.to_dict()}


def measure_strict(
    label: NDArray[np.int64],
    answer: NDArray[np.int64],
    *,
    group: NDArray[np.int64] | None = None,
) -> StrictMetrics:
    """Measure what answers are worth that were given strictly.

    Args:
        label: The truth, class numbers `(n,)`.
        answer: What was answered, class numbers or -1 for *unsure*, `(n,)`.
        group: Which pictures depend on each other, `(n,)`; None: no two of them.
    """

    def share_believed(of: NDArray[np.bool_]) -> Estimate:
        return share_of((answer == WITH_MASK)[of], None if group is None else group[of])

    return StrictMetrics(
        missed=share_believed(label != WITH_MASK), believed=share_believed(label == WITH_MASK)
    )


def choose_strict(
    label: NDArray[np.int64],
    probability: NDArray[np.float32],
    *,
    rule: DecisionRule,
    max_missed: float,
    confidence: float = 0.95,
    group: NDArray[np.int64] | None = None,
) -> StrictRule:
    """Choose how sure a mask must be so that hardly a bare face is taken for a masked one.

    Of the faces without a mask worn rightly, as many may pass as a rule that misses more than
    `max_missed` would let pass in at most 1 - `confidence` of the validation sets. The threshold
    lies just above the surest that may not.

    Source: as `choose_rule`; since fewer pass at each stricter threshold, one test suffices.

    Args:
        label: The truth of validation pictures, class numbers `(n,)`. The network must not have
            been trained on them.
        probability: The answers `(n, classes)` in [0, 1], not calibrated.
        rule: That this will belong to.
        max_missed: The rate to stay under, between 0 and 1.
        confidence: How often, over many validation sets, the rule must keep it.
        group: Which pictures depend on each other, `(n,)`. Of each group only the face that looks
            most like masked counts.

    Returns:
        A rule; if even none that passes would be too few pictures to tell, not `guaranteed`.

    Raises:
        InvalidInput: Shapes or values do not fit together, or a rate is out of its range.
    """
    require_fitting(label, probability, group)
    require_rates(max_missed=max_missed, confidence=confidence)
    masked = rule.calibrate(probability)[:, WITH_MASK]
    bare = label != WITH_MASK
    _, group_of = np.unique(np.arange(len(label)) if group is None else group, return_inverse=True)
    surest = np.full(int(group_of.max(initial=-1)) + 1, -1.0, dtype=np.float32)
    np.maximum.at(surest, group_of[bare], masked[bare])
    ranked = np.sort(surest[surest >= 0])[::-1]
    n_passing = np.arange(len(ranked))
    passes = binom.cdf(n_passing, len(ranked), max_missed) <= 1 - confidence
    n_passed = int(passes.sum())
    threshold = np.nextafter(ranked[n_passed - 1], np.float32(2)) if n_passed else np.float32(1)
    return StrictRule(
        min_probability=min(float(threshold), 1.0),
        max_missed=max_missed,
        confidence=confidence,
        guaranteed=n_passed > 0 and float(threshold) <= 1,
        n=len(ranked),
    )
