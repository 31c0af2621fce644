"""Page: a report as people read it, as one HTML file that stands alone or as Markdown.

The templates hold what is said and in which order: one file per section of the HTML page.
"""

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup

from maskwise.evaluation import charts
from maskwise.evaluation.corruptions import CORRUPTIONS
from maskwise.evaluation.wording import FIGURES
from maskwise.pages.environment import html_environment, markdown_environment

if TYPE_CHECKING:
    from maskwise.evaluation.report import Report

SECTIONS: Final = {
    "figures": "Key figures",
    "answers": "Answers and truth",
    "learning": "How it learnt",
    "curves": "Where to draw the line",
    "trust": "How far to trust an answer",
    "slices": "Where it is good and where not",
    "robustness": "On worse pictures",
    "mistakes": "Worst mistakes",
    "facts": "How this was made",
    "meaning": "In plain words",
}
"""The sections of the page in their order, by the name of their template."""


def render_html(report: "Report") -> str:
    """The report as an HTML page that loads nothing, runs nothing and asks nobody."""
    environment = html_environment("maskwise.evaluation")
    environment.globals.update(
        sections=SECTIONS,
        folder="sections/",
        learning_curve=_as_markup(charts.learning_curve),
        confusion_matrix=_as_markup(charts.confusion_matrix),
        roc_curve=_as_markup(charts.roc_curve),
        precision_recall_curve=_as_markup(charts.precision_recall_curve),
        reliability_plot=_as_markup(charts.reliability_plot),
        coverage_risk_plot=_as_markup(charts.coverage_risk_plot),
        robustness_curves=_as_markup(charts.robustness_curves),
        corruptions=CORRUPTIONS,
    )
    return environment.get_template("page.html.j2").render(_content(report))


def render_markdown(report: "Report") -> str:
    """The report as Markdown with the tables of GitHub; names of files are code."""
    environment = markdown_environment("maskwise.evaluation")
    return environment.get_template("report.md.j2").render(_content(report))


def _content(report: "Report") -> Mapping[str, Any]:
    epochs = [{key: _finite(value) for key, value in epoch.items()} for epoch in report.history]
    return {"report": report, "metrics": report.metrics, "epochs": epochs, "figures": FIGURES}


def _as_markup(chart: Callable[..., str | None]) -> Callable[..., Markup | None]:
    def draw(*arguments: object, **options: object) -> Markup | None:
        svg = chart(*arguments, **options)
        return None if svg is None else Markup(svg)

    return draw


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
