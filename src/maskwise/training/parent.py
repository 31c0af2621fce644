"""Parent: a trained network from which a training goes on with other pictures."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Self

import keras

from maskwise.errors import BadBundle, InvalidInput
from maskwise.extras import load
from maskwise.inference.bundle import Bundle, has_bundle, model_folder
from maskwise.inference.decision import DecisionRule
from maskwise.inference.golden import check_golden
from maskwise.inference.pipeline import read_rule
from maskwise.inference.runtime_keras import KerasSession
from maskwise.model.variables import assign_arrays, network_variables
from maskwise.names import legible
from maskwise.runs.recipe import Recipe
from maskwise.runs.run import Run

_TOLERANCE: Final = 1e-4  # of probabilities; other orders of the same sums differ by a hundredth


@dataclass(frozen=True, slots=True)
class Parent:
    """A trained network from which a training goes on.

    Attributes:
        recipe: How to go on.
        assign: Gives a network that was built as the recipe says the weights to go on from.
    """

    recipe: Recipe
    assign: Callable[[keras.Model], None]

    @classmethod
    def open(cls, model: str | os.PathLike[str]) -> Self:
        """Find a trained network.

        Args:
            model: The folder of a bundle or of a finished run, or `shipped` for the bundle that
                comes with maskwise.

        Raises:
            BadBundle: The bundle is damaged, was changed, or does not say how it was trained.
            BadRun: There is neither bundle nor run, or the run is unfinished or damaged.
            MissingExtra: The library that reads a bundle is not installed.
        """
        folder = model_folder(model)
        if has_bundle(folder):
            bundle = Bundle.open(folder)
            load("maskwise.model.onnx_weights", extra="export")
            (weights,) = bundle.find("onnx", "fp32").files
            recipe = _tuned(_recipe_of(bundle), bundle.seal.sha256[weights], bundle.rule)
            return cls(recipe, lambda network: _assign_bundle(network, bundle))
        run = Run.open(folder)
        arrays = run.finished_checkpoint().arrays
        digest = hashlib.sha256()
        for name, array in sorted(arrays.items()):
            digest.update(name.encode() + array.tobytes())
        recipe = _tuned(run.recipe, digest.hexdigest(), read_rule(run))
        return cls(recipe, lambda network: assign_arrays(network_variables(network), arrays))


def _tuned(recipe: Recipe, parent: str, rule: DecisionRule) -> Recipe:
    # A rule that could not keep its promise answers nothing; that says nothing of other networks.
    is_broken = rule.max_error is not None and not rule.guaranteed
    return recipe.tuned(
        parent,
        temperature=rule.temperature,
        bias=rule.bias,
        min_probability=0.0 if is_broken else rule.min_probability,
    )


def _recipe_of(bundle: Bundle) -> Recipe:
    try:
        recipe = Recipe.from_dict(bundle.training["recipe"])
    except (InvalidInput, KeyError, TypeError, ValueError) as error:
        raise BadBundle(
            f"{legible(bundle.folder)} does not say how it was trained, so nothing can go on from "
            f"it: {error}"
        ) from error
    if (recipe.labels, recipe.preprocess) != (bundle.labels, bundle.preprocess):
        raise BadBundle(
            f"{legible(bundle.folder)} says that it was trained for other classes or inputs than "
            "it has. Take the bundle that was exported."
        )
    return recipe


def _assign_bundle(network: keras.Model, bundle: Bundle) -> None:
    (content,) = bundle.read(bundle.find("onnx", "fp32"))
    try:
        load("maskwise.model.onnx_weights", extra="export").assign_onnx(network, content)
    except ValueError as error:
        raise BadBundle(
            f"model.onnx in {legible(bundle.folder)} is not the network that its recipe builds: "
            f"{error}."
        ) from error
    difference = check_golden(bundle, KerasSession(network))
    if not difference <= _TOLERANCE:
        raise BadBundle(
            f"The network of {legible(bundle.folder)} answers otherwise than the bundle says, by "
            f"{difference:.2g}. Take the bundle that was exported."
        )
