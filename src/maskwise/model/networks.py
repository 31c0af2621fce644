"""Networks: by name what can be trained."""

from collections.abc import Callable, Mapping
from typing import Final

import keras

from maskwise.model.cnn import build_reference_cnn
from maskwise.model.efficientnet import assign_imagenet, build_efficientnet_lite0
from maskwise.model.lean import build_lean_cnn

_BUILDERS: Final[Mapping[str, Callable[..., keras.Model]]] = {
    "reference": build_reference_cnn,
    "lean": build_lean_cnn,
    "efficientnet_lite0": build_efficientnet_lite0,
}


def build_network(name: str, size_hw: tuple[int, int], *, n_classes: int, seed: int) -> keras.Model:
    """Build a network with weights that are drawn.

    Args:
        name: An entry of `maskwise.runs.recipe.NETWORKS`.
        size_hw: Height and width of its input in pixels.
        n_classes: How many classes it tells apart.
        seed: Draws the weights and the dropout masks.
    """
    return _BUILDERS[name](size_hw, n_classes=n_classes, seed=seed)


def assign_first_weights(name: str, model: keras.Model) -> None:
    """Give a network what it has learnt elsewhere before its training begins, if it has.

    Raises:
        MissingExtra: The weights are not installed.
    """
    if name == "efficientnet_lite0":
        assign_imagenet(model)
