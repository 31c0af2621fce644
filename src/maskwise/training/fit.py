"""Fit: the training itself, from data to a finished run folder. Read it from top to bottom."""

import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from maskwise.dataset.dataset import Dataset
from maskwise.dataset.pixels import open_pixels, remove_pixels
from maskwise.dataset.reading import Progress, progress_from
from maskwise.dataset.samples import Sample, Split
from maskwise.extras import load
from maskwise.preprocess import PreprocessSpec
from maskwise.runs.recipe import Recipe
from maskwise.runs.run import Run
from maskwise.training.augmented import AugmentedBatches, mark_faces
from maskwise.training.batches import PixelBatches
from maskwise.training.opening import Opened, opened
from maskwise.training.recorder import Recorder
from maskwise.training.shown import batches_shown, batches_watched, shown_spec
from maskwise.training.start import Start, prepare_tensorflow
from maskwise.training.watcher import Watcher


def train(
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
    watcher: Watcher | None = None,
) -> Run:
    """Train a network and leave everything about it in a run folder.

    The same data, recipe and seed on the same machine give the same weights, whether or not the
    training was cut off and resumed in between. For this, TensorFlow is put into its
    deterministic mode, and it stays in it as long as the process lives.

    Args:
        data: A data set or its folder. Where no mask is worn wrongly in it, two classes are learnt.
        out: The run folder; made if missing.
        recipe: A name in `maskwise.runs.recipe.RECIPES`, or a recipe of your own; `reference` if
            None.
        start_from: Instead of a recipe: the bundle or finished run to go on from, with the classes
            that it knows; `shipped` is the bundle that comes with maskwise. What comes out lies
            half way between that network and where the training led.
        seed: Decides split, weights, dropout and order. 0 if None; on resuming, that of the run.
        epochs: Instead of the number in the recipe.
        split: `random`, `grouped` or `given`, instead of what the recipe says: whether
            near-duplicates, faces of one scene and the like may stand on two sides, or whether
            the data set itself names the sides.
        hold_out_source: Judge on this source and train on all others.
        resume: Go on with the run in `out` if there is one.
        watcher: Is told how it goes.

    Raises:
        BadDataset: The data cannot be trained on; the message says why.
        BadRun: `out` holds a run and `resume` is False, or files that are not ours; or the data,
            recipe or seed of its run differ; or another process trains there.
        OutputFailed: The disk is full or closed to us. Free it and resume.
        BadBundle: The bundle to go on from is damaged, or cannot be gone on from.
        InvalidInput: No such recipe, a recipe beside `start_from`, or a number out of range.
    """
    with opened(
        data,
        out=out,
        recipe=recipe,
        start_from=start_from,
        seed=seed,
        epochs=epochs,
        split=split,
        hold_out_source=hold_out_source,
        resume=resume,
        watcher=watcher,
    ) as begun:
        _fit(begun, watcher)
        calibrate(begun.run)
    return begun.run


def calibrate(run: Run) -> None:
    """Choose on the validation side how the network of a finished run answers, if nobody has."""
    if run.read_decision() is None:
        # Loaded only now, since judging brings in much that training does not need.
        load("maskwise.evaluation.validation", extra="train").calibrate(run)


def _fit(begun: Opened, watcher: Watcher | None) -> None:
    prepare_tensorflow()
    run, split = begun.run, begun.run.read_split()
    start = Start.of(run, begun.parent, len(split.train))
    if start.history:
        run.write_history(start.history)  # a kill may have struck between it and its checkpoint
    if start.epoch >= run.recipe.epochs:
        remove_pixels(run.folder)
        return
    try:
        shown, watched = _sides(run, begun.dataset, split, watcher, epoch=start.epoch)
        if watcher:
            watcher.begun(run, len(split.train), len(split.validation), len(split.test))
        with Recorder(run, start.history, watcher) as recorder:
            start.model.fit(
                shown,
                validation_data=watched,
                initial_epoch=start.epoch,
                epochs=run.recipe.epochs,
                shuffle=False,  # the batches shuffle themselves, by seed and epoch
                verbose=0,
                callbacks=[*start.callbacks, recorder],
            )
    finally:
        remove_pixels(run.folder)


def _sides(
    run: Run, dataset: Dataset, split: Split, watcher: Watcher | None, *, epoch: int
) -> tuple[PixelBatches | AugmentedBatches, PixelBatches]:
    """What is shown in training, from `epoch` on, and what is watched."""
    recipe, n = run.recipe, len(split.train)
    total = n + len(split.validation) + (n if recipe.is_augmented else 0)

    def progress(start: int) -> Progress | None:
        return progress_from(start, total, watcher.preparing if watcher else None)

    def pixels(samples: Sequence[Sample], spec: PreprocessSpec, start: int) -> NDArray[np.uint8]:
        return open_pixels(run.folder, dataset, samples, spec, on_progress=progress(start))

    shown_rgb = pixels(split.train, shown_spec(recipe), 0)
    watched_rgb = pixels(split.validation, recipe.preprocess, n)
    landmarks_xy = None
    if recipe.is_augmented:
        landmarks_xy = mark_faces(shown_rgb, split.train, progress(total - n))
    return (
        batches_shown(run, split.train, shown_rgb, landmarks_xy, epoch=epoch),
        batches_watched(run, split.validation, watched_rgb),
    )
