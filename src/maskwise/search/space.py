"""Space: which fields of a recipe a search may change, and how far."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from maskwise.runs.recipe import Recipe

_SPAN: Final = 10.0  # how many times lower, and higher, a learning rate may be
_BATCH_SIZES: Final = (16, 32, 64)
_MOST_DECAY: Final = 0.1


@dataclass(frozen=True, slots=True)
class Range:
    """A field that may take any number between two bounds.

    Attributes:
        low: The least.
        high: The greatest.
        is_logarithmic: Whether factors count instead of differences.
    """

    low: float
    high: float
    is_logarithmic: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """A field that may take some values only.

    Attributes:
        values: All of them.
    """

    values: tuple[int, ...] | tuple[bool, ...]


Space = Mapping[str, Range | Choice]
"""By the name of the field."""


def space_around(recipe: Recipe) -> Space:
    """What may be changed in a recipe: how it descends, never what it is.

    The epochs stay, so that all trainings cost the same and can be compared while they go on; so
    does the way in which the learning rate falls, for the same reason. The network, its input, and
    whether pictures are changed anew in each epoch stay too: that helps on pictures from elsewhere,
    which a validation side from the same places cannot tell.
    """
    space: dict[str, Range | Choice] = {
        "learning_rate": Range(
            recipe.learning_rate / _SPAN, recipe.learning_rate * _SPAN, is_logarithmic=True
        ),
        "batch_size": Choice(_BATCH_SIZES),
        "weight_decay": Range(0.0, _MOST_DECAY),
    }
    if not recipe.is_augmented:  # which mirrors by itself
        space["mirror"] = Choice((False, True))
    return space


def values_of(recipe: Recipe, space: Space) -> Mapping[str, Any]:
    """What a recipe has in the fields of a space."""
    return {name: getattr(recipe, name) for name in space}


def value_text(value: float) -> str:
    """A value of a field, short enough for a table.

    >>> value_text(0.00123456), value_text(64), value_text(True)
    ('0.00123', '64', 'yes')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.3g}"


def values_text(values: Mapping[str, Any]) -> str:
    """Values of fields in words, for people."""
    return ", ".join(
        f"{name.replace('_', ' ')} {value_text(value)}" for name, value in values.items()
    )
