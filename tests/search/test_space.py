from dataclasses import replace

import pytest

from maskwise.runs.recipe import RECIPES, Recipe
from maskwise.search.space import Choice, Range, space_around, values_of, values_text

RECIPE = pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)


@RECIPE
def test_the_recipe_as_it_is_lies_in_the_space_around_it(recipe: Recipe) -> None:
    space = space_around(recipe)
    for name, value in values_of(recipe, space).items():
        field = space[name]
        if isinstance(field, Range):
            assert field.low <= value <= field.high
        else:
            assert value in field.values


@RECIPE
def test_the_ends_of_the_space_make_recipes(recipe: Recipe) -> None:
    for name, field in space_around(recipe).items():
        ends = field.values if isinstance(field, Choice) else (field.low, field.high)
        for end in ends:
            assert getattr(replace(recipe, **{name: end}), name) == end  # type: ignore[arg-type]


def test_mirroring_is_searched_where_nothing_mirrors_already() -> None:
    assert "mirror" in space_around(RECIPES["reference"])
    assert "mirror" not in space_around(RECIPES["maskwise"])


def test_values_in_words() -> None:
    assert values_text({"learning_rate": 0.000123456, "mirror": False}) == (
        "learning rate 0.000123, mirror no"
    )
