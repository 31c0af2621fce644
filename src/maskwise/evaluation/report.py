"""Report: all that is to be said about answers on a test set, and the files that say it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from maskwise.evaluation.calibration import CoverageRisk, SelectiveMetrics
from maskwise.evaluation.metrics import Metrics
from maskwise.evaluation.page import render_html, render_markdown
from maskwise.evaluation.robustness import Robustness
from maskwise.evaluation.slices import Slice
from maskwise.evaluation.strictness import StrictMetrics
from maskwise.inference.decision import DecisionRule
from maskwise.labels import LABELS, label_name
from maskwise.pages.files import json_text, write_files
from maskwise.preprocess import BoxXyxy

FORMAT_VERSION: Final = 1
"""Of `metrics.json`; grows when a reader of the old layout would misread the new one."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """A picture that was answered wrongly.

    Attributes:
        path: Relative to the data folder, with `/` between its parts.
        label: The truth, a class number of `maskwise.LABELS`.
        answer: What was answered, likewise.
        probability: Of each class, in the order of `maskwise.LABELS`.
        thumbnail_jpeg: A small copy of the face, or empty for none.
        box_xyxy: Where the face is in its picture; None for all of it.
        heat_jpeg: The same copy with what spoke for the answer laid over it, or empty for none.
    """

    path: str
    label: int
    answer: int
    probability: tuple[float, ...]
    thumbnail_jpeg: bytes = b""
    box_xyxy: BoxXyxy | None = None
    heat_jpeg: bytes = b""

    def to_dict(self) -> Mapping[str, Any]:
        """Plain values for JSON, without the small copies."""
        return {
            "path": self.path,
            "box_xyxy": self.box_xyxy,
            "truth": label_name(self.label),
            "answer": label_name(self.answer),
            "probability": dict(zip(LABELS, self.probability, strict=False)),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How good a run is on certain pictures, and how it came to be.

    Attributes:
        title: Which run on which pictures.
        created: When it was judged, as ISO 8601 in UTC.
        facts: What a reader needs to do it again: recipe, seed, data, versions.
        metrics: The figures.
        rule: How the network answers; its calibrated probabilities are what is measured.
        selective: What that rule is worth, which may answer *unsure*.
        strict: What it is worth where no bare face may be missed, if that was chosen.
        coverage_risk: What other rules would be worth.
        slices: The figures on parts of the pictures.
        robustness: The figures on pictures that were made worse.
        history: A mapping for each epoch with loss, accuracy, val_loss and val_accuracy.
        mistakes: The worst of them, the worst first.
        notes: Plain sentences about what the figures do not say; `backticks` mark what is typed.
    """

    title: str
    created: str
    facts: Mapping[str, str]
    metrics: Metrics
    rule: DecisionRule = field(default_factory=DecisionRule)
    selective: SelectiveMetrics | None = None
    strict: StrictMetrics | None = None
    coverage_risk: CoverageRisk | None = None
    slices: tuple[Slice, ...] = ()
    robustness: Robustness | None = None
    history: tuple[Mapping[str, float | None], ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    notes: tuple[str, ...] = ()

    def to_dict(self) -> Mapping[str, Any]:
        """Plain values for strict JSON: what is undefined or not finite is None.

        `format_version`, `title`, `created`, `facts`, `notes`, then `metrics`, `decision_rule`,
        `selective`, `strict`, `coverage_risk`, `slices` and `robustness` as the `to_dict` of each
        has them, `history` by epoch and `worst_mistakes`.
        """
        values: Mapping[str, Any] = _finite(
            {
                "format_version": FORMAT_VERSION,
                "title": self.title,
                "created": self.created,
                "facts": self.facts,
                "notes": self.notes,
                "metrics": self.metrics.to_dict(),
                "decision_rule": self.rule.to_dict(),
                "selective": self.selective.to_dict() if self.selective else None,
                "strict": self.strict.to_dict() if self.strict else None,
                "coverage_risk": self.coverage_risk.to_dict() if self.coverage_risk else None,
                "slices": [part.to_dict() for part in self.slices],
                "robustness": self.robustness.to_dict() if self.robustness else None,
                "history": self.history,
                "worst_mistakes": [mistake.to_dict() for mistake in self.mistakes],
            }
        )
        return values

    def to_json(self) -> str:
        """`to_dict` as JSON in plain ASCII; names of files survive whatever their bytes are."""
        return json_text(self.to_dict())

    def to_markdown(self) -> str:
        """The report as Markdown, for terminals and forges."""
        return render_markdown(self)

    def to_html(self) -> str:
        """The report as one HTML page with everything in it."""
        return render_html(self)

    def write(self, folder: Path) -> list[Path]:
        """Write `metrics.json`, `report.md` and `report.html` into `folder`.

        Returns:
            The paths, in this order.

        Raises:
            OutputFailed: We may not write there or the disk is full; each file is old or new.
        """
        texts = {
            "metrics.json": self.to_json(),
            "report.md": self.to_markdown() + "\n",
            "report.html": self.to_html(),
        }
        return write_files(folder, texts)


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
