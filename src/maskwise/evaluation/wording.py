"""Wording: the figures in words, the same in page and Markdown."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from maskwise.evaluation.metrics import Metrics
from maskwise.intervals import Estimate
from maskwise.pages.wording import Scale


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
    Figure(
        "Brier score",
        "0 is perfect, at most 1",
        "The mean squared distance between the probabilities and the truth, halved so that a sure "
        "and wrong answer costs 1: 0 is perfect, 0.25 is a toss between two classes.",
        lambda metrics: metrics.brier,
        scale="loss",
    ),
    Figure(
        "Calibration error",
        "sure as often as right",
        "How far apart the probability of an answer and the share of right answers are, over 15 "
        "bins of as many pictures each (ECE): at 0, of the answers given with 90 % nine in ten "
        "are right.",
        lambda metrics: metrics.ece,
        scale="loss",
    ),
)
"""All figures, the best known first."""
