"""Charts: SVG to stand inside a page, in the colours of that page, the same bytes every time."""

import io
import math
import re
from collections.abc import Mapping, Sequence
from functools import partial
from html import escape
from typing import Final, Literal

import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from maskwise.evaluation.metrics import Curve, Metrics
from maskwise.evaluation.wording import share_text
from maskwise.labels import WITH_MASK, WITHOUT_MASK, label_colour_rgb, label_words

_INK: Final = "#010203"  # a stand-in; becomes the colour of the text around the chart
_RIGHT: Final = "#{:02x}{:02x}{:02x}".format(*label_colour_rgb(WITH_MASK))
_WRONG: Final = "#{:02x}{:02x}{:02x}".format(*label_colour_rgb(WITHOUT_MASK))
# A page may name other shades, as for dark mode; without one the chart keeps its own.
_IN_PAGE: Final = {
    _INK: "currentColor",
    _RIGHT: f"var(--right, {_RIGHT})",
    _WRONG: f"var(--wrong, {_WRONG})",
}
_STYLE: Final = {
    "svg.fonttype": "none",  # text stays text: searched, read aloud, in the font of the page
    "svg.hashsalt": "maskwise",
    "font.size": 10.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.labelpad": 7,
    "xtick.major.pad": 6,
    "ytick.major.pad": 5,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.alpha": 0.13,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "lines.linewidth": 2,
    "lines.markersize": 3.5,
    "lines.solid_capstyle": "round",
    **dict.fromkeys(
        (
            "axes.edgecolor",
            "axes.labelcolor",
            "grid.color",
            "text.color",
            "xtick.color",
            "ytick.color",
        ),
        _INK,
    ),
}
_SIZE: Final = (4.6, 3.45)  # inches; small, so that letters stay legible on a phone
_DOTTED_EPOCHS: Final = 30  # so that an epoch between two gaps is seen too
_NO_METADATA: Final = dict.fromkeys(("Creator", "Date", "Format", "Type"))


def learning_curve(
    history: Sequence[Mapping[str, float | None]], quantity: Literal["loss", "accuracy"]
) -> str | None:
    """Draw how loss or accuracy went from epoch to epoch, in training and in validation.

    Args:
        history: A mapping per epoch with `loss`, `accuracy`, `val_loss` and `val_accuracy`;
            what is missing or not finite leaves a gap.
        quantity: Which of the two.

    Returns:
        An `<svg>` element, or None where there is nothing to draw.
    """
    training = _finite_column(history, quantity)
    validation = _finite_column(history, f"val_{quantity}")
    if all(map(math.isnan, (*training, *validation))):
        return None
    epochs = np.arange(1, len(history) + 1)
    with style.context(["default", _STYLE]):
        figure, axes = _new_figure()
        dot = "o" if len(history) <= _DOTTED_EPOCHS else None
        axes.plot(epochs, training, "--", color=_INK, alpha=0.6, marker=dot, label="training")
        axes.plot(epochs, validation, color=_RIGHT, marker=dot, label="validation")
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.yaxis.set_major_locator(MaxNLocator(6, min_n_ticks=3))
        axes.set_xlim(0.5, len(history) + 0.5)
        if quantity == "accuracy":
            axes.yaxis.set_major_formatter(FuncFormatter(_percent))
        else:
            axes.set_ylim(bottom=0)
        axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=2, borderaxespad=0)
        return _to_svg(
            figure,
            name=quantity,
            description=f"{quantity.capitalize()} over {len(history)} epochs. "
            f"Training {_way(training)}; validation {_way(validation)}.",
        )


def confusion_matrix(metrics: Metrics) -> str:
    """Draw how many pictures of each class (row) were called what (column).

    Returns:
        An `<svg>` element. The shade of a cell is its share of the row.
    """
    words = [label_words(each.label) for each in metrics.per_class]
    with style.context(["default", _STYLE, {"axes.grid": False}]):
        figure, axes = _new_figure()
        for row, counts in enumerate(metrics.confusion):
            for column, count in enumerate(counts):
                _draw_cell(axes, row, column, count, sum(counts))
        places = range(len(words))
        axes.set(xlim=(-0.5, len(words) - 0.5), ylim=(len(words) - 0.5, -0.5))
        in_lines = [word.replace(" worn ", " worn\n") for word in words]
        axes.set_xticks(places, in_lines)
        axes.set_yticks(places, in_lines)
        axes.set(xlabel="answer", ylabel="truth")
        axes.spines[:].set_visible(False)
        described = [
            f"Of {sum(counts)} pictures with truth {words[row]}, "
            + ", ".join(f"{n} were called {word}" for n, word in zip(counts, words, strict=True))
            for row, counts in enumerate(metrics.confusion)
        ]
        return _to_svg(figure, name="confusion", description=". ".join(described) + ".")


def roc_curve(metrics: Metrics) -> str | None:
    """Draw recall against false alarms over all thresholds, and where the answers stand.

    Returns:
        An `<svg>` element, or None where the curve is undefined.
    """
    if metrics.roc is None:
        return None
    with style.context(["default", _STYLE]):
        figure, axes = _new_figure()
        axes.plot([0, 1], [0, 1], ":", color=_INK, alpha=0.5, linewidth=1.2, label="guessing")
        point = metrics.false_positive_rate, metrics.positive.recall.value
        _draw_curve(axes, metrics.roc, point)
        axes.set(xlabel="false alarms (of the pictures without mask)", ylabel="recall")
        axes.legend(loc="lower right")
        described = f"ROC curve. Area under it {_number(metrics.auroc.value)}."
        return _to_svg(figure, name="roc", description=described)


def precision_recall_curve(metrics: Metrics) -> str | None:
    """Draw precision against recall over all thresholds, and where the answers stand.

    Returns:
        An `<svg>` element, or None where the curve is undefined.
    """
    if metrics.precision_recall is None:
        return None
    with style.context(["default", _STYLE]):
        figure, axes = _new_figure()
        share = metrics.positive.support / metrics.n
        axes.plot([0, 1], [share] * 2, ":", color=_INK, alpha=0.5, linewidth=1.2, label="guessing")
        point = metrics.positive.recall.value, metrics.positive.precision.value
        _draw_curve(axes, metrics.precision_recall, point)
        axes.set(xlabel="recall", ylabel="precision")
        axes.legend(loc="lower left")
        described = (
            "Precision-recall curve. Average precision "
            f"{_number(metrics.average_precision.value)}; guessing gives {_number(share)}."
        )
        return _to_svg(figure, name="precision-recall", description=described)


def _new_figure() -> tuple[Figure, Axes]:
    figure = Figure(figsize=_SIZE, layout="constrained", facecolor="none")
    return figure, figure.add_subplot(facecolor="none")


def _draw_cell(axes: Axes, row: int, column: int, count: int, row_total: int) -> None:
    share = count / row_total if row_total else 0.0
    axes.barh(
        row,
        0.96,
        height=0.95,
        left=column - 0.48,
        color=_RIGHT if row == column else _WRONG,
        alpha=0.07 + 0.5 * share,
    )
    write = partial(axes.annotate, xy=(column, row), textcoords="offset points", ha="center")
    write(
        f"{count:,}".replace(",", "\N{NARROW NO-BREAK SPACE}"),
        xytext=(0, 0),
        size=17,
        weight="bold",
    )
    write(share_text(share if row_total else None), xytext=(0, -15), alpha=0.8)


def _draw_curve(axes: Axes, curve: Curve, point: tuple[float | None, float | None]) -> None:
    axes.plot(curve.x, curve.y, color=_RIGHT, clip_on=False)
    axes.fill_between(curve.x, curve.y, color=_RIGHT, alpha=0.08, linewidth=0)
    x, y = point
    if x is not None and y is not None:
        axes.plot(x, y, "o", color=_WRONG, markersize=8, clip_on=False, label="as it answers")
    axes.set(xlim=(0, 1), ylim=(0, 1))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(_percent))


def _finite_column(history: Sequence[Mapping[str, float | None]], key: str) -> list[float]:
    numbers = [epoch.get(key) for epoch in history]
    return [n if n is not None and math.isfinite(n) else math.nan for n in numbers]


def _way(numbers: Sequence[float]) -> str:
    known = [number for number in numbers if not math.isnan(number)]
    return f"from {known[0]:.3f} to {known[-1]:.3f}" if known else "unknown"


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}"


def _percent(share: float, _: int) -> str:
    return f"{round(100 * share, 6):g} %"


def _to_svg(figure: Figure, *, name: str, description: str) -> str:
    """Turn a chart into one `<svg>` element that fits beside others in a page.

    Args:
        figure: The chart.
        name: Unique within the page; leads all ids.
        description: What those learn who cannot see it.
    """
    file = io.StringIO()
    FigureCanvasSVG(figure).print_svg(file, metadata=_NO_METADATA)
    svg = file.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<style.*?</style>", "", svg, flags=re.DOTALL)  # would apply to the whole page
    svg = re.sub(r" font-family: [^;\"]*;?", "", svg)
    svg = re.sub(r'(id="|href="#|url\(#)', rf"\g<1>{name}-", svg)
    for stand_in, colour in _IN_PAGE.items():
        svg = svg.replace(stand_in, colour)
    return re.sub(
        r'^<svg (.*?)width="[^"]*" height="[^"]*"',
        rf'<svg role="img" aria-label="{escape(description)}" stroke-linejoin="round" \1',
        svg,
    )
