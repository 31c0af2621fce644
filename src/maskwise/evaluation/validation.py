"""Validation: what is chosen on the pictures that a training has only watched."""

import os
from dataclasses import replace

import numpy as np

from maskwise.dataset.dataset import Dataset
from maskwise.dataset.reading import Progress
from maskwise.dataset.split import number_groups
from maskwise.errors import BadRun
from maskwise.evaluation.calibration import choose_rule, scale
from maskwise.evaluation.judge import read_faces
from maskwise.evaluation.strictness import choose_strict
from maskwise.evaluation.subject import load_classifier
from maskwise.inference.decision import DecisionRule
from maskwise.names import legible
from maskwise.runs.run import Run


def calibrate(
    run: str | os.PathLike[str] | Run,
    *,
    max_error: float | None = None,
    max_missed: float | None = None,
    confidence: float = 0.95,
    on_progress: Progress | None = None,
) -> DecisionRule:
    """Choose how a finished run answers, on its validation side alone, and write that down in it.

    Args:
        run: A run or its folder.
        max_error: The rate of errors among the answered that must be kept; what is not sure
            enough for that is answered *unsure*. None: answer always; or, if the run went on from
            another network, from the probability on from which that answered.
        max_missed: Of the faces without a mask worn rightly, the share answered `with_mask` that
            must be kept where the rule is used strictly. None: it cannot be.
        confidence: How often, over many validation sets, these rates are to be kept.
        on_progress: Told after each picture.

    Returns:
        The rule; `guaranteed`, of it and of what is `strict` in it, says whether the validation
        side sufficed to promise the rate.

    Raises:
        BadRun: The run is missing, unfinished, damaged, or has no validation side.
        BadDataset: Pictures of the validation side are gone or changed.
        InvalidInput: A rate or `confidence` is out of range.
        OutputFailed: The run cannot be written to.
    """
    opened = run if isinstance(run, Run) else Run.open(run)
    samples = opened.read_split().validation
    if not samples:
        raise BadRun(f"{legible(opened.folder)} has no validation side to choose on.")
    data = Dataset(root=opened.data_folder, samples=samples)
    spec = opened.recipe.preprocess
    probability = load_classifier(opened)(read_faces(data, spec, on_progress))
    label = np.array([sample.label for sample in samples], dtype=np.int64)
    group = number_groups(samples)
    recipe = opened.recipe
    is_biased = recipe.is_augmented  # which balances the classes
    before = None
    if recipe.parent:
        before = DecisionRule(
            temperature=recipe.parent_temperature,
            bias=recipe.parent_bias,
            min_probability=recipe.parent_min_probability,
        )
    if max_error is None:
        rule = scale(label, probability, is_biased=is_biased, before=before)
    else:
        rule = choose_rule(
            label,
            probability,
            max_error=max_error,
            confidence=confidence,
            group=group,
            is_biased=is_biased,
            before=before,
        )
    if max_missed is not None:
        strict = choose_strict(
            label,
            probability,
            rule=rule,
            max_missed=max_missed,
            confidence=confidence,
            group=group,
        )
        rule = replace(rule, strict=strict)
    opened.write_decision(rule.to_dict())
    return rule
