"""Search: one recipe trained with many values of its fields, and the best of them."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import optuna

from maskwise import __version__
from maskwise.dataset.dataset import Dataset
from maskwise.dataset.grouping import group_samples
from maskwise.dataset.samples import Split
from maskwise.dataset.split import number_groups
from maskwise.errors import BadRun, InvalidInput
from maskwise.names import legible
from maskwise.runs.recipe import Recipe, find_recipe, require_seed
from maskwise.runs.run import Run, has_run, require_same_data, require_same_recipe
from maskwise.search.referee import Hopeless, Referee
from maskwise.search.report import FORMAT_VERSION, REPORT, SearchReport
from maskwise.search.space import space_around, values_of, values_text
from maskwise.search.strategy import Strategy
from maskwise.search.trial import Trial
from maskwise.training.claim import claimed
from maskwise.training.fit import train
from maskwise.training.sides import find_sides
from maskwise.training.watcher import Watcher

TRIALS: Final = 20
"""How many trainings there are if nobody says: ten to look around, ten to close in."""
_SPLITS: Final = ("grouped", "given")
_TRIALS: Final = "trials"
_OURS: Final = ("lock", f"{REPORT}.json.partial")
"""What a search leaves behind that was killed before it began."""


def search(
    data: Dataset | str | os.PathLike[str],
    *,
    out: str | os.PathLike[str],
    recipe: str = "maskwise",
    trials: int = TRIALS,
    seed: int = 0,
    epochs: int | None = None,
    split: str = "grouped",
    resume: bool = False,
    watcher: Watcher | None = None,
    on_proposal: Callable[[int, str], None] | None = None,
    on_trial: Callable[[Trial], None] | None = None,
) -> SearchReport:
    """Train a recipe with other values of its fields, again and again, and find the best.

    All trainings have the same split. The best is that with the least loss on its validation side
    after the last epoch; nobody looks at its test side.

    Args:
        data: A data set or its folder.
        out: Gets a run folder per training, in `trials`, and the report, after each anew.
        recipe: A name in `maskwise.runs.recipe.RECIPES`.
        trials: How many trainings. A search can be resumed with more.
        seed: Of the split, of each training, and of what is tried.
        epochs: Instead of the number in the recipe.
        split: `grouped` or `given`, see `maskwise.train`; whatever the recipe says.
        resume: Go on where an earlier call was cut off, if there was one.
        watcher: Is told how each training goes.
        on_proposal: Called before each training with its number, from 1, and its values in words.
        on_trial: Called after each training with what came of it.

    Raises:
        BadDataset: The data cannot be trained on or split.
        BadRun: `out` holds a search and `resume` is False, or of another recipe, seed or data, or
            files that are not ours; or another process searches there.
        OutputFailed: The disk is full or closed to us. Free it and resume.
        InvalidInput: No such recipe, or a number out of range.
    """
    if trials < 1:
        raise InvalidInput(f"`trials` must be at least 1. Received: trials={trials}.")
    if split not in _SPLITS:
        raise InvalidInput(
            f"`split` must be one of {', '.join(_SPLITS)}: near-duplicates of what was trained on "
            f"are no judges of a training. Received: {split!r}."
        )
    require_seed(seed)
    base = find_recipe(recipe, epochs=epochs, split=split)
    folder = Path(out)
    begun = find_search(folder, resume=resume)
    dataset = data
    if not isinstance(dataset, Dataset):
        dataset = Dataset.open(dataset, on_progress=watcher.listing if watcher else None)
    base = base.for_labels({sample.label for sample in dataset.samples})
    _require_same_search(folder, begun, base, seed, trials)
    dataset.require_trainable(base.labels)
    grouped = group_samples(
        dataset.only(base.labels), on_progress=watcher.grouping if watcher else None
    )
    sides = find_sides(grouped.samples, base, seed=seed)
    space = space_around(base)
    first = values_of(base, space)
    strategy = Strategy(space, first, seed=seed, epochs=base.epochs)
    with claimed(folder):
        if begun is None:
            find_search(folder, resume=False)  # once more: reading the data took its time
        known = begun["n"] if begun else 0
        report = SearchReport(
            title=f"Recipe {recipe} on {legible(dataset.root.name)}, seed {seed}",
            created=_now(),
            facts=_facts(dataset, base, seed, sides),
            recipe=base,
            seed=seed,
            space=space,
            n_validation=len(sides.validation),
            n_groups=len(np.unique(number_groups(sides.validation))),
            n_test=len(sides.test),
            n_asked=trials,
        )
        if begun is None:
            report.write(folder)
        for number in range(1, trials + 1):
            values = strategy.propose()
            if on_proposal is not None:
                on_proposal(number, values_text(values))
            own = replace(base, name=f"{base.name}, trial {number}", **values)
            referee = Referee(strategy, watcher)
            run_folder = folder / _TRIALS / f"{number:04d}"
            is_finished = _train(grouped, run_folder, own, seed, referee)
            trial = Trial(number, run_folder, values, tuple(referee.records), is_finished)
            strategy.learn(trial.loss if is_finished else None)
            report = replace(report, trials=(*report.trials, trial), created=_now())
            if number >= known:  # what is on the disk is never less than what is known
                report.write(folder)
            if on_trial is not None:
                on_trial(trial)
    return report


def find_search(folder: Path, *, resume: bool) -> Mapping[str, Any] | None:
    """What an earlier search in `folder` wrote down; None if there was none.

    Raises:
        BadRun: There was one and `resume` is False, or it is damaged, or there are other files.
    """
    path = folder / f"{REPORT}.json"
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        _require_vacant(folder)
        return None
    except OSError as error:
        raise BadRun(f"{legible(path)} cannot be read: {error.strerror or error}.") from error
    if not resume:
        raise BadRun(
            f"{legible(folder)} already holds a search. Go on with it by `--resume`, or choose "
            "another folder."
        )
    try:
        begun = json.loads(text)
        if begun["format_version"] != FORMAT_VERSION:
            raise BadRun(
                f"{legible(folder)} is a search of format {begun['format_version']}, but this "
                f"version of maskwise reads format {FORMAT_VERSION}. Search into a new folder."
            )
        return {"recipe": dict(begun["recipe"]), "seed": begun["seed"], "n": len(begun["trials"])}
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise BadRun(f"{legible(path)} is damaged: {error}.") from error


def _train(data: Dataset, folder: Path, recipe: Recipe, seed: int, referee: Referee) -> bool:
    """Train, or go on, or see what came of it before; whether it came to its end."""
    try:
        if has_run(folder) and _is_done(data, folder, recipe, referee):
            return True
        train(data, out=folder, recipe=recipe, seed=seed, resume=True, watcher=referee)
    except Hopeless:
        return False
    return True


def _is_done(data: Dataset, folder: Path, recipe: Recipe, referee: Referee) -> bool:
    """Let epochs be judged that are over; whether there is nothing left to do."""
    run = Run.open(folder)
    require_same_recipe(run, recipe)
    require_same_data(run, data.samples)
    run = run.moved_data(data.root)
    checkpoint = run.newest_checkpoint()
    for record in checkpoint.history if checkpoint else ():
        referee.judge(record)
    return len(referee.records) == recipe.epochs and run.read_decision() is not None


def _require_vacant(folder: Path) -> None:
    if not os.path.isdir(folder):  # noqa: PTH112 - Path.is_dir raises on long names
        return  # to be made, or refused when it is
    found = [path for path in folder.iterdir() if path.name not in _OURS]
    if found:
        raise BadRun(
            f"{legible(folder)} is no search, but holds files (first: {legible(min(found).name)}). "
            "Choose a new or empty folder."
        )


def _require_same_search(
    folder: Path, begun: Mapping[str, Any] | None, base: Recipe, seed: int, trials: int
) -> None:
    if begun is None:
        return
    asked = json.loads(json.dumps({**base.to_dict(), "seed": seed}))
    then = {**begun["recipe"], "seed": begun["seed"]}
    for name, value in asked.items():
        if then.get(name) != value:
            what = "recipe" if name == "name" else name
            raise BadRun(
                f"The search in {legible(folder)} began with {what}={then.get(name)} and cannot go "
                f"on with {what}={value}. Search into a new folder."
            )
    if trials < begun["n"]:
        raise BadRun(
            f"The search in {legible(folder)} has {begun['n']} trials already and cannot go on "
            f"with {trials}. Ask for as many, or more."
        )


def _facts(data: Dataset, recipe: Recipe, seed: int, sides: Split) -> Mapping[str, str]:
    counts = ", ".join(f"{n} {name}" for name, n in data.only(recipe.labels).counts().items())
    return {
        "Data": f"{legible(data.root.resolve())}: {counts}",
        "Recipe": f"{recipe.name}, {recipe.epochs} epochs, seed {seed}",
        "Split": f"{recipe.split}, the same for all trials: {len(sides.train)} pictures to train "
        f"on, {len(sides.validation)} to watch, {len(sides.test)} set aside",
        "Searched with": f"maskwise {__version__}, Optuna {optuna.__version__}",
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
