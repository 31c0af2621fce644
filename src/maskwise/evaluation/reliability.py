"""Reliability: whether probabilities mean what they say."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from maskwise.inference.decision import decide
from maskwise.intervals import Estimate, Statistic, bootstrap, share_of

_RELIABILITY_BINS: Final = 15
_LEAST_PROBABILITY: Final = float(np.finfo(np.float32).eps)  # as scikit-learn's log_loss


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Pictures that were answered with about the same confidence.

    Attributes:
        n: How many.
        confidence: Mean probability of the answer.
        accuracy: Share of right answers; the same as `confidence` where that can be believed.
    """

    n: int
    confidence: float
    accuracy: Estimate

    def to_dict(self) -> Mapping[str, Any]:
        """Plain values for JSON."""
        return {
            "n": self.n,
            "confidence": self.confidence,
            "accuracy": self.accuracy.to_dict(),
        }


def measure_probabilities(
    label: NDArray[np.int64], probability: NDArray[np.float32], group: NDArray[np.int64] | None
) -> tuple[Estimate, Estimate, Estimate]:
    """Log loss, Brier score and calibration error; see `metrics.measure` for the arguments.

    A single mistake can move each of them far, so without any their uncertainty is not known.
    """
    if not len(label):
        return Estimate(), Estimate(), Estimate()
    statistic = _probability_statistic(label, probability)
    log_loss, brier, ece, _ = statistic(np.ones((1, len(label)), dtype=np.int64))[0].tolist()
    if (decide(probability) == label).all():
        return Estimate(log_loss), Estimate(brier), Estimate(ece)
    ends = bootstrap(statistic, label, group=group).tolist()
    return (
        Estimate.of(log_loss, ends[0]),
        Estimate.of(brier, ends[1]),
        Estimate.of(ece, _without_bias(ece, ends[2], noise=ends[3][1])),
    )


def _without_bias(value: float, ends: Sequence[float], *, noise: float) -> tuple[float, float]:
    """The bootstrap's basic interval, from 0 on where chance alone explains the figure.

    Chance keeps confidence and accuracy apart, in the pictures and once more in each draw, so that
    percentiles miss a figure that is truly small. The basic interval mirrors them at the figure:
    Davison and Hinkley (1997), Bootstrap Methods and their Application, section 5.2.

    Args:
        value: The figure.
        ends: Its percentiles over the draws, NaN if they do not vary.
        noise: What it would hardly exceed, were confidence right in each bin.
    """
    low, high = ends
    if math.isnan(low):
        return math.nan, math.nan
    lower = 0.0 if value <= noise else max(0.0, 2 * value - high)
    return lower, min(1.0, max(value, 2 * value - low))


def _probability_statistic(label: NDArray[np.int64], probability: NDArray[np.float32]) -> Statistic:
    """Of many draws: log loss, Brier score, calibration error, and how far chance moves the bins.

    The bins stay as they are.
    """
    n, classes = probability.shape
    exact = probability.astype(np.float64)
    loss = -np.log(np.maximum(exact[np.arange(n), label], _LEAST_PROBABILITY))
    distance = np.square(exact - np.eye(classes)[label]).sum(axis=1) / 2
    confidence = exact.max(axis=1)
    surplus_by_bin = np.zeros((n, _RELIABILITY_BINS))
    surplus = confidence - (decide(probability) == label)
    surplus_by_bin[np.arange(n), _bins(confidence)] = surplus
    columns = np.column_stack([loss, distance, surplus_by_bin])
    measured = surplus_by_bin.mean(axis=0)

    def statistic(counts: NDArray[np.int64]) -> NDArray[np.float64]:
        means = counts @ columns / counts.sum(axis=1, keepdims=True)
        drawn = means[:, 2:]
        ece, noise = np.abs(drawn).sum(axis=1), np.abs(drawn - measured).sum(axis=1)
        return np.column_stack([means[:, :2], ece, noise])

    return statistic


def _bins(confidence: NDArray[np.floating]) -> NDArray[np.int64]:
    """Bins of as many pictures each, by confidence; pictures of equal confidence stay together.

    Source: Nixon et al. (2019), arXiv:1904.01685, "adaptive" binning.
    """
    _, tie, size = np.unique(confidence, return_inverse=True, return_counts=True)
    middle = size.cumsum() - size / 2  # of each tie, counted in pictures
    places = (middle * _RELIABILITY_BINS / max(1, len(confidence))).astype(np.int64)
    numbers: NDArray[np.int64] = places[tie]
    return numbers


def measure_reliability(
    right: NDArray[np.bool_],
    confidence: NDArray[np.float32],
    group: NDArray[np.int64] | None,
) -> tuple[ReliabilityBin, ...]:
    """Up to 15 bins of as many pictures each, from the least confidence up.

    Args:
        right: Which answers are right, `(n,)`.
        confidence: The probability of each answer, `(n,)`.
        group: Which pictures depend on each other, `(n,)`, if any do.
    """
    numbers = _bins(confidence)
    members = [np.flatnonzero(numbers == number) for number in np.unique(numbers)]
    return tuple(
        ReliabilityBin(
            n=len(index),
            confidence=float(confidence[index].mean(dtype=np.float64)),
            accuracy=share_of(right[index], None if group is None else group[index]),
        )
        for index in members
    )
