"""Sides: the samples of a data set shared out as a recipe says."""

from collections.abc import Sequence

from maskwise.dataset.samples import Sample, Split
from maskwise.dataset.split import (
    hold_out_source,
    split_as_given,
    split_by_group,
    split_randomly,
)
from maskwise.runs.recipe import Recipe


def find_sides(samples: Sequence[Sample], recipe: Recipe, *, seed: int) -> Split:
    """Split samples as a recipe says.

    Args:
        samples: Of the recipe's classes, each with its `group`.
        recipe: Names the way to split, the shares, and the source to hold out, if any.
        seed: Same samples, recipe and seed, same split.

    Raises:
        BadDataset: They cannot be split in this way.
        InvalidInput: There is no such source.
    """
    if recipe.held_out_source:
        return hold_out_source(
            samples, recipe.held_out_source, validation_share=recipe.validation_share, seed=seed
        )
    if recipe.split == "given":
        return split_as_given(samples, validation_share=recipe.validation_share, seed=seed)
    split = split_randomly if recipe.split == "random" else split_by_group
    return split(
        samples,
        test_share=recipe.test_share,
        validation_share=recipe.validation_share,
        seed=seed,
    )
