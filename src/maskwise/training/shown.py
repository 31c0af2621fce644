"""Shown: the batches that a training shows to its network, and those that it watches it on."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from maskwise.dataset.samples import Sample
from maskwise.preprocess import PreprocessSpec
from maskwise.runs.recipe import Recipe
from maskwise.runs.run import Run
from maskwise.training.augmentation.augment import Augmentation
from maskwise.training.augmented import AugmentedBatches
from maskwise.training.batches import ALL, PixelBatches, Pixels


def shown_spec(recipe: Recipe) -> PreprocessSpec:
    """How pictures are resized from which a training makes its batches."""
    return _augmentation(recipe).wide if recipe.is_augmented else recipe.preprocess


def batches_shown(
    run: Run,
    samples: Sequence[Sample],
    pixels_rgb: Pixels,
    landmarks_xy: NDArray[np.float32] | None,
    *,
    epoch: int,
    share: slice = ALL,
) -> PixelBatches | AugmentedBatches:
    """What is shown in training.

    Args:
        run: Says how.
        samples: Its training side, `n` of them.
        pixels_rgb: Their pictures, `(n, h, w, 3)`, as `shown_spec` makes them.
        landmarks_xy: As `mark_faces` finds them; None where the recipe augments nothing.
        epoch: The epoch to begin with, counted from 0.
        share: What to serve of each batch.
    """
    recipe = run.recipe
    if landmarks_xy is None:
        return PixelBatches(
            pixels_rgb,
            _labels(samples),
            spec=recipe.preprocess,
            batch_size=recipe.batch_size,
            shuffle_seed=run.seed,
            mirror=recipe.mirror,
            epoch=epoch,
            share=share,
        )
    return AugmentedBatches(
        pixels_rgb,
        landmarks_xy,
        samples,
        augmentation=_augmentation(recipe),
        spec=recipe.preprocess,
        batch_size=recipe.batch_size,
        seed=run.seed,
        epoch=epoch,
        share=share,
    )


def batches_watched(run: Run, samples: Sequence[Sample], pixels_rgb: Pixels) -> PixelBatches:
    """What a training is watched on: samples in their order, and their pictures."""
    spec = run.recipe.preprocess
    return PixelBatches(pixels_rgb, _labels(samples), spec=spec, batch_size=run.recipe.batch_size)


def _augmentation(recipe: Recipe) -> Augmentation:
    return Augmentation.of(recipe.preprocess, recipe.labels)


def _labels(samples: Sequence[Sample]) -> NDArray[np.int64]:
    return np.array([sample.label for sample in samples], dtype=np.int64)
