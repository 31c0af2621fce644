import json
from dataclasses import replace
from typing import Any

import pytest

from maskwise.exporters.card import write_card
from maskwise.inference.bundle import ModelFile
from maskwise.inference.decision import DecisionRule, StrictRule
from maskwise.inference.quality import QualityRule
from maskwise.preprocess import PreprocessSpec
from maskwise.runs.recipe import Recipe
from reports import hostile_report

PROOF = {
    "n": 100,
    "largest_difference": 0.0123,
    "mean_difference": 0.001,
    "changed_answers": 1,
    "changed_unsure": 7,
}
RECIPE = Recipe()


def card(recipe: Recipe = RECIPE, **changes: Any) -> str:
    facts: dict[str, Any] = {
        "name": "small",
        "version": "2",
        "licence": "CC0-1.0",
        "labels": recipe.labels,
        "preprocess": PreprocessSpec(),
        "rule": DecisionRule(),
        "quality": QualityRule(min_side_px=12),
        "detector": {"faces": "yunet", "mode": "balanced"},
        "training": {
            "recipe": recipe.to_dict(),
            "seed": 3,
            "n_train": 30,
            "n_validation": 4,
            "n_test": 6,
            "train_by_source": {"": {"with_mask": 10}, "lab": {"with_mask": 5, "without_mask": 15}},
        },
        "metrics": {},
        "created_with": {"maskwise": "0.1.0"},
        "models": [ModelFile("onnx", "int8", ("model.int8.onnx",), PROOF)],
    }
    return write_card(**{**facts, **changes})


def test_tells_the_facts() -> None:
    text = card()
    assert text.startswith("# small, version 2\n")
    assert "| onnx | int8 | `model.int8.onnx` | 0.012 | 0.001 | 1 | 7 | 100 |" in text
    assert "| not named | 0 | 10 |" in text
    assert "| lab | 15 | 5 |" in text
    assert "Not judged when this was made." in text
    assert "not for certifying" in text


@pytest.mark.parametrize(
    ("recipe", "said"),
    [
        (replace(RECIPE, split="random"), "shared out at random"),
        (replace(RECIPE, split="grouped"), "near-duplicates and faces of one scene stand on one"),
        (replace(RECIPE, split="grouped", held_out_source="lab"), "all of the source lab"),
    ],
)
def test_tells_how_the_faces_were_split(recipe: Recipe, said: str) -> None:
    assert said in card(recipe)


def test_two_classes_are_not_three() -> None:
    assert "it knows no mask that is worn wrongly" in card()
    assert "masks under the nose" in card(replace(RECIPE, labels=(0, 1, 2)))


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (DecisionRule(), "No rate of errors was promised."),
        (
            DecisionRule(
                min_probability=0.9, max_error=0.02, confidence=0.95, guaranteed=True, n=70
            ),
            "at most 2 % of what is answered on such pictures is wrong (confidence 95 %)",
        ),
        (
            DecisionRule(max_error=0.02, confidence=0.95, guaranteed=False, n=7),
            "did not suffice to promise at most 2 %",
        ),
    ],
)
def test_promises_only_what_was_promised(rule: DecisionRule, said: str) -> None:
    assert said in card(rule=rule)


def test_shows_what_it_is_worth_on_parts_on_worse_pictures_and_by_probability() -> None:
    estimate = {"value": 0.9, "low": 0.8, "high": 0.95}
    judged = json.loads(hostile_report().to_json())
    text = card(metrics={**judged, "strict": {"missed": estimate, "believed": estimate}})
    parts, robustness = judged["slices"], judged["robustness"]
    shown = [line for line in text.splitlines() if line.startswith(("| source |", "| face size |"))]
    large = [part for part in parts if part["n"] >= 20]
    assert (len(shown), len(large), len(parts)) == (2, 2, 12)
    assert "| brightness |" not in text  # 13 or 14 faces each
    assert "| jpeg |" in text.lower()
    assert f"Accuracy on {robustness['n']} of them" in text
    assert text.count("\n| mean loss in points |") == 1
    probability = text.split("What its probabilities are worth")[1]
    assert probability.count("\n| 0.") == len(judged["metrics"]["reliability"])
    assert "took the share 0.900 [0.800, 0.950] of the other faces for masked" in text
    assert "<b>web</b>" not in text


def test_what_its_makers_say_stands_as_it_is() -> None:
    assert "## What its makers say\n\n*Ours* | yours\n\n## Trained on" in card(
        about="*Ours* | yours\n"
    )
    assert "What its makers say" not in card()


@pytest.mark.parametrize(("guaranteed", "said"), [(True, "from 97 % on"), (False, "no mask is")])
def test_tells_when_a_mask_is_believed_strictly(guaranteed: bool, said: str) -> None:
    strict = StrictRule(
        min_probability=0.97, max_missed=0.01, confidence=0.95, guaranteed=guaranteed, n=500
    )
    assert said in card(rule=DecisionRule(strict=strict))
    assert "Where no bare face may be missed" not in card()


def test_names_can_do_no_harm() -> None:
    text = card(name="<script>\n# a", licence="*b* | c")
    assert "<script>" not in text
    assert "\n# a" not in text
    assert "*b* | c" not in text
