"""Tuning: whether a network that went on from another is better for it, and what it forgot."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from maskwise.dataset.dataset import Dataset
from maskwise.dataset.drawn import draw_sample_set
from maskwise.dataset.reading import Progress
from maskwise.evaluation.comparison import Comparison, compare
from maskwise.evaluation.subject import Subject
from maskwise.pages.wording import p_text, points_text, share_text
from maskwise.runs.run import Run

_N_DRAWN: Final = 400
_SEED: Final = 2020  # other faces than those of the demo and of bundles


@dataclass(frozen=True, slots=True)
class Tuning:
    """A network (B) beside the one that it went on from (A).

    Attributes:
        own: On the pictures of its data that were set aside.
        rest: On pictures from elsewhere.
    """

    own: Comparison
    rest: Comparison

    def to_words(self) -> str:
        """What was gained and what was lost, in two sentences."""
        verdict = {
            "b": "it became better on your pictures",
            "a": "it became worse on your pictures: stay with what it went on from",
            None: "no difference on your pictures can be shown: stay with what it went on from, or "
            "set more pictures aside",
        }[self.own.metrics.better]
        forgot = {
            "b": "and better on the rest, too",
            "a": "but it forgot some of the rest: train for fewer epochs, or on more kinds of "
            "pictures",
            None: "and nothing of the rest was forgotten as far as can be shown",
        }[self.rest.metrics.better]
        return (
            f"{_figures('Yours', self.own)}: {verdict}.\n"
            f"{_figures('The rest', self.rest)}: {forgot}."
        )

    def write(self, folder: Path) -> list[Path]:
        """Write both comparisons, into `beside-parent/on-yours` and `on-the-rest` of `folder`.

        Raises:
            OutputFailed: We may not write there or the disk is full.
        """
        beside = folder / "beside-parent"
        return [*self.own.write(beside / "on-yours"), *self.rest.write(beside / "on-the-rest")]


def judge_tuning(
    run: Run,
    parent: str | os.PathLike[str] | Subject,
    rest: Dataset | None = None,
    *,
    on_progress: Progress | None = None,
) -> Tuning:
    """Compare a network with the one that it went on from.

    Args:
        run: Finished.
        parent: As `maskwise.compare` takes it.
        rest: Labelled pictures from elsewhere, on which it should be as good as before. None:
            drawn faces, which show nothing but whether a network still knows what masks are.
        on_progress: Told how far it is, of each comparison by itself.

    Raises:
        BadDataset: Pictures of the run, or of the rest, are gone or changed.
        BadRun: The run is unfinished or damaged.
    """
    subject = Subject.open(parent)
    set_aside = Dataset(root=run.data_folder, samples=run.read_split().test, is_grouped=True)
    own = compare(subject, run, set_aside, on_progress=on_progress)
    if rest is not None:
        return Tuning(own, compare(subject, run, rest, on_progress=on_progress))
    with tempfile.TemporaryDirectory() as folder:
        drawn = Path(folder) / "drawn faces"
        draw_sample_set(drawn, count=_N_DRAWN, seed=_SEED)
        return Tuning(own, compare(subject, run, drawn, on_progress=on_progress))


def _figures(whose: str, comparison: Comparison) -> str:
    metrics = comparison.metrics
    before, after = metrics.a.accuracy.value, metrics.b.accuracy.value
    lost = metrics.accuracy_difference  # A less B
    gained, low, high = (
        points_text(None if points is None else -points)
        for points in (lost.value, lost.high, lost.low)
    )
    return (
        f"{whose} ({metrics.n} pictures): right on {share_text(before)} before and "
        f"{share_text(after)} after, {gained} points ({low} to {high}; {p_text(metrics.p_value)})"
    )
