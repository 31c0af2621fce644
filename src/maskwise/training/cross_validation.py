"""Cross-validation: one recipe under every way to split a data set, in one table."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from maskwise.dataset.dataset import Dataset
from maskwise.dataset.grouping import group_samples
from maskwise.durable import make_folder
from maskwise.evaluation.judge import evaluate
from maskwise.evaluation.metrics import Metrics
from maskwise.labels import LABELS
from maskwise.names import legible
from maskwise.pages.environment import markdown_text
from maskwise.pages.files import json_text, write_files
from maskwise.pages.wording import estimate_text, share_text
from maskwise.runs.recipe import find_recipe
from maskwise.runs.run import has_run
from maskwise.training.fit import train
from maskwise.training.watcher import Watcher
from maskwise.training.ways import list_ways, try_ways


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
        pending: The names of folds that are still to be trained.
    """

    title: str
    folds: tuple[Fold, ...]
    skipped: Mapping[str, str]
    pending: tuple[str, ...] = ()

    def to_dict(self) -> Mapping[str, Any]:
        """Plain values for JSON: `title`, `skipped`, `pending`, and `folds` with `metrics`."""
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
            "pending": list(self.pending),
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
        lines += [f"\nNot yet trained: {markdown_text(name)}" for name in self.pending]
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
        out: Gets a run folder per split, and the table, after each training anew.
        recipe: A name in `maskwise.runs.recipe.RECIPES`.
        seed: Of each training.
        epochs: Instead of the number in the recipe.
        resume: Go on where an earlier call was cut off.
        watcher: Is told how each training goes.
        on_fold: Called before each training with its name, its number from 1, and how many
            there are.

    Raises:
        BadDataset: The data cannot be trained on or split, or has fewer than two sources.
        BadRun: `out` holds runs and `resume` is False, or of other data or seed.
        OutputFailed: The disk is full or closed to us. Free it and resume.
        InvalidInput: No such recipe, or a number out of range.
    """
    chosen = find_recipe(recipe, epochs=epochs)
    progress = watcher.listing if watcher else None
    dataset = data if isinstance(data, Dataset) else Dataset.open(data, on_progress=progress)
    chosen = chosen.for_labels({sample.label for sample in dataset.samples})
    dataset.require_trainable(chosen.labels)
    known = dataset.only(chosen.labels)
    listed = list_ways(known)
    grouped = group_samples(known, on_progress=watcher.grouping if watcher else None)
    folder = Path(out)
    ways, skipped = try_ways(
        listed,
        grouped.samples,
        chosen,
        seed=seed,
        is_begun=lambda way: resume and has_run(folder / way.folder),
    )
    make_folder(folder)
    title = f"Recipe {recipe} on {legible(dataset.root.name)}, seed {seed}"
    result = CrossValidation(title, (), skipped, tuple(way.name for way in ways))
    for number, way in enumerate(ways, start=1):
        if on_fold is not None:
            on_fold(way.name, number, len(ways))
        run = train(
            grouped,
            out=folder / way.folder,
            recipe=recipe,
            seed=seed,
            epochs=epochs,
            split=way.split,
            hold_out_source=way.held_out_source or None,
            resume=resume,
            watcher=watcher,
        )
        report = evaluate(run, robustness=False)
        report.write(run.folder)
        fold = Fold(way.name, run.folder, len(run.read_split().train), report.metrics)
        result = replace(result, folds=(*result.folds, fold), pending=result.pending[1:])
        result.write(folder)
    return result
