"""Metrics: what the answers on a test set are worth, each figure with its interval."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics as sklearn_metrics

from maskwise.errors import InvalidInput
from maskwise.evaluation.reliability import (
    ReliabilityBin,
    measure_probabilities,
    measure_reliability,
)
from maskwise.inference.decision import decide
from maskwise.intervals import (
    CONFIDENCE,
    Estimate,
    Statistic,
    bootstrap,
    effective_size,
    f1_rate,
    mean_rate,
    share_of,
)
from maskwise.labels import LABELS, WITH_MASK, label_name

_MAX_CURVE_POINTS: Final = 200


@dataclass(frozen=True, slots=True)
class ClassMetrics:
    """How well one class is told from the others.

    Attributes:
        label: A class number.
        support: How many pictures are of this class.
        precision: Of the pictures called this, the share that is.
        recall: Of the pictures that are this, the share called so.
        f1: Harmonic mean of both.
    """

    label: int
    support: int
    precision: Estimate
    recall: Estimate
    f1: Estimate

    def to_dict(self) -> Mapping[str, Any]:
        """Plain values for JSON."""
        return {
            "label": label_name(self.label),
            "support": self.support,
            "precision": self.precision.to_dict(),
            "recall": self.recall.to_dict(),
            "f1": self.f1.to_dict(),
        }


@dataclass(frozen=True, slots=True)
class Curve:
    """Points of a curve over all thresholds, at most 200, from the highest threshold down.

    Attributes:
        x: From 0 to 1.
        y: From 0 to 1.
    """

    x: tuple[float, ...]
    y: tuple[float, ...]

    @classmethod
    def through(cls, x: NDArray[np.float64], y: NDArray[np.float64]) -> Self:
        """The curve through these points `(n,)`, of which some are left out where they crowd."""
        steps = np.hypot(np.diff(x), np.diff(y))
        along = np.r_[0.0, steps.cumsum()]
        even = np.linspace(0, along[-1], _MAX_CURVE_POINTS)
        kept = np.unique(np.r_[np.searchsorted(along, even[:-1]), len(x) - 1])
        return cls(tuple(x[kept].tolist()), tuple(y[kept].tolist()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """What the answers are worth. *Positive* is `with_mask`, *negative* every other class.

    Attributes:
        n_groups: How many groups of dependent pictures there are; None if none were told.
        accuracy: Share of right answers.
        balanced_accuracy: Mean of the classes' recalls.
        auroc: Chance that a picture with mask scores higher than one without; ties count half.
        average_precision: Mean precision over all recalls.
        log_loss: Mean of -ln(probability given to the truth).
        brier: Half the mean squared distance between the probabilities and the truth, in [0, 1]
            for any number of classes; for two it is the usual mean of (p - y)².
        ece: Expected calibration error: how far the probability of the answer and the share of
            right answers are apart, on average over `reliability`, in [0, 1].
        reliability: Up to 15 bins of as many pictures each, from the least confidence up.
        confusion: How many pictures of each class (row) were called what (column).
        per_class: In the order of `LABELS`.
        roc: False positive rate (x) and recall (y); None unless both kinds were seen.
        precision_recall: Recall (x) and precision (y); None unless both kinds were seen.
    """

    n_groups: int | None
    accuracy: Estimate
    balanced_accuracy: Estimate
    auroc: Estimate
    average_precision: Estimate
    log_loss: Estimate
    brier: Estimate
    ece: Estimate
    reliability: tuple[ReliabilityBin, ...]
    confusion: tuple[tuple[int, ...], ...]
    per_class: tuple[ClassMetrics, ...]
    roc: Curve | None
    precision_recall: Curve | None

    @property
    def n(self) -> int:
        """How many pictures were judged on."""
        return sum(map(sum, self.confusion))

    @property
    def right(self) -> int:
        """How many answers are right."""
        return sum(row[index] for index, row in enumerate(self.confusion))

    @property
    def positive(self) -> ClassMetrics:
        """Precision, recall and F1 of `with_mask`."""
        return self.per_class[WITH_MASK]

    @property
    def false_positive_rate(self) -> float | None:
        """Of the pictures without (correct) mask, the share called with mask."""
        others = [row for label, row in enumerate(self.confusion) if label != WITH_MASK]
        negatives = sum(map(sum, others))
        return sum(row[WITH_MASK] for row in others) / negatives if negatives else None

    def to_dict(self) -> Mapping[str, Any]:
        """Plain values for JSON; null where the pictures do not define a figure.

        `n`, `n_groups` (null if no groups were told), `positive` and `confidence`; then
        `{value, low, high}` for each figure; `reliability`, a list of bins with n, confidence and
        the figure accuracy; `confusion` with its `labels`; `per_class`, a list with label, support
        and three figures; `roc` and `precision_recall`, two equally long lists each.
        """
        return {
            "n": self.n,
            "n_groups": self.n_groups,
            "positive": LABELS[WITH_MASK],
            "confidence": CONFIDENCE,
            "accuracy": self.accuracy.to_dict(),
            "balanced_accuracy": self.balanced_accuracy.to_dict(),
            "precision": self.positive.precision.to_dict(),
            "recall": self.positive.recall.to_dict(),
            "f1": self.positive.f1.to_dict(),
            "auroc": self.auroc.to_dict(),
            "average_precision": self.average_precision.to_dict(),
            "log_loss": self.log_loss.to_dict(),
            "brier": self.brier.to_dict(),
            "ece": self.ece.to_dict(),
            "reliability": [each.to_dict() for each in self.reliability],
            "labels": [label_name(each.label) for each in self.per_class],
            "confusion": [list(row) for row in self.confusion],
            "per_class": [each.to_dict() for each in self.per_class],
            "roc": _curve_to_dict(self.roc, "false_positive_rate", "recall"),
            "precision_recall": _curve_to_dict(self.precision_recall, "recall", "precision"),
        }


def measure(
    label: NDArray[np.int64],
    probability: NDArray[np.float32],
    *,
    group: NDArray[np.int64] | None = None,
) -> Metrics:
    """Compare answers with the truth.

    Args:
        label: The truth, class numbers `(n,)` of `maskwise.LABELS`.
        probability: The answers `(n, classes)` in [0, 1], in the order of `maskwise.LABELS`.
        group: Which pictures depend on each other, `(n,)`, as near-duplicates and faces of one
            scene do: those with the same number. None: no two of them.

    Returns:
        All figures; what the pictures do not define, such as a recall without positives or
        anything at all without pictures, is None. Rates have Wilson's interval, with groups at
        their effective size; the others are bootstrapped, with groups by group.

    Raises:
        InvalidInput: Shapes or values do not fit together.
    """
    require_fitting(label, probability, group)
    answer, classes = decide(probability), probability.shape[1]
    confusion = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(confusion, (label, answer), 1)
    per_class = tuple(_class_metrics(label == k, answer == k, k, group) for k in range(classes))
    auroc, average_precision = _ranking_estimates(label, probability, group)
    log_loss, brier, ece = measure_probabilities(label, probability, group)
    roc, precision_recall = _curves(label == WITH_MASK, probability[:, WITH_MASK])
    return Metrics(
        n_groups=None if group is None else len(np.unique(group)),
        accuracy=share_of(answer == label, group),
        balanced_accuracy=mean_rate([each.recall for each in per_class]),
        auroc=auroc,
        average_precision=average_precision,
        log_loss=log_loss,
        brier=brier,
        ece=ece,
        reliability=measure_reliability(answer == label, probability.max(axis=1), group),
        confusion=tuple(tuple(row) for row in confusion.tolist()),
        per_class=per_class,
        roc=roc,
        precision_recall=precision_recall,
    )


def require_fitting(
    label: NDArray[np.int64],
    probability: NDArray[np.float32],
    group: NDArray[np.int64] | None = None,
) -> None:
    """Raise InvalidInput unless each picture has a label, probabilities and, if any, a group."""
    if probability.ndim != 2 or not 2 <= probability.shape[1] <= len(LABELS):
        raise InvalidInput(
            f"`probability` must have shape (n, classes) with 2 or {len(LABELS)} classes. "
            f"Received: {probability.shape}."
        )
    if label.shape != probability.shape[:1]:
        raise InvalidInput(
            f"`label` must have one entry for each of the {len(probability)} rows of "
            f"`probability`. Received shape: {label.shape}."
        )
    if not ((label >= 0) & (label < probability.shape[1])).all():
        raise InvalidInput(
            f"`label` must be 0 to {probability.shape[1] - 1}. "
            f"Received: {int(label.min())} to {int(label.max())}."
        )
    if not ((probability >= 0) & (probability <= 1)).all():
        raise InvalidInput(
            f"`probability` must lie between 0 and 1. "
            f"Received: {probability.min()} to {probability.max()}."
        )
    if group is not None and group.shape != label.shape:
        raise InvalidInput(
            f"`group` must have one entry for each of the {len(label)} pictures. "
            f"Received shape: {group.shape}."
        )


def _class_metrics(
    true: NDArray[np.bool_],
    called: NDArray[np.bool_],
    label: int,
    group: NDArray[np.int64] | None,
) -> ClassMetrics:
    def among(pictures: NDArray[np.bool_]) -> NDArray[np.int64] | None:
        return None if group is None else group[pictures]

    either, right = true | called, true & called
    f1_size = None if group is None else effective_size(right[either], group[either])
    return ClassMetrics(
        label=label,
        support=int(true.sum()),
        precision=share_of(true[called], among(called)),
        recall=share_of(called[true], among(true)),
        f1=f1_rate(int(right.sum()), int((true ^ called).sum()), effective_n=f1_size),
    )


def _ranking_estimates(
    label: NDArray[np.int64], probability: NDArray[np.float32], group: NDArray[np.int64] | None
) -> tuple[Estimate, Estimate]:
    positive, score = label == WITH_MASK, probability[:, WITH_MASK]
    if positive.all() or not positive.any():
        return Estimate(), Estimate()
    auroc = float(sklearn_metrics.roc_auc_score(positive, score))
    average_precision = float(sklearn_metrics.average_precision_score(positive, score))
    ends = bootstrap(_ranking_statistic(positive, score), label, group=group).tolist()
    return Estimate.of(auroc, ends[0]), Estimate.of(average_precision, ends[1])


def _ranking_statistic(positive: NDArray[np.bool_], score: NDArray[np.float32]) -> Statistic:
    """AUROC and average precision of many draws, from one sorting of the scores."""
    order = np.argsort(-score, kind="stable")
    ranked = score[order]
    first_of_tie = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
    is_positive = positive[order]

    def statistic(counts: NDArray[np.int64]) -> NDArray[np.float64]:
        drawn = counts[:, order]
        positives = np.add.reduceat(drawn * is_positive, first_of_tie, axis=1)
        negatives = np.add.reduceat(drawn * ~is_positive, first_of_tie, axis=1)
        found, false = positives.cumsum(axis=1), negatives.cumsum(axis=1)
        n_pairs = found[:, -1] * false[:, -1]
        auroc = (negatives * (found - positives / 2)).sum(axis=1) / n_pairs
        precision = found / np.maximum(found + false, 1)
        average_precision = (positives * precision).sum(axis=1) / found[:, -1]
        return np.stack([auroc, average_precision], axis=1)

    return statistic


def _curves(
    positive: NDArray[np.bool_], score: NDArray[np.float32]
) -> tuple[Curve | None, Curve | None]:
    if positive.all() or not positive.any():
        return None, None
    false_positive_rate, recall, _ = sklearn_metrics.roc_curve(positive, score)
    roc = Curve.through(false_positive_rate, recall)
    precision, recall, _ = sklearn_metrics.precision_recall_curve(positive, score)
    return roc, Curve.through(recall[::-1], precision[::-1])


def _curve_to_dict(curve: Curve | None, x: str, y: str) -> Mapping[str, Any] | None:
    return None if curve is None else {x: list(curve.x), y: list(curve.y)}
