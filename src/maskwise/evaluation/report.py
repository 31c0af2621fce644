"""Report: all that is to be said about a run's answers, as values, Markdown and files."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from maskwise.dataset.samples import legible
from maskwise.durable import make_folder, write_text
from maskwise.evaluation.intervals import Estimate
from maskwise.evaluation.metrics import Metrics
from maskwise.labels import LABELS, label_words

FIGURES: Final = {
    "accuracy": ("Accuracy", "share of right answers"),
    "balanced_accuracy": ("Balanced accuracy", "mean of what is found of each class"),
    "precision": ("Precision", "of the faces answered *mask*, the share that wears one"),
    "recall": ("Recall", "of the faces with a mask, the share answered so"),
    "f1": ("F1", "harmonic mean of precision and recall"),
    "auroc": ("AUROC", "chance that a masked face ranks above a bare one"),
    "average_precision": ("Average precision", "precision averaged over all thresholds"),
    "log_loss": ("Log loss", "how far probabilities lie from the truth; 0 is perfect"),
}
"""For each figure of `Metrics` its title and what it means."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """A picture that was answered wrongly.

    Attributes:
        path: Relative to the data folder.
        label: The truth.
        answer: What was answered.
        probability: Of each class, in the order of `LABELS`.
        thumbnail_jpeg: A small copy of the picture, as the bytes of a JPEG.
    """

    path: str
    label: int
    answer: int
    probability: tuple[float, ...]
    thumbnail_jpeg: bytes


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """How good a run is on certain pictures.

    Attributes:
        title: What was judged on what.
        created: When, as ISO 8601 in UTC.
        facts: How it came about: recipe, data, versions.
        metrics: The figures.
        history: One mapping per epoch; see `maskwise.runs.checkpoint.Checkpoint`.
        mistakes: The worst ones, the surest first.
        notes: What a reader must know before believing the figures.
    """

    title: str
    created: str
    facts: Mapping[str, str]
    metrics: Metrics
    history: tuple[Mapping[str, float], ...]
    mistakes: tuple[Mistake, ...]
    notes: tuple[str, ...]

    def figure(self, name: str) -> Estimate:
        """The figure that a key of `FIGURES` names; precision, recall and F1 are of *mask*."""
        of_mask = name in ("precision", "recall", "f1")
        estimate: Estimate = getattr(self.metrics.positive if of_mask else self.metrics, name)
        return estimate

    @property
    def headline(self) -> str:
        """The result in one sentence that anybody understands."""
        accuracy = self.metrics.accuracy
        return (
            f"Right on {self.metrics.right} of {self.metrics.n} pictures that it was not trained "
            f"on: {percent(accuracy.value)} "
            f"(95 % interval {percent(accuracy.low)} to {percent(accuracy.high)})."
        )

    def to_dict(self) -> Mapping[str, Any]:
        """Plain values for JSON; thumbnails are left out."""
        return {
            "title": self.title,
            "created": self.created,
            "facts": dict(self.facts),
            "notes": list(self.notes),
            "metrics": self.metrics.to_dict(),
            "history": [dict(record) for record in self.history],
            "worst_mistakes": [
                {
                    "path": mistake.path,
                    "truth": LABELS[mistake.label],
                    "answer": LABELS[mistake.answer],
                    "probability": dict(zip(LABELS, mistake.probability, strict=False)),
                }
                for mistake in self.mistakes
            ],
        }

    def to_markdown(self) -> str:
        """The report as text."""
        figures = "\n".join(
            f"| {title} | {self.figure(name)} | {meaning} |"
            for name, (title, meaning) in FIGURES.items()
        )
        classes = "\n".join(
            f"| {label_words(entry.label)} | {entry.support} | {entry.precision} | {entry.recall} "
            f"| {entry.f1} |"
            for entry in self.metrics.per_class
        )
        words = [label_words(entry.label) for entry in self.metrics.per_class]
        confusion = "\n".join(
            f"| **{word}** | " + " | ".join(str(count) for count in row) + " |"
            for word, row in zip(words, self.metrics.confusion, strict=True)
        )
        mistakes = "\n".join(
            f"| {_cell(mistake.path)} | {label_words(mistake.label)} | "
            f"{label_words(mistake.answer)} | {mistake.probability[mistake.answer]:.1%} |"
            for mistake in self.mistakes
        )
        return "\n\n".join(
            [
                f"# {_cell(self.title)}",
                self.headline,
                *(f"> {note}" for note in self.notes),
                f"| Figure | Value [95 % interval] | Meaning |\n|---|---|---|\n{figures}",
                "## Classes\n\n| Class | Pictures | Precision | Recall | F1 |\n"
                f"|---|---|---|---|---|\n{classes}",
                "## Answers\n\nRows are the truth, columns the answer.\n\n| | "
                + " | ".join(words)
                + f" |\n|---|{'---|' * len(words)}\n{confusion}",
                "## Worst mistakes\n\n"
                + (
                    "| Picture | Truth | Answer | Probability of the answer |\n|---|---|---|---|\n"
                    + mistakes
                    if mistakes
                    else "None."
                ),
                "## How this came about\n\n| | |\n|---|---|\n"
                + "\n".join(f"| {name} | {_cell(fact)} |" for name, fact in self.facts.items())
                + f"\n| Judged at | {self.created} |",
            ]
        )

    def write(self, folder: Path) -> list[Path]:
        """Write `metrics.json`, `report.md` and `report.html` into `folder`, each at once.

        Raises:
            OutputFailed: The folder cannot be written to.
        """
        from maskwise.evaluation.page import render_page

        make_folder(folder)
        contents = {
            "metrics.json": json.dumps(self.to_dict(), indent=2, allow_nan=False) + "\n",
            "report.md": self.to_markdown() + "\n",
            "report.html": render_page(self),
        }
        for name, text in contents.items():
            write_text(folder / name, text)
        return [folder / name for name in contents]


def percent(share: float | None) -> str:
    """A share as people read it; a dash for what is not defined."""
    return "-" if share is None else f"{share:.1%}"


def _cell(text: str) -> str:
    return legible(text).replace("\\", "\\\\").replace("|", "\\|").replace("<", "\\<")
