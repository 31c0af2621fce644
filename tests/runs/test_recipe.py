import json
from typing import Any

import pytest

from maskwise.errors import InvalidInput
from maskwise.runs.recipe import Recipe, find_recipe


def test_the_reference_recipe_is_as_published() -> None:
    recipe = find_recipe("reference")
    assert recipe.labels == (0, 1)
    assert recipe.preprocess.size_hw == (128, 128)
    assert recipe.preprocess.divisor == 255
    assert (recipe.test_share, recipe.validation_share) == (0.2, 0.1)
    assert (recipe.batch_size, recipe.epochs) == (32, 20)
    assert recipe.learning_rate == 0.001
    assert not recipe.mirror
    assert recipe.network == "reference"
    assert not recipe.is_augmented
    assert not recipe.is_annealed
    assert recipe.weight_decay == 0


def test_two_of_three_classes_are_left_where_the_third_is_missing() -> None:
    ours = find_recipe("maskwise")
    assert ours.for_labels({0, 1, 2}).labels == (0, 1, 2)
    assert ours.for_labels({0, 1}).labels == (0, 1)
    assert find_recipe("reference").for_labels({0, 1}) == find_recipe("reference")


def test_the_reference_network_under_our_recipe_differs_in_what_a_network_needs_alone() -> None:
    ours = find_recipe("maskwise").to_dict()
    theirs = find_recipe("reference-network").to_dict()
    assert {name for name in ours if ours[name] != theirs[name]} == {
        *("name", "network", "preprocess", "epochs", "learning_rate")
    }


def test_survives_json() -> None:
    recipe = find_recipe("reference", epochs=3)
    assert Recipe.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe


def test_an_unknown_name_is_answered_with_the_known() -> None:
    with pytest.raises(
        InvalidInput,
        match=r"must be one of reference, maskwise, reference-network, lean. Received: 'refrence'",
    ):
        find_recipe("refrence")


@pytest.mark.parametrize(
    "change",
    [
        *({"epochs": 0}, {"batch_size": 0}, {"test_share": 1.0}, {"learning_rate": float("nan")}),
        *({"network": "huge"}, {"weight_decay": -0.1}, {"weight_decay": float("nan")}),
        *({"parent_share": 1.0}, {"parent_share": -0.1}),
    ],
    ids=str,
)
def test_values_out_of_range_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match=next(iter(change))):
        Recipe(**change)


@pytest.mark.parametrize("change", [{"labels": None}, {"epochs": "many"}, {"extra": 1}], ids=str)
def test_a_foreign_description_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        Recipe.from_dict({**Recipe().to_dict(), **change})


def test_a_source_that_is_held_out_makes_a_split_by_group() -> None:
    assert find_recipe("reference", held_out_source="a").split == "grouped"
    with pytest.raises(InvalidInput, match="`split` must be grouped where a source is held out"):
        find_recipe("reference", held_out_source="a", split="random")


def test_a_source_without_a_name_cannot_be_held_out() -> None:
    with pytest.raises(InvalidInput, match=r"`hold_out_source` must name a source\. Received: ''"):
        find_recipe("reference", held_out_source="")
