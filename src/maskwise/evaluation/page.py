"""Page: a report as people read it, as one HTML file that stands alone or as Markdown.

The templates hold what is said and in which order: one file per section of the HTML page.
"""

import base64
import math
import re
from collections.abc import Callable, Mapping
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from maskwise.evaluation import charts
from maskwise.evaluation.wording import (
    FIGURES,
    estimate_text,
    index_text,
    interval_text,
    share_text,
)
from maskwise.labels import LABELS, label_colour_rgb, label_words
from maskwise.names import legible

if TYPE_CHECKING:
    from maskwise.evaluation.report import Report

SECTIONS: Final = {
    "figures": "Key figures",
    "answers": "Answers and truth",
    "learning": "How it learnt",
    "curves": "Where to draw the line",
    "mistakes": "Worst mistakes",
    "facts": "How this was made",
    "meaning": "In plain words",
}
"""The sections of the page in their order, by the name of their template."""

_CODE: Final = re.compile(r"`([^`]+)`")
_MARKDOWN_SIGNS: Final = re.compile(r"([\\`*\[\]<>|#&~]|(?<![^\W_])_|_(?![^\W_]))")


def render_html(report: "Report") -> str:
    """The report as an HTML page that loads nothing, runs nothing and asks nobody.

    Whatever a template prints is escaped and made legible, so names of files are harmless.
    """
    environment = _environment(autoescape=True, finalize=_unless_markup(legible))
    environment.globals.update(
        sections=SECTIONS,
        colours={name: label_colour_rgb(label) for label, name in enumerate(LABELS)},
        learning_curve=_as_markup(charts.learning_curve),
        confusion_matrix=_as_markup(charts.confusion_matrix),
        roc_curve=_as_markup(charts.roc_curve),
        precision_recall_curve=_as_markup(charts.precision_recall_curve),
    )
    environment.filters.update(
        grouped=lambda number: Markup(f"{number:,}".replace(",", "&#8239;")),
        share=lambda share: _unbroken(share_text(share)),
        interval=lambda estimate, scale: _unbroken(interval_text(estimate, scale)),
        prose=lambda text: Markup("").join(_prose(text, escape, Markup("<code>{}</code>").format)),
        jpeg=lambda content: Markup("data:image/jpeg;base64," + base64.b64encode(content).decode()),
    )
    return environment.get_template("page.html.j2").render(_content(report))


def render_markdown(report: "Report") -> str:
    """The report as Markdown with the tables of GitHub; names of files are code."""
    environment = _environment(autoescape=False, finalize=_unless_markup(markdown_text))
    environment.filters.update(
        share=lambda share: Markup(share_text(share)),
        interval=lambda estimate, scale: Markup(interval_text(estimate, scale)),
        prose=lambda text: Markup("".join(_prose(text, markdown_text, markdown_code))),
        code=lambda text: Markup(markdown_code(text)),
    )
    return environment.get_template("report.md.j2").render(_content(report))


def markdown_text(text: str) -> str:
    r"""Text that Markdown shows as it stands, on one line.

    >>> print(markdown_text("*a|b* <i> with_mask _x_"))
    \*a\|b\* \<i\> with_mask \_x\_
    """
    return _MARKDOWN_SIGNS.sub(r"\\\1", legible(text))


def markdown_code(text: str) -> str:
    r"""Text that Markdown shows as code on one line, also within a table.

    >>> print(markdown_code("a`b|c.jpg"))
    ``a`b\|c.jpg``
    """
    shown = legible(text).replace("|", "\\|")
    fence = "`" * (1 + max(map(len, re.findall("`+", shown)), default=0))
    edge = " " if shown[:1] in ("`", " ") or shown[-1:] in ("`", " ") else ""
    return f"{fence}{edge}{shown}{edge}{fence}"


def _environment(**options: Any) -> Environment:
    environment = Environment(
        loader=PackageLoader("maskwise.evaluation", "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        **options,
    )
    environment.filters.update(
        words=label_words,
        label=LABELS.__getitem__,
        index=lambda value: Markup(index_text(value)),
        estimate=lambda estimate: Markup(estimate_text(estimate)),
        moment=_moment_text,
    )
    return environment


def _unless_markup(make_safe: Callable[[str], str]) -> Callable[[object], object]:
    def finalize(value: object) -> object:
        is_plain = isinstance(value, str) and not isinstance(value, Markup)
        return make_safe(str(value)) if is_plain else value

    return finalize


def _content(report: "Report") -> Mapping[str, Any]:
    epochs = [{key: _finite(value) for key, value in epoch.items()} for epoch in report.history]
    return {"report": report, "metrics": report.metrics, "epochs": epochs, "figures": FIGURES}


def _unbroken(figure: str) -> Markup:
    return Markup(figure.replace(" %", "&nbsp;%"))


def _as_markup(chart: Callable[..., str | None]) -> Callable[..., Markup | None]:
    def draw(*arguments: object) -> Markup | None:
        svg = chart(*arguments)
        return None if svg is None else Markup(svg)

    return draw


def _prose(text: str, plain: Callable[[str], str], code: Callable[[str], str]) -> list[str]:
    """The parts of a sentence in which `backticks` mark what is typed."""
    parts = _CODE.split(legible(text))
    ways = chain.from_iterable(repeat((plain, code)))
    return [way(part) for way, part in zip(ways, parts, strict=False)]


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _moment_text(created: str) -> str:
    return re.sub(r"^(\d{4}-\d\d-\d\d)T(\d\d:\d\d).*(\+00:00|Z)$", r"\1 \2 UTC", created)
