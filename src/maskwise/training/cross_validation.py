"""Cross-validation: one recipe under every way to split a data set, in one table."""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from maskwise.dataset.dataset import Dataset
from maskwise.dataset.grouping import group_samples
from maskwise.durable import make_folder
from maskwise.errors import BadDataset
from maskwise.evaluation.judge import evaluate
from maskwise.evaluation.metrics import Metrics
from maskwise.labels import LABELS
from maskwise.names import legible
from maskwise.pages.environment import markdown_text
from maskwise.pages.files import json_text, write_files
from maskwise.pages.wording import estimate_text, share_text
from maskwise.runs.recipe import find_recipe
from maskwise.training.fit import train
from maskwise.training.watcher import Watcher

_UNSAFE: Final = re.compile(r"[^\w.-]+")
_SPLITS: Final = {
    "random": "random split",
    "grouped": "grouped split",
}


@dataclass(frozen=True, slots=True)
class Fold:
    """A training and what it is worth on what it was not trained on.

    Attributes:
        name: How the data was split; `source NAME` if that source was held out.
        run: Its folder.
        n_train: How many pictures it was trained on.
        metrics: On its test side.
    """

    name: str
    run: Path
    n_train: int
    metrics: Metrics


@dataclass(frozen=True, slots=True)
class CrossValidation:
    """One recipe under several splits.

    Attributes:
        title: Which recipe on which data.
        folds: In the order in which they were trained.
        skipped: Sources that were not held out, and why.
    """

    title: str
    folds: tuple[Fold, ...]
    skipped: Mapping[str, str]

    def to_dict(self) -> Mapping[str, Any]:
        """Plain values for JSON: `title`, `skipped`, and `folds` with their `metrics`."""
        return {
            "title": self.title,
            "folds": [
                {
                    "name": fold.name,
                    "run": fold.run.name,
                    "n_train": fold.n_train,
                    "metrics": fold.metrics.to_dict(),
                }
                for fold in self.folds
            ],
            "skipped": dict(self.skipped),
        }

    def to_markdown(self) -> str:
        """One table, with 95 % intervals."""
        classes = self.folds[0].metrics.per_class if self.folds else ()
        columns = [
            *("Split", "Trained on", "Judged on", "Accuracy", "Balanced accuracy"),
            *(f"Recall of {LABELS[each.label]}" for each in classes),
            "Called masked without mask",
        ]
        lines = [
            f"# {markdown_text(self.title)}",
            "",
            "| " + " | ".join(columns) + " |",
            "|---" + "|--:" * 2 + "|---" * (len(columns) - 4) + "|--:|",
            *("| " + " | ".join(_cells(fold)) + " |" for fold in self.folds),
        ]
        lines += [
            f"\nNot held out: {markdown_text(source)}: {markdown_text(reason)}"
            for source, reason in self.skipped.items()
        ]
        return "\n".join(lines)

    def write(self, folder: Path) -> list[Path]:
        """Write `cross-validation.json` and `cross-validation.md` into `folder`.

        Raises:
            OutputFailed: We may not write there or the disk is full; each file is old or new.
        """
        texts = {
            "cross-validation.json": json_text(self.to_dict()),
            "cross-validation.md": self.to_markdown() + "\n",
        }
        return write_files(folder, texts)


def _cells(fold: Fold) -> list[str]:
    metrics = fold.metrics
    return [
        markdown_text(fold.name),
        str(fold.n_train),
        str(metrics.n),
        estimate_text(metrics.accuracy),
        estimate_text(metrics.balanced_accuracy),
        *(estimate_text(each.recall) for each in metrics.per_class),
        share_text(metrics.false_positive_rate),
    ]


def cross_validate(
    data: Dataset | str | os.PathLike[str],
    *,
    out: str | os.PathLike[str],
    recipe: str = "reference",
    seed: int = 0,
    epochs: int | None = None,
    resume: bool = False,
    watcher: Watcher | None = None,
    on_fold: Callable[[str, int, int], None] | None = None,
) -> CrossValidation:
    """Train and judge a recipe under a random split, a grouped one, and each source held out.

    What a network is worth on faces from elsewhere, the last kind shows; how much of that the
    first kind hides, the table shows at a glance.

    Args:
        data: A data set or its folder; each sample has a `source`.
        out: Gets a run folder per split, and the table.
        recipe: A name in `maskwise.runs.recipe.RECIPES`.
        seed: Of each training.
        epochs: Instead of the number in the recipe.
        resume: Go on where an earlier call was cut off.
        watcher: Is told how each training goes.
        on_fold: Called before each training with its name, its number from 1, and how many
            there are.

    Raises:
        BadDataset: The data cannot be trained on, or has fewer than two sources.
        BadRun: `out` holds runs and `resume` is False, or of other data or seed.
        OutputFailed: The disk is full or closed to us. Free it and resume.
        InvalidInput: No such recipe, or a number out of range.
    """
    chosen = find_recipe(recipe, epochs=epochs)
    progress = watcher.listing if watcher else None
    dataset = data if isinstance(data, Dataset) else Dataset.open(data, on_progress=progress)
    dataset.require_trainable(chosen.labels)
    known = dataset.only(chosen.labels)
    sources, skipped = _sources(known, chosen.labels)
    grouped = group_samples(known, on_progress=watcher.grouping if watcher else None)
    folder = Path(out)
    make_folder(folder)
    ways: list[tuple[str, str, dict[str, str]]] = [
        *((words, split, {"split": split}) for split, words in _SPLITS.items()),
        *((f"source {name}", _folder_name(name), {"hold_out_source": name}) for name in sources),
    ]
    folds = []
    for number, (name, folder_name, split) in enumerate(ways, start=1):
        if on_fold is not None:
            on_fold(name, number, len(ways))
        run = train(
            grouped,
            out=folder / folder_name,
            recipe=recipe,
            seed=seed,
            epochs=epochs,
            resume=resume,
            watcher=watcher,
            **split,
        )
        report = evaluate(run, robustness=False)
        report.write(run.folder)
        folds.append(Fold(name, run.folder, len(run.read_split().train), report.metrics))
    title = f"Recipe {recipe} on {legible(dataset.root.name)}, seed {seed}"
    result = CrossValidation(title, tuple(folds), skipped)
    result.write(folder)
    return result


def _sources(data: Dataset, labels: Sequence[int]) -> tuple[list[str], Mapping[str, str]]:
    """The sources that can be held out in turn, and why others cannot."""
    names = sorted({sample.source for sample in data.samples} - {""})
    if len(names) < 2:
        raise BadDataset(
            f"{legible(data.root)} names {len(names)} sources, but to hold one out takes two. "
            "Name them in a column `source` of manifest.csv."
        )
    skipped = {}
    for name in names:
        left = {sample.label for sample in data.samples if sample.source != name}
        if missing := [LABELS[label] for label in labels if label not in left]:
            skipped[name] = f"no other source has {' or '.join(missing)}"
    return [name for name in names if name not in skipped], skipped


def _folder_name(source: str) -> str:
    return "source-" + _UNSAFE.sub("-", source)
