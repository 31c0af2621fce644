"""Charts: curves and tables as SVG that a page can hold, in whatever colours the page has."""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from maskwise.evaluation.metrics import Curve
from maskwise.labels import WITH_MASK, WITHOUT_MASK, label_colour_rgb, label_words

_INK: Final = "#010203"  # stands for the colour of the page's text, put in at the end
_STYLE: Final = {
    "svg.fonttype": "none",  # text stays text: sharp, selectable, read aloud
    "svg.hashsalt": "maskwise",  # same figures, same bytes
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "text.color": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "axes.grid": True,
    "grid.alpha": 0.15,
    "grid.color": _INK,
    "legend.frameon": False,
}


def _hex(label: int) -> str:
    return "#{:02x}{:02x}{:02x}".format(*label_colour_rgb(label))


_BLUE: Final = _hex(WITH_MASK)
_RED: Final = _hex(WITHOUT_MASK)


def draw_learning_curves(history: Sequence[Mapping[str, float]]) -> str:
    """Loss and accuracy by epoch, on what was trained on and on what was only watched."""

    def draw(figure: Figure) -> None:
        epochs = [record["epoch"] for record in history]
        for axes, name in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
            marker = "o" if len(epochs) == 1 else None
            for key, colour, words in (
                (name, _BLUE, "training"),
                (f"val_{name}", _RED, "validation"),
            ):
                values = [record[key] for record in history]
                axes.plot(epochs, values, color=colour, label=words, marker=marker)
            axes.set_xlabel("epoch")
            axes.set_title(name)
            axes.xaxis.get_major_locator().set_params(integer=True)
            axes.legend()

    return _svg(draw, width=8.4, height=3.2)


def draw_roc(curve: Curve) -> str:
    """Recall against false positive rate, over all thresholds."""

    def draw(figure: Figure) -> None:
        axes = _unit_square(figure, "bare faces taken for masked", "masked faces found")
        axes.plot([0, 1], [0, 1], color=_INK, alpha=0.3, linestyle="--", linewidth=1)
        axes.plot(curve.x, curve.y, color=_BLUE)

    return _svg(draw, width=4.1, height=3.6)


def draw_precision_recall(curve: Curve) -> str:
    """Precision against recall, over all thresholds."""

    def draw(figure: Figure) -> None:
        axes = _unit_square(figure, "masked faces found", "right when it says mask")
        axes.plot(curve.x, curve.y, color=_BLUE)

    return _svg(draw, width=4.1, height=3.6)


def draw_confusion(counts: Sequence[Sequence[int]]) -> str:
    """Counts by truth (row) and answer (column), shaded by the share of each row."""

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        confusion = np.array(counts)
        shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
        words = [label_words(label) for label in range(len(confusion))]
        axes.grid(visible=False)
        for row, column in np.ndindex(confusion.shape):
            colour = _BLUE if row == column else _RED
            share = shares[row, column]
            axes.fill_between(
                [column - 0.48, column + 0.48],
                row - 0.48,
                row + 0.48,
                color=colour,
                alpha=0.06 + 0.5 * share,
                linewidth=0,
            )
            axes.text(
                column,
                row,
                f"{confusion[row, column]}\n{share:.1%}",
                ha="center",
                va="center",
                fontsize=13,
            )
        axes.set_xticks(range(len(words)), words)
        axes.set_yticks(range(len(words)), words, rotation=90, va="center")
        axes.set_xlim(-0.5, len(words) - 0.5)
        axes.set_ylim(len(words) - 0.5, -0.5)
        axes.set_xlabel("answer")
        axes.set_ylabel("truth")
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)

    return _svg(draw, width=4.1, height=3.6)


def _unit_square(figure: Figure, x_words: str, y_words: str) -> Axes:
    axes: Axes = figure.subplots()
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlabel(x_words)
    axes.set_ylabel(y_words)
    return axes


def _svg(draw: Callable[[Figure], None], *, width: float, height: float) -> str:
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasSVG(figure)
        draw(figure)
        text = io.StringIO()
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None})
    body = text.getvalue()
    body = body[body.index("<svg") :].replace(_INK, "currentColor")
    # Metadata names outside addresses and says nothing to people.
    return re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
