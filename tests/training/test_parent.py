"""Parent: what a training goes on from, be it a run or a bundle."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bundles import write_small_bundle
from maskwise.errors import BadBundle, BadRun
from maskwise.inference.decision import DecisionRule
from maskwise.inference.seal import list_sums
from maskwise.model.networks import build_network
from maskwise.runs.recipe import Recipe
from maskwise.runs.run import Run
from maskwise.training.parent import Parent

pytestmark = pytest.mark.train

FACES = np.random.default_rng(0).random((3, 128, 128, 3), dtype=np.float32)


def changed(bundle: Path, to: Path, **recipe: Any) -> Path:
    """A bundle that says something else of its recipe, sealed anew."""
    shutil.copytree(bundle, to)
    path = to / "bundle.json"
    values = json.loads(path.read_text())
    values["training"]["recipe"].update(recipe)
    path.write_text(json.dumps(values))
    files = {
        file.relative_to(to).as_posix(): file.read_bytes()
        for file in to.rglob("*")
        if file.is_file() and file.name != "SHA256SUMS"
    }
    (to / "SHA256SUMS").write_bytes(list_sums(files))
    return to


def test_a_bundle_and_its_run_are_the_same_network(tiny_run: Path, tiny_bundle: Path) -> None:
    answers = []
    for model in (tiny_run, tiny_bundle):
        parent = Parent.open(model)
        assert parent.recipe.name == "tuned"
        assert parent.recipe.labels == Run.open(tiny_run).recipe.labels
        network = build_network("reference", (128, 128), n_classes=2, seed=99)
        parent.assign(network)
        answers.append(network.predict(FACES, verbose=0))
    assert answers[0] == pytest.approx(answers[1], abs=1e-5)


def test_it_is_told_by_its_weights_however_it_answers(tiny_run: Path, tmp_path: Path) -> None:
    again = shutil.copytree(tiny_run, tmp_path / "run")
    (again / "decision.json").unlink()
    assert Parent.open(again).recipe.parent == Parent.open(tiny_run).recipe.parent
    checkpoint = Run.open(again).finished_checkpoint()
    changed = {**checkpoint.arrays, "label/bias": checkpoint.arrays["label/bias"] + 1}
    replace(checkpoint, arrays=changed).write(Run.open(again).checkpoint_folder)
    assert Parent.open(again).recipe.parent != Parent.open(tiny_run).recipe.parent


def test_the_steps_are_smaller_and_end_half_way_back(tiny_run: Path) -> None:
    recipe, before = Parent.open(tiny_run).recipe, Run.open(tiny_run).recipe
    assert recipe.learning_rate < before.learning_rate
    assert (recipe.parent_share, before.parent_share) == (0.5, 0.0)
    assert (recipe.split, before.split) == ("grouped", "random")
    assert recipe.test_share > before.test_share


def test_how_sure_it_may_be_goes_on_with_it(tiny_run: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_run, tmp_path / "run")
    rule = DecisionRule(temperature=1.3, bias=(0.0, -0.5), min_probability=0.9, n=40)
    Run.open(tmp_path / "run").write_decision(rule.to_dict())
    recipe = Parent.open(tmp_path / "run").recipe
    assert (recipe.parent_temperature, recipe.parent_bias) == (1.3, (0.0, -0.5))
    assert recipe.parent_min_probability == 0.9
    assert Recipe.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe


def test_a_promise_that_could_not_be_kept_does_not_silence_what_goes_on(
    tiny_run: Path, tmp_path: Path
) -> None:
    shutil.copytree(tiny_run, tmp_path / "run")
    run = Run.open(tmp_path / "run")
    for guaranteed, kept in ((False, 0.0), (True, 1.0)):
        rule = DecisionRule(min_probability=1.0, max_error=0.01, guaranteed=guaranteed, n=40)
        run.write_decision(rule.to_dict())
        assert Parent.open(run.folder).recipe.parent_min_probability == kept


def test_what_is_neither_run_nor_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadRun, match="holds no run"):
        Parent.open(tmp_path)


def test_a_bundle_that_does_not_say_how_it_was_trained_is_refused(tmp_path: Path) -> None:
    write_small_bundle(tmp_path / "bundle")
    with pytest.raises(BadBundle, match="does not say how it was trained"):
        Parent.open(tmp_path / "bundle")


def test_a_bundle_that_says_it_was_trained_otherwise_is_refused(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    with pytest.raises(BadBundle, match="other classes or inputs"):
        Parent.open(changed(tiny_bundle, tmp_path / "a", labels=[0, 1, 2]))
    other = Parent.open(changed(tiny_bundle, tmp_path / "b", network="lean"))
    with pytest.raises(BadBundle, match="is not the network that its recipe builds"):
        other.assign(build_network("lean", (128, 128), n_classes=2, seed=1))


def test_a_bundle_whose_model_answers_otherwise_than_it_says_is_refused(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    bundle = changed(tiny_bundle, tmp_path / "bundle")
    golden = json.loads((bundle / "bundle.json").read_text())
    golden["golden"]["probability"][0] = [0.123, 0.877]
    (bundle / "bundle.json").write_text(json.dumps(golden))
    parent = Parent.open(changed(bundle, tmp_path / "sealed"))
    with pytest.raises(BadBundle, match="answers otherwise than the bundle says"):
        parent.assign(build_network("reference", (128, 128), n_classes=2, seed=1))
