"""Wording: the figures in words and digits, the same in page, chart and Markdown."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from maskwise.evaluation.intervals import Estimate
from maskwise.evaluation.metrics import Metrics

Scale = Literal["share", "index", "loss"]
"""How a figure is written: a share in percent, an index in [0, 1] and a loss with decimals."""

_NOTHING: Final = "\N{EN DASH}"


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure and how it is put before people.

    Attributes:
        title: Its name.
        gist: What it is, in a few words.
        meaning: What it says, in a sentence.
        of: Takes it out of the metrics.
        scale: How it is written.
    """

    title: str
    gist: str
    meaning: str
    of: Callable[[Metrics], Estimate]
    scale: Scale = "share"


FIGURES: Final = (
    Figure(
        "Accuracy",
        "answers that are right",
        "Of all pictures, the share that was answered rightly.",
        lambda metrics: metrics.accuracy,
    ),
    Figure(
        "Precision",
        "called mask, is mask",
        "Of the pictures called “mask”, the share that shows a mask worn rightly.",
        lambda metrics: metrics.positive.precision,
    ),
    Figure(
        "Recall",
        "is mask, called mask",
        "Of the pictures that show a mask worn rightly, the share called “mask”.",
        lambda metrics: metrics.positive.recall,
    ),
    Figure(
        "F1",
        "precision and recall in one",
        "The harmonic mean of precision and recall: it is high only if both are.",
        lambda metrics: metrics.positive.f1,
        scale="index",
    ),
    Figure(
        "Balanced accuracy",
        "every class counts the same",
        "The mean of all classes' recalls, so that a rare class counts as much as a common one.",
        lambda metrics: metrics.balanced_accuracy,
    ),
    Figure(
        "AUROC",
        "masks ranked above the rest",
        "The chance that a picture with mask gets a higher score than one without: 0.5 is "
        "guessing, 1 is perfect.",
        lambda metrics: metrics.auroc,
        scale="index",
    ),
    Figure(
        "Average precision",
        "precision at every recall",
        "The mean precision over all recalls, wherever the line is drawn: guessing gives the "
        "share of masks, 1 is perfect.",
        lambda metrics: metrics.average_precision,
        scale="index",
    ),
    Figure(
        "Log loss",
        "0 is perfect",
        "The mean surprise at the truth, which grows without limit the surer a wrong answer was: "
        "0 is perfect, 0.693 is a toss between two classes.",
        lambda metrics: metrics.log_loss,
        scale="loss",
    ),
)
"""All figures, the best known first."""


def share_text(share: float | None) -> str:
    """A share in percent that never rounds to perfect.

    >>> share_text(0.9621), share_text(0.9999)
    ('96.2 %', '>99.9 %')
    """
    return _NOTHING if share is None else f"{_short_of_whole(100 * share, 1, 100)} %"


def index_text(value: float | None) -> str:
    """A figure with three decimals that never rounds to perfect.

    >>> index_text(0.9621), index_text(0.99999), index_text(1.0)
    ('0.962', '>0.999', '1.000')
    """
    return _NOTHING if value is None else _short_of_whole(value, 3, 1)


def estimate_text(estimate: Estimate) -> str:
    """A figure with its interval.

    >>> estimate_text(Estimate(0.962, 0.951, 0.971)), estimate_text(Estimate(1.0))
    ('0.962 [0.951, 0.971]', '1.000')
    """
    if estimate.low is None:
        return index_text(estimate.value)
    ends = f"{index_text(estimate.low)}, {index_text(estimate.high)}"
    return f"{index_text(estimate.value)} [{ends}]"


def interval_text(estimate: Estimate, scale: Scale) -> str:
    """The ends of an interval, as a figure of this scale is written.

    >>> interval_text(Estimate(0.962, 0.951, 0.971), "share")
    '95.1 to 97.1 %'
    """
    if scale == "share":
        return f"{share_text(estimate.low).removesuffix(' %')} to {share_text(estimate.high)}"
    return f"{index_text(estimate.low)} to {index_text(estimate.high)}"


def _short_of_whole(number: float, digits: int, whole: int) -> str:
    if number < whole and float(f"{number:.{digits}f}") == whole:
        return f">{whole - 10**-digits:.{digits}f}"
    return f"{number:.{digits}f}"
