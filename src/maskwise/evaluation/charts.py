"""Charts: SVG to stand inside a page, in the colours of that page, the same bytes every time."""

import io
import math
import re
from collections.abc import Mapping, Sequence
from functools import partial
from html import escape
from typing import Any, Final, Literal

import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator
from numpy.typing import NDArray

from maskwise.evaluation.calibration import CoverageRisk, SelectiveMetrics
from maskwise.evaluation.corruptions import CORRUPTIONS, STRENGTHS
from maskwise.evaluation.metrics import Curve, Metrics
from maskwise.evaluation.robustness import Robustness
from maskwise.intervals import Estimate
from maskwise.labels import WITH_MASK, WITHOUT_MASK, label_colour_rgb, label_words
from maskwise.pages.wording import share_text

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
_SIZE_OF_EIGHT: Final = (4.6, 6.9)  # two by four small ones
_STYLE_OF_EIGHT: Final = {
    **_STYLE,
    "font.size": 9.5,
    "axes.titlesize": 9.5,
    "figure.constrained_layout.hspace": 0.06,
}
_DOTTED_EPOCHS: Final = 30  # so that an epoch between two gaps is seen too
_WIDE: Final = 5.0  # where the greatest loss is so many times the least, factors are drawn
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


def robustness_curves(robustness: Robustness) -> str:
    """Draw accuracy by strength, a small chart for each corruption, all to the same scale.

    Returns:
        An `<svg>` element.
    """
    with style.context(["default", _STYLE_OF_EIGHT]):
        figure = Figure(figsize=_SIZE_OF_EIGHT, layout="constrained", facecolor="none")
        grid = figure.subplots(4, 2, sharey=True, subplot_kw={"facecolor": "none"})
        for axes, (name, curve) in zip(grid.flat, robustness.corrupted.items(), strict=True):
            _draw_by_strength(axes, name, curve, robustness)
        grid[0, 0].margins(y=0)
        grid[0, 0].set_ylim(top=1)
        figure.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside upper left", ncols=3)
        described = [
            f"{CORRUPTIONS[name].title} {' to '.join(share_text(curve[i].value) for i in (0, -1))}"
            for name, curve in robustness.corrupted.items()
        ]
        return _to_svg(
            figure,
            name="robustness",
            description=f"Accuracy from {share_text(robustness.clean.value)} on clean pictures, "
            f"at strengths 1 to 5: {'; '.join(described)}.",
        )


def reliability_plot(metrics: Metrics) -> str | None:
    """Draw the share of right answers against how sure they were, with 95 % intervals.

    Returns:
        An `<svg>` element, or None without pictures.
    """
    bins = [(each.confidence, each.accuracy) for each in metrics.reliability]
    known = [
        (confidence, rate.value, rate.low, rate.high)
        for confidence, rate in bins
        if rate.value is not None and rate.low is not None and rate.high is not None
    ]
    if not known:
        return None
    confidence, value, low, high = np.array(known).T
    with style.context(["default", _STYLE]):
        figure, axes = _new_figure()
        axes.plot(
            [0, 1], [0, 1], ":", color=_INK, alpha=0.5, linewidth=1.2, label="as sure as right"
        )
        axes.vlines(confidence, low, high, color=_RIGHT, alpha=0.35, linewidth=2)
        axes.plot(
            confidence, value, "o", color=_RIGHT, markersize=5, clip_on=False, label="answers"
        )
        least = min(confidence.min(), low.min())
        axes.set(xlim=(least - 0.02, 1), ylim=(least - 0.02, 1))
        axes.set(xlabel="probability of the answer", ylabel="right answers")
        _in_percent(axes)
        axes.legend(loc="upper left")
        described = (
            f"Reliability plot of {len(known)} bins. "
            f"Expected calibration error {_number(metrics.ece.value)}."
        )
        return _to_svg(figure, name="reliability", description=described)


def coverage_risk_plot(
    measured: CoverageRisk,
    *,
    at_work: SelectiveMetrics | None = None,
    max_error: float | None = None,
) -> str | None:
    """Draw the error rate among the answered against the share that is answered.

    Args:
        measured: The curve.
        at_work: Where a rule stands.
        max_error: The rate that it was asked to stay under.

    Returns:
        An `<svg>` element, or None without pictures.
    """
    curve = measured.curve
    if curve is None:
        return None
    with style.context(["default", _STYLE]):
        figure, axes = _new_figure()
        axes.plot(curve.x, curve.y, color=_RIGHT, clip_on=False)
        axes.fill_between(curve.x, curve.y, color=_RIGHT, alpha=0.08, linewidth=0)
        if max_error is not None:
            axes.axhline(max_error, linestyle=":", color=_INK, linewidth=1.2, label="asked for")
        if at_work is not None:
            _draw_point(axes, at_work.coverage.value, at_work.error.value)
        top = 1.15 * max(*curve.y, max_error or 0.0, 0.01)
        axes.set(xlim=(0, 1), ylim=(0, min(top, 1)))
        axes.set(xlabel="pictures answered", ylabel="errors among the answered")
        _in_percent(axes)
        if axes.get_legend_handles_labels()[0]:
            axes.legend(loc="upper left")
        described = (
            f"Coverage-risk curve. {share_text(curve.y[-1])} of the answers are wrong if all "
            f"pictures are answered. Area under it {_number(measured.aurc.value)}."
        )
        return _to_svg(figure, name="coverage-risk", description=described)


def loss_by_trial(losses: Sequence[float | None], is_finished: Sequence[bool]) -> str | None:
    """Draw the validation loss of the trials of a search, and the least so far.

    Args:
        losses: After the last epoch of each; None or not finite where it is unknown.
        is_finished: Whether each came to its end, so that it may be the best.

    Returns:
        An `<svg>` element, or None where there is nothing to draw.
    """
    loss = _in_floats(losses)
    if np.isnan(loss).all():
        return None
    number = np.arange(1, len(loss) + 1)
    least = np.fmin.accumulate(np.where(is_finished, loss, np.nan))
    with style.context(["default", _STYLE]):
        figure, axes = _new_figure()
        axes.step(number, least, where="post", color=_RIGHT, alpha=0.5, label="best so far")
        _draw_trials(axes, number, loss, is_finished)
        axes.set_xlabel("trial")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.set_xlim(0.5, len(loss) + 0.5)
        described = (
            f"Validation loss of {len(loss)} trials. The least so far {_way(least.tolist())}."
        )
        return _to_svg(figure, name="loss-by-trial", description=described)


def loss_by_value(
    name: str,
    values: Sequence[float],
    losses: Sequence[float | None],
    is_finished: Sequence[bool],
    *,
    scale: Literal["linear", "log", "choice"],
) -> str | None:
    """Draw the validation loss of the trials of a search against what one field was.

    Args:
        name: Of the field.
        values: What it was in each trial.
        losses: As `loss_by_trial` takes them.
        is_finished: Likewise.
        scale: How the values are laid out; of a choice, side by side.

    Returns:
        An `<svg>` element, or None where there is nothing to draw.
    """
    loss = _in_floats(losses)
    if np.isnan(loss).all():
        return None
    options = sorted(set(values))
    place = np.array([options.index(value) if scale == "choice" else value for value in values])
    with style.context(["default", _STYLE]):
        figure, axes = _new_figure()
        _draw_trials(axes, place, loss, is_finished)
        axes.set_xlabel(name.replace("_", " "))
        if scale == "choice":
            words = [("no", "yes")[x] if isinstance(x, bool) else f"{x:g}" for x in options]
            axes.set_xticks(range(len(options)), words)
            axes.set_xlim(-0.5, len(options) - 0.5)
        elif scale == "log":
            axes.set_xscale("log")
            _in_factors(axes.xaxis)
        described = f"Validation loss of {len(loss)} trials by {name}."
        return _to_svg(figure, name=f"loss-by-{name}", description=described)


def _in_floats(losses: Sequence[float | None]) -> NDArray[np.float64]:
    return np.array([math.nan if loss is None else loss for loss in losses], dtype=np.float64)


def _draw_trials(
    axes: Axes,
    place: NDArray[Any],
    loss: NDArray[np.float64],
    is_finished: Sequence[bool],
) -> None:
    finished = np.array(is_finished, dtype=np.bool_)
    draw = partial(axes.plot, marker="o", linestyle="none", clip_on=False)
    if finished.any():
        draw(place[finished], loss[finished], color=_RIGHT, markersize=6, label="finished")
    if not finished.all():
        stopped = place[~finished], loss[~finished]
        draw(*stopped, color=_INK, alpha=0.6, mfc="none", markersize=6, label="stopped")
    if np.isfinite(loss[finished]).any():
        best = np.nanargmin(np.where(finished, loss, np.nan))
        draw(place[best], loss[best], color=_RIGHT, mfc="none", markersize=13, label="best")
    axes.set_ylabel("validation loss")
    if np.nanmin(loss) > 0 and np.nanmax(loss) > _WIDE * np.nanmin(loss):
        axes.set_yscale("log")
        _in_factors(axes.yaxis)
    close = {"handlelength": 1.3, "handletextpad": 0.3, "columnspacing": 1.0, "borderaxespad": 0}
    axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=4, **close)


def _in_factors(axis: Axis) -> None:
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda number, _: f"{number:g}"))


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
    _draw_point(axes, *point)
    axes.set(xlim=(0, 1), ylim=(0, 1))
    _in_percent(axes)


def _draw_point(axes: Axes, x: float | None, y: float | None) -> None:
    if x is not None and y is not None:
        axes.plot(x, y, "o", color=_WRONG, markersize=8, clip_on=False, label="as it answers")


def _in_percent(axes: Axes) -> None:
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(_percent))


def _draw_by_strength(
    axes: Axes, name: str, curve: Sequence[Estimate], robustness: Robustness
) -> None:
    value, low, high = zip(*((each.value, each.low, each.high) for each in curve), strict=True)
    for level, dashes, label in (
        (robustness.clean.value, "--", "clean"),
        (robustness.majority, ":", "guessing"),
    ):
        flat = np.full(len(curve), level, dtype=np.float64)
        axes.plot(STRENGTHS, flat, dashes, color=_INK, alpha=0.6, linewidth=1.2, label=label)
    axes.fill_between(STRENGTHS, low, high, color=_RIGHT, alpha=0.15, linewidth=0)
    axes.plot(STRENGTHS, value, color=_RIGHT, marker="o", clip_on=False, label="corrupted")
    corruption = CORRUPTIONS[name]
    axes.set_title(f"{corruption.title} ({corruption.unit})", loc="left")
    axes.set_xticks(STRENGTHS, [f"{level:g}" for level in corruption.levels])
    axes.yaxis.set_major_formatter(FuncFormatter(_percent))


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
