"""Fit: the training itself, from data to a finished run folder. Read it from top to bottom."""

import os
import platform
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

import maskwise
from maskwise.dataset.dataset import Dataset
from maskwise.dataset.grouping import group_samples
from maskwise.dataset.pixels import open_pixels, remove_pixels
from maskwise.dataset.reading import Progress, progress_from
from maskwise.dataset.samples import Sample, Split
from maskwise.errors import BadRun, InvalidInput
from maskwise.extras import load
from maskwise.model.layers import keep_normalisations
from maskwise.model.networks import assign_first_weights, build_network
from maskwise.model.variables import (
    assign_arrays,
    network_variables,
    read_arrays,
    training_variables,
)
from maskwise.names import legible
from maskwise.preprocess import PreprocessSpec
from maskwise.runs.recipe import Recipe, change_recipe, find_recipe, require_seed
from maskwise.runs.run import (
    Run,
    has_run,
    require_same_data,
    require_same_recipe,
    require_vacant,
)
from maskwise.training.adam import FusedAdam
from maskwise.training.allocator import keep_freed_memory
from maskwise.training.augmentation.augment import Augmentation
from maskwise.training.augmented import AugmentedBatches, mark_faces
from maskwise.training.averager import Averager
from maskwise.training.batches import PixelBatches
from maskwise.training.claim import claimed
from maskwise.training.parent import Parent
from maskwise.training.recorder import Recorder
from maskwise.training.sides import find_sides
from maskwise.training.watcher import Watcher

_REFERENCE: Final = "reference"
_RISING: Final = 0.03  # share of the steps in which an annealed learning rate rises
_LAST_SHARE: Final = 0.01  # of the highest one, at the end
_STEPS_AT_ONCE: Final = 10  # between two returns to Python, each of which costs time


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
    changes = {"epochs": epochs, "split": split, "held_out_source": hold_out_source}
    parent, chosen = _choose(recipe, start_from, **changes)
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
    with claimed(folder):
        if sides is None:
            named = chosen.name if recipe or parent else None
            asked = chosen if isinstance(recipe, Recipe) else named
            run = _resume(folder, dataset, recipe=asked, seed=seed, **changes)
        else:
            run = _begin(folder, dataset, chosen, seed or 0, sides)
        _fit(run, dataset, parent, watcher)
        if run.read_decision() is None:
            # Loaded only now, since judging brings in much that training does not need.
            load("maskwise.evaluation.validation", extra="train").calibrate(run)
    return run


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


def _fit(run: Run, dataset: Dataset, parent: Parent | None, watcher: Watcher | None) -> None:
    _require_parent(run, parent)
    _prepare_tensorflow()
    recipe, split = run.recipe, run.read_split()
    model = build_network(
        recipe.network, recipe.preprocess.size_hw, n_classes=len(recipe.labels), seed=run.seed
    )
    callbacks: list[keras.callbacks.Callback] = []
    if parent is not None:
        keep_normalisations(model)
    model.compile(
        optimizer=FusedAdam(
            _learning_rate(recipe, len(split.train)), weight_decay=recipe.weight_decay or None
        ),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
        steps_per_execution=_STEPS_AT_ONCE,
    )
    model.optimizer.build(model.trainable_variables)
    checkpoint = run.newest_checkpoint()
    if parent is not None:
        parent.assign(model)
        before = read_arrays(network_variables(model))
        callbacks.append(Averager(before, share=recipe.parent_share, epochs=recipe.epochs))
    elif checkpoint is None:
        assign_first_weights(recipe.network, model)
    if checkpoint is not None:
        assign_arrays(training_variables(model), checkpoint.arrays)
        run.write_history(checkpoint.history)  # a kill may have struck between the two
    done = checkpoint.epoch if checkpoint else 0
    if done >= recipe.epochs:
        remove_pixels(run.folder)
        return
    try:
        shown, watched = _sides(run, dataset, split, watcher, epoch=done)
        if watcher:
            watcher.begun(run, len(split.train), len(split.validation), len(split.test))
        with Recorder(run, checkpoint.history if checkpoint else (), watcher) as recorder:
            model.fit(
                shown,
                validation_data=watched,
                initial_epoch=done,
                epochs=recipe.epochs,
                shuffle=False,  # the batches shuffle themselves, by seed and epoch
                verbose=0,
                callbacks=[*callbacks, recorder],
            )
    finally:
        remove_pixels(run.folder)


def _require_parent(run: Run, parent: Parent | None) -> None:
    if run.recipe.parent != (parent.recipe.parent if parent else ""):
        raise BadRun(
            f"{legible(run.folder)} began from {'another' if parent else 'a trained'} network. "
            "Name that by --from, or train into a new folder."
            if run.recipe.parent
            else f"{legible(run.folder)} did not go on from a trained network. Leave out --from."
        )


def _prepare_tensorflow() -> None:
    keep_freed_memory()
    # Two operations at a time: the gradients of a layer's weights and of its input need not wait
    # for each other. More would hold more buffers. Too late if the process has used TensorFlow
    # before.
    with suppress(RuntimeError):
        tf.config.threading.set_inter_op_parallelism_threads(2)
    tf.config.experimental.enable_op_determinism()


def _learning_rate(recipe: Recipe, n: int) -> float | keras.optimizers.schedules.CosineDecay:
    if not recipe.is_annealed:
        return recipe.learning_rate
    steps = recipe.epochs * max(1, n // recipe.batch_size)
    rising = max(1, round(_RISING * steps))
    return keras.optimizers.schedules.CosineDecay(
        0.0,
        max(1, steps - rising),
        alpha=_LAST_SHARE,
        warmup_target=recipe.learning_rate,
        warmup_steps=rising,
    )


def _sides(
    run: Run, dataset: Dataset, split: Split, watcher: Watcher | None, *, epoch: int
) -> tuple[PixelBatches | AugmentedBatches, PixelBatches]:
    """What is shown in training, from `epoch` on, and what is watched."""
    recipe, n = run.recipe, len(split.train)
    augmentation = None
    if recipe.is_augmented:
        augmentation = Augmentation.of(recipe.preprocess, recipe.labels)
    spec = augmentation.wide if augmentation else recipe.preprocess
    total = n + len(split.validation) + (n if augmentation else 0)

    def progress(start: int) -> Progress | None:
        return progress_from(start, total, watcher.preparing if watcher else None)

    def pixels(samples: Sequence[Sample], spec: PreprocessSpec, start: int) -> NDArray[np.uint8]:
        return open_pixels(run.folder, dataset, samples, spec, on_progress=progress(start))

    shown_rgb = pixels(split.train, spec, 0)
    watched = _batches(
        run, split.validation, pixels(split.validation, recipe.preprocess, n), epoch=None
    )
    if augmentation is None:
        return _batches(run, split.train, shown_rgb, epoch=epoch), watched
    shown = AugmentedBatches(
        shown_rgb,
        mark_faces(shown_rgb, split.train, progress(total - n)),
        split.train,
        augmentation=augmentation,
        spec=recipe.preprocess,
        batch_size=recipe.batch_size,
        seed=run.seed,
        epoch=epoch,
    )
    return shown, watched


def _batches(
    run: Run, samples: Sequence[Sample], pixels: NDArray[np.uint8], *, epoch: int | None
) -> PixelBatches:
    return PixelBatches(
        pixels,
        np.array([sample.label for sample in samples], dtype=np.int64),
        spec=run.recipe.preprocess,
        batch_size=run.recipe.batch_size,
        shuffle_seed=None if epoch is None else run.seed,
        mirror=run.recipe.mirror,
        epoch=epoch or 0,
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
