"""Calibration: how sure a network may be, when it must hold back, and what that is worth."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar
from scipy.special import logsumexp
from scipy.stats import binom

from maskwise.errors import InvalidInput
from maskwise.evaluation.metrics import Curve, require_fitting
from maskwise.inference.decision import DecisionRule, decide
from maskwise.intervals import Estimate, bootstrap, share_of
from maskwise.labels import INCORRECT, UNSURE

_FORGIVEN: Final = (2, 1, 0)  # errors that the first threshold may pass with
_MIN_PICTURES: Final = 20
_TEMPERATURES: Final = 0.05, 20.0
_MAX_BIAS: Final = 10.0
_LEAST_PROBABILITY: Final = float(np.finfo(np.float32).eps)


@dataclass(frozen=True, slots=True)
class CoverageRisk:
    """What holding back would give at each threshold.

    Attributes:
        curve: Share of pictures answered (x) and error rate among them (y), from the surest
            answers to all; None without pictures.
        aurc: The area under it: the mean, over the pictures, of the error rate of the rule that
            just answers them. 0 is perfect.
    """

    curve: Curve | None
    aurc: Estimate

    def to_dict(self) -> Mapping[str, Any]:
        """Plain values for JSON: `aurc`; `coverage` and `error`, equally long lists, or null."""
        return {
            "aurc": self.aurc.to_dict(),
            "coverage": None if self.curve is None else list(self.curve.x),
            "error": None if self.curve is None else list(self.curve.y),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectiveMetrics:
    """What a rule is worth that may answer *unsure*.

    Attributes:
        n: How many pictures were judged on.
        answered: How many of them were answered.
        coverage: Share of pictures answered.
        error: Share of wrong answers among the answered; None if nothing was answered.
    """

    n: int
    answered: int
    coverage: Estimate
    error: Estimate

    def to_dict(self) -> Mapping[str, Any]:
        """Plain values for JSON: `n`, `answered`, then the figures `coverage` and `error`."""
        return {
            "n": self.n,
            "answered": self.answered,
            "coverage": self.coverage.to_dict(),
            "error": self.error.to_dict(),
        }


def fit_temperature(label: NDArray[np.int64], probability: NDArray[np.float32]) -> float:
    """Find the temperature at which the probabilities are as sure as they may be.

    It minimises the log loss of softmax(ln(probability) / temperature) on these pictures, with the
    truth taken to be certain up to one picture in n + 2: where every answer is right, or a wrong
    one has probability 1, the temperature is still finite and no answer becomes surer than the
    number of pictures allows.

    Source: Guo et al. (2017), arXiv:1706.04599; the truth is softened after Platt (1999),
    Advances in Large Margin Classifiers, p. 61.

    Args:
        label: The truth of validation pictures, class numbers `(n,)`.
        probability: The answers `(n, classes)` in [0, 1]. Those under 1.2e-7 count as that.

    Returns:
        From 0.05 to 20; 1 for fewer than 20 pictures, which say too little.

    Raises:
        InvalidInput: Shapes or values do not fit together.
    """
    require_fitting(label, probability)
    if len(label) < _MIN_PICTURES:
        return 1.0
    loss = _log_loss(label, probability)
    low, high = map(math.log, _TEMPERATURES)
    found = minimize_scalar(lambda x: loss(math.exp(x), 0.0), bounds=(low, high), method="bounded")
    return math.exp(found.x)


def _log_loss(
    label: NDArray[np.int64], probability: NDArray[np.float32]
) -> Callable[[float, Any], float]:
    """The log loss at a temperature and a bias, the truth being certain up to one in n + 2."""
    n, classes = probability.shape
    logit = np.log(np.maximum(probability.astype(np.float64), _LEAST_PROBABILITY))
    logit -= logit.max(axis=1, keepdims=True)
    truth = np.full((n, classes), 1 / ((n + 2) * (classes - 1)))
    truth[np.arange(n), label] = (n + 1) / (n + 2)

    def loss(temperature: float, bias: Any) -> float:
        scaled = logit / temperature + bias
        total = logsumexp(scaled, axis=1)
        return float((total - (truth * scaled).sum(axis=1)).mean())

    return loss


def fit_scaling(
    label: NDArray[np.int64], probability: NDArray[np.float32]
) -> tuple[float, tuple[float, ...]]:
    """Find temperature and bias of `incorrect` at which the probabilities are as sure as may be.

    For a network whose training showed masks worn wrongly, which are rare, more often than they
    occur: the bias takes that back, as far as the validation pictures tell how often it is. Mask
    and no mask have none: a bias would follow which of them is easier on these pictures, and hide
    masks or bare faces elsewhere.

    Source: bias-corrected temperature scaling, Alexandari, Kundaje and Shrikumar (2020),
    arXiv:1901.06852; the truth is softened as in `fit_temperature`.

    Args:
        label: As `fit_temperature` takes it.
        probability: Likewise.

    Returns:
        The temperature and the bias of each class, 0 for all but `incorrect`. With two classes, or
        fewer than 20 pictures of one, which say too little of how often it occurs:
        `fit_temperature`, and no bias.

    Raises:
        InvalidInput: Shapes or values do not fit together.
    """
    temperature = fit_temperature(label, probability)
    classes = probability.shape[1]
    if classes <= INCORRECT or _are_few(label, classes):
        return temperature, ()
    loss = _log_loss(label, probability)
    low, high = map(math.log, _TEMPERATURES)
    found = minimize(
        lambda x: loss(math.exp(x[0]), (0.0, 0.0, x[1])),
        [math.log(temperature), 0.0],
        method="L-BFGS-B",
        bounds=[(low, high), (-_MAX_BIAS, _MAX_BIAS)],
    )
    return math.exp(found.x[0]), (0.0, 0.0, float(found.x[1]))


def _are_few(label: NDArray[np.int64], classes: int) -> bool:
    return bool(np.bincount(label, minlength=classes).min() < _MIN_PICTURES)


def scale(
    label: NDArray[np.int64],
    probability: NDArray[np.float32],
    *,
    is_biased: bool = False,
    before: DecisionRule | None = None,
) -> DecisionRule:
    """The rule that answers always, as sure as it may be; or as often as the one `before`.

    Args:
        label: As `fit_temperature` takes it.
        probability: Likewise.
        is_biased: Whether the training showed `incorrect` more often than it occurs: then as
            `fit_scaling`, else as `fit_temperature`.
        before: How the network answered from which the training went on; None if from none. Its
            least probability is kept; so are its temperature and bias where some class has fewer
            than 20 pictures.

    Raises:
        InvalidInput: Shapes or values do not fit together.
    """
    require_fitting(label, probability)
    if before is not None and _are_few(label, probability.shape[1]):
        temperature, bias = before.temperature, before.bias
    elif is_biased:
        temperature, bias = fit_scaling(label, probability)
    else:
        temperature, bias = fit_temperature(label, probability), ()
    return DecisionRule(
        temperature=temperature,
        bias=bias,
        min_probability=before.min_probability if before else 0.0,
        n=len(label),
    )


def choose_rule(
    label: NDArray[np.int64],
    probability: NDArray[np.float32],
    *,
    max_error: float,
    confidence: float = 0.95,
    group: NDArray[np.int64] | None = None,
    is_biased: bool = False,
    before: DecisionRule | None = None,
) -> DecisionRule:
    """Choose when to answer so that errors among the answered stay under a rate.

    The thresholds are the probabilities seen. From a strict one down, each is tested: would a rule
    with more than `max_error` errors among the answered make as few as these? The last before the
    first that fails is taken. Tested in this order, all tests together are wrong in at most
    1 - `confidence` of the validation sets, provided that surer answers are not wrong more often.
    The first threshold is one that passes even with two errors, if half of the pictures suffice for
    that, so that one wrong label among the surest answers does not end the search at once; else
    with one, or none. It follows from the number of answers alone, never from their errors.
    Unlike in selective risk control by bisection (Geifman and El-Yaniv, 2017, arXiv:1705.08500), no
    test has to pay for the others.

    Source: fixed-sequence testing in Learn then Test, Angelopoulos et al. (2021),
    arXiv:2110.01052, with exact binomial p-values.

    Args:
        label: The truth of validation pictures, class numbers `(n,)`. The network must not have
            been trained on them.
        probability: The answers `(n, classes)` in [0, 1], not calibrated.
        max_error: The rate to stay under, between 0 and 1.
        confidence: How often, over many validation sets, the rule must keep it.
        group: Which pictures depend on each other, `(n,)`. Of each group only the worst answer
            counts, as groups are independent but pictures are not: the surest of the wrong ones, or
            the least sure if all are right. The rate then holds for one picture of each group.
        is_biased: As `scale` takes it.
        before: Likewise.

    Returns:
        A rule scaled as by `scale`. If no threshold passes, it is not
        `guaranteed` and answers nothing.

    Raises:
        InvalidInput: Shapes or values do not fit together, or a rate is out of its range.
    """
    require_fitting(label, probability, group)
    require_rates(max_error=max_error, confidence=confidence)
    scaled = scale(label, probability, is_biased=is_biased, before=before)
    calibrated = scaled.calibrate(probability)
    sure, wrong = calibrated.max(axis=1, initial=0), decide(calibrated) != label
    if group is not None:
        worst = _worst_of_each(group, sure, wrong)
        sure, wrong = sure[worst], wrong[worst]
    threshold = _lowest_threshold(sure, wrong, max_error, 1 - confidence)
    return replace(
        scaled,
        min_probability=1.0 if threshold is None else threshold,
        max_error=max_error,
        confidence=confidence,
        guaranteed=threshold is not None,
        n=len(sure),
    )


def coverage_risk(
    label: NDArray[np.int64],
    probability: NDArray[np.float32],
    *,
    group: NDArray[np.int64] | None = None,
) -> CoverageRisk:
    """Measure what holding back would give, at each threshold on the probability of the answer.

    Source: El-Yaniv and Wiener (2010), JMLR 11:1605; the area is that of Geifman, Uziel and
    El-Yaniv (2019), arXiv:1805.08206.

    Args:
        label: The truth, class numbers `(n,)`.
        probability: The answers `(n, classes)` in [0, 1], calibrated if the rule calibrates.
        group: Which pictures depend on each other, `(n,)`; None: no two of them.

    Returns:
        The curve, at most 200 points, and its area; the area has no interval if no answer, or
        every one, is wrong.

    Raises:
        InvalidInput: Shapes or values do not fit together.
    """
    require_fitting(label, probability, group)
    if not len(label):
        return CoverageRisk(None, Estimate())
    order, ends = _rank(probability.max(axis=1))
    wrong = (decide(probability) != label)[order]

    def count(drawn: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        ranked = drawn[:, order]
        return ranked.cumsum(axis=1)[:, ends], (ranked * wrong).cumsum(axis=1)[:, ends]

    def area(drawn: NDArray[np.int64]) -> NDArray[np.float64]:
        answered, errors = count(drawn)
        share = np.diff(answered, axis=1, prepend=0) / answered[:, -1:]
        risk = errors / np.maximum(answered, 1)
        areas: NDArray[np.float64] = (share * risk).sum(axis=1, keepdims=True)
        return areas

    once = np.ones((1, len(label)), dtype=np.int64)
    (answered,), (errors,) = count(once)
    return CoverageRisk(
        curve=Curve.through(answered / len(label), errors / answered),
        aurc=Estimate.of(float(area(once)[0, 0]), bootstrap(area, label, group=group)[0].tolist()),
    )


def measure_selective(
    label: NDArray[np.int64],
    answer: NDArray[np.int64],
    *,
    group: NDArray[np.int64] | None = None,
) -> SelectiveMetrics:
    """Measure what answers are worth of which some are *unsure*.

    Args:
        label: The truth, class numbers `(n,)`.
        answer: What was answered, class numbers or -1 for *unsure*, `(n,)`.
        group: Which pictures depend on each other, `(n,)`; None: no two of them.

    Raises:
        InvalidInput: Their lengths differ.
    """
    for name, column in {"answer": answer, "group": group}.items():
        if column is not None and column.shape != label.shape:
            raise InvalidInput(
                f"`{name}` must have one entry for each of the {len(label)} pictures. "
                f"Received shape: {column.shape}."
            )
    answered = answer != UNSURE
    wrong = (answer != label)[answered]
    return SelectiveMetrics(
        n=len(label),
        answered=int(answered.sum()),
        coverage=share_of(answered, group),
        error=share_of(wrong, None if group is None else group[answered]),
    )


def require_rates(**rates: float) -> None:
    """Refuse what is no share.

    Raises:
        InvalidInput: One does not lie between 0 and 1.
    """
    for name, value in rates.items():
        if not 0 < value < 1:
            raise InvalidInput(f"`{name}` must be between 0 and 1. Received: {value}.")


def _worst_of_each(
    group: NDArray[np.int64], confidence: NDArray[np.float32], wrong: NDArray[np.bool_]
) -> NDArray[np.int64]:
    order = np.lexsort((np.where(wrong, -confidence, confidence), ~wrong, group))
    _, first = np.unique(group[order], return_index=True)
    worst: NDArray[np.int64] = order[first]
    return worst


def _lowest_threshold(
    confidence: NDArray[np.float32], wrong: NDArray[np.bool_], max_error: float, risk: float
) -> float | None:
    """The last threshold before the first, from the strictest down, that fails its test."""
    order, ends = _rank(confidence)
    answered, errors = ends + 1, wrong[order].cumsum()[ends]
    # Fewer answers could not pass: to test them would end the sequence.
    for forgiven in _FORGIVEN:
        enough = np.flatnonzero(binom.cdf(forgiven, answered, max_error) <= risk)
        if len(enough) and answered[enough[0]] <= len(confidence) / 2:
            break
    passes = binom.cdf(errors[enough], answered[enough], max_error) <= risk
    n_passed = int(np.logical_and.accumulate(passes).sum())
    if n_passed == 0:
        return None
    last = int(enough[n_passed - 1])
    everything = last == len(ends) - 1  # then nothing has to be held back
    return 0.0 if everything else float(confidence[order[ends[last]]])


def _rank(confidence: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The order from the surest down, and where in it each run of equal confidence ends."""
    order = np.argsort(-confidence, kind="stable")
    ranked = confidence[order]
    return order, np.flatnonzero(np.r_[ranked[1:] != ranked[:-1], np.ones(len(ranked[:1]), bool)])
