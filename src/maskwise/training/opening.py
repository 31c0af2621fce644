"""Opening: a run folder, begun or found again, that this process alone may train into."""

import os
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
import tensorflow as tf

import maskwise
from maskwise.dataset.dataset import Dataset
from maskwise.dataset.grouping import group_samples
from maskwise.dataset.samples import Split
from maskwise.errors import BadRun, InvalidInput
from maskwise.names import legible
from maskwise.runs.recipe import Recipe, change_recipe, find_recipe, require_seed
from maskwise.runs.run import (
    Run,
    has_run,
    require_same_data,
    require_same_recipe,
    require_vacant,
)
from maskwise.training.claim import claimed
from maskwise.training.parent import Parent
from maskwise.training.sides import find_sides
from maskwise.training.watcher import Watcher

_REFERENCE: Final = "reference"


@dataclass(frozen=True, slots=True)
class Opened:
    """What a training is to do.

    Attributes:
        run: Its folder.
        dataset: What it shows.
        parent: The network that it goes on from, if it does.
    """

    run: Run
    dataset: Dataset
    parent: Parent | None


@contextmanager
def opened(
    data: Dataset | str | os.PathLike[str],
    *,
    out: str | os.PathLike[str],
    recipe: str | Recipe | None = None,
    start_from: str | os.PathLike[str] | None = None,
    seed: int | None = None,
    epochs: int | None = None,
    split: str | None = None,
    hold_out_source: str | None = None,
    resume: bool = False,
    workers: int = 1,
    watcher: Watcher | None = None,
) -> Iterator[Opened]:
    """Begin a run or find it again, and hold it until the block ends.

    `workers` is how many processes are to share each step. For what else is taken, and for what is
    raised, see `maskwise.training.fit.train`.
    """
    changes = {"epochs": epochs, "split": split, "held_out_source": hold_out_source}
    parent, chosen = _choose(recipe, start_from, **changes)
    _require_work(chosen.batch_size, workers)
    require_seed(seed)
    folder = Path(out)
    if not (resume and has_run(folder)):
        require_vacant(folder)
    progress = watcher.listing if watcher else None
    dataset = data if isinstance(data, Dataset) else Dataset.open(data, on_progress=progress)
    present = {sample.label for sample in dataset.samples}
    if parent is None:
        chosen = chosen.for_labels(present)
    # What a network knows already may be missing, as long as there is something to tell apart.
    taught = tuple(label for label in chosen.labels if label in present) if parent else ()
    dataset.require_trainable(taught if len(taught) > 1 else chosen.labels)
    sides = None if resume and has_run(folder) else _split(dataset, chosen, seed or 0, watcher)
    if sides is not None:
        _require_work(len(sides.train), workers)
    with claimed(folder):
        if sides is None:
            named = chosen.name if recipe or parent else None
            asked = chosen if isinstance(recipe, Recipe) else named
            run = _resume(folder, dataset, recipe=asked, seed=seed, **changes)
        else:
            run = _begin(folder, dataset, chosen, seed or 0, sides)
        _require_parent(run, parent)
        yield Opened(run, dataset, parent)


def _require_work(pictures: int, workers: int) -> None:
    if not 1 <= workers <= pictures:
        raise InvalidInput(
            f"`workers` must be 1 to {pictures}, as they share the pictures of a step. "
            f"Received: {workers}."
        )


def _choose(
    recipe: str | Recipe | None, start_from: str | os.PathLike[str] | None, **changes: Any
) -> tuple[Parent | None, Recipe]:
    if start_from is None:
        if isinstance(recipe, Recipe):
            return None, change_recipe(recipe, **changes)
        return None, find_recipe(recipe or _REFERENCE, **changes)
    if recipe is not None:
        raise InvalidInput(
            "`recipe` and `start_from` exclude each other, as a network goes on as it was trained. "
            f"Received: {getattr(recipe, 'name', recipe)!r} and {legible(Path(start_from))}. "
            "Leave one of them out."
        )
    parent = Parent.open(start_from)
    return parent, change_recipe(parent.recipe, **changes)


def _split(dataset: Dataset, recipe: Recipe, seed: int, watcher: Watcher | None) -> Split:
    # Groups are found also for a random split: its report is to say what it leaks.
    grouped = group_samples(
        dataset.only(recipe.labels), on_progress=watcher.grouping if watcher else None
    )
    return find_sides(grouped.samples, recipe, seed=seed)


def _begin(folder: Path, dataset: Dataset, recipe: Recipe, seed: int, sides: Split) -> Run:
    require_vacant(folder)  # once more: reading the data took its time
    return Run.create(
        folder,
        recipe=recipe,
        seed=seed,
        data_folder=dataset.root,
        split=sides,
        environment=_environment(),
    )


def _resume(
    folder: Path,
    dataset: Dataset,
    *,
    recipe: str | Recipe | None,
    seed: int | None,
    **changes: object,
) -> Run:
    run = Run.open(folder)
    if isinstance(recipe, Recipe):
        require_same_recipe(run, recipe)
        recipe = None
    asked = {"recipe": recipe, "seed": seed, **changes}
    begun = {"recipe": run.recipe.name, "seed": run.seed}
    begun |= {name: getattr(run.recipe, name) for name in changes}
    for name, value in asked.items():
        if value is not None and value != begun[name]:
            raise BadRun(
                f"{legible(folder)} began with {name}={begun[name]} and cannot go on with "
                f"{name}={value}. Leave it out, or train into a new folder."
            )
    require_same_data(run, dataset.only(run.recipe.labels).samples)
    return run.moved_data(dataset.root)


def _require_parent(run: Run, parent: Parent | None) -> None:
    if run.recipe.parent != (parent.recipe.parent if parent else ""):
        raise BadRun(
            f"{legible(run.folder)} began from {'another' if parent else 'a trained'} network. "
            "Name that by --from, or train into a new folder."
            if run.recipe.parent
            else f"{legible(run.folder)} did not go on from a trained network. Leave out --from."
        )


def _environment() -> Mapping[str, str]:
    return {
        "maskwise": maskwise.__version__,
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "numpy": np.__version__,
        "pillow": version("pillow"),
        "platform": platform.platform(),
    }
