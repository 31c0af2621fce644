"""Search: one recipe trained with many values of its fields, and the best of them."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
import optuna

from maskwise import __version__
from maskwise.dataset.dataset import Dataset
from maskwise.dataset.grouping import group_samples
from maskwise.dataset.samples import Split
from maskwise.dataset.split import number_groups
from maskwise.names import legible
from maskwise.runs.recipe import Recipe, find_recipe, require_seed
from maskwise.runs.run import Run, has_run, require_same_data, require_same_recipe
from maskwise.search.folder import TRIALS, find_search, require_possible, require_same_search
from maskwise.search.referee import Hopeless, Referee
from maskwise.search.report import SearchReport
from maskwise.search.space import space_around, values_of, values_text
from maskwise.search.strategy import Strategy
from maskwise.search.trial import Trial
from maskwise.training.claim import claimed
from maskwise.training.fit import train
from maskwise.training.sides import find_sides
from maskwise.training.watcher import Watcher

N_TRIALS: Final = 20
"""How many trainings there are if nobody says: ten to look around, ten to close in."""


def search(
    data: Dataset | str | os.PathLike[str],
    *,
    out: str | os.PathLike[str],
    recipe: str = "maskwise",
    trials: int = N_TRIALS,
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
    require_possible(trials=trials, split=split)
    require_seed(seed)
    base = find_recipe(recipe, epochs=epochs, split=split)
    folder = Path(out)
    begun = find_search(folder, resume=resume)
    dataset = data
    if not isinstance(dataset, Dataset):
        dataset = Dataset.open(dataset, on_progress=watcher.listing if watcher else None)
    base = base.for_labels({sample.label for sample in dataset.samples})
    if begun is not None:
        require_same_search(folder, begun, base, seed=seed, trials=trials)
    dataset.require_trainable(base.labels)
    grouped = group_samples(
        dataset.only(base.labels), on_progress=watcher.grouping if watcher else None
    )
    sides = find_sides(grouped.samples, base, seed=seed)
    space = space_around(base)
    strategy = Strategy(space, values_of(base, space), seed=seed, epochs=base.epochs)
    with claimed(folder):
        if begun is None:
            find_search(folder, resume=False)  # once more: reading the data took its time
        known = begun["n"] if begun else 0
        report = _new_report(dataset, base, seed, sides, n_asked=trials)
        if begun is None:
            report.write(folder)
        for number in range(1, trials + 1):
            values = strategy.propose()
            if on_proposal is not None:
                on_proposal(number, values_text(values))
            own = replace(base, name=f"{base.name}, trial {number}", **values)
            referee = Referee(strategy, watcher)
            run_folder = folder / TRIALS / f"{number:04d}"
            is_finished = _train(grouped, run_folder, own, seed, referee)
            trial = Trial(number, run_folder, values, tuple(referee.records), is_finished)
            strategy.learn(trial.loss if is_finished else None)
            report = replace(report, trials=(*report.trials, trial), created=_now())
            if number >= known:  # what is on the disk is never less than what is known
                report.write(folder)
            if on_trial is not None:
                on_trial(trial)
    return report


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


def _new_report(
    data: Dataset, recipe: Recipe, seed: int, sides: Split, *, n_asked: int
) -> SearchReport:
    counts = ", ".join(f"{n} {name}" for name, n in data.only(recipe.labels).counts().items())
    facts = {
        "Data": f"{legible(data.root.resolve())}: {counts}",
        "Recipe": f"{recipe.name}, {recipe.epochs} epochs, seed {seed}",
        "Split": f"{recipe.split}, the same for all trials: {len(sides.train)} pictures to train "
        f"on, {len(sides.validation)} to watch, {len(sides.test)} set aside",
        "Searched with": f"maskwise {__version__}, Optuna {optuna.__version__}",
    }
    return SearchReport(
        title=f"Recipe {recipe.name} on {legible(data.root.name)}, seed {seed}",
        created=_now(),
        facts=facts,
        recipe=recipe,
        seed=seed,
        space=space_around(recipe),
        n_validation=len(sides.validation),
        n_groups=len(np.unique(number_groups(sides.validation))),
        n_test=len(sides.test),
        n_asked=n_asked,
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
