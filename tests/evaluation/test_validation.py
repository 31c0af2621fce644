import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from maskwise.errors import BadRun, InvalidInput
from maskwise.evaluation.validation import calibrate
from maskwise.inference.decision import DecisionRule
from maskwise.inference.pipeline import MaskDetector, read_rule
from maskwise.runs.run import Run

pytestmark = pytest.mark.train


@pytest.fixture
def run(tiny_run: Path, tmp_path: Path) -> Run:
    shutil.copytree(tiny_run, tmp_path / "run")
    return Run.open(tmp_path / "run")


def test_a_training_leaves_a_rule_that_always_answers(tiny_run: Path) -> None:
    rule = read_rule(Run.open(tiny_run))
    assert (rule.n, rule.max_error, rule.min_probability) == (4, None, 0.0)


def test_the_rule_is_kept_in_the_run_and_used_by_whoever_decides(run: Run, tiny_data: Path) -> None:
    rule = calibrate(run, max_error=0.05)
    assert rule.max_error == 0.05
    assert not rule.guaranteed  # four validation pictures cannot promise that
    assert read_rule(Run.open(run.folder)) == rule
    from maskwise.images import read_image

    decide = MaskDetector.load(run.folder, faces="whole")
    answers = [decide(read_image(path)).label[0] for path in sorted(tiny_data.rglob("*.png"))[:4]]
    assert set(answers) == {-1}


def test_what_a_mask_needs_strictly_is_kept_too(run: Run) -> None:
    rule = calibrate(run, max_missed=0.9)
    assert rule.strict is not None
    assert (rule.strict.max_missed, rule.strict.n, rule.max_error) == (0.9, 2, None)
    assert read_rule(Run.open(run.folder)) == rule
    MaskDetector.load(run.folder, faces="whole", strict=True)
    calibrate(run)
    with pytest.raises(InvalidInput, match="`strict` needs a model"):
        MaskDetector.load(run.folder, faces="whole", strict=True)


def test_with_few_pictures_it_answers_as_what_it_went_on_from(run: Run) -> None:
    tuned = run.recipe.tuned("0" * 64, temperature=1.3, bias=(0.0, -0.5), min_probability=0.9)
    went_on = replace(run, recipe=replace(tuned, epochs=run.recipe.epochs))
    rule = calibrate(went_on)
    assert (rule.temperature, rule.bias, rule.n) == (1.3, (0.0, -0.5), 4)
    assert (rule.min_probability, rule.max_error, rule.guaranteed) == (0.9, None, False)
    assert calibrate(went_on, max_error=0.6).min_probability != 0.9


def test_it_can_be_made_to_answer_always_again(run: Run) -> None:
    calibrate(run, max_error=0.05)
    assert calibrate(run.folder).min_probability == 0
    assert read_rule(run).max_error is None


def test_only_the_validation_side_is_read(run: Run, tiny_data: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_data, tmp_path / "data")
    for side, sample in run.read_split():
        if side != "validation":
            (tmp_path / "data" / sample.path).unlink()
    assert calibrate(run.moved_data(tmp_path / "data")).n == 4


@pytest.mark.parametrize("max_error", [0.0, 1.0, -0.1])
def test_a_rate_that_is_none_is_refused(run: Run, max_error: float) -> None:
    with pytest.raises(InvalidInput, match="`max_error` must be"):
        calibrate(run, max_error=max_error)


def test_a_damaged_rule_is_told_of(run: Run) -> None:
    (run.folder / "decision.json").write_text("[1]")
    with pytest.raises(BadRun, match=r"decision\.json is damaged: it holds no rule"):
        read_rule(run)
    run.write_decision({**DecisionRule().to_dict(), "temperature": -1})
    with pytest.raises(BadRun, match=r"decision\.json in .* is damaged: `temperature` must be"):
        MaskDetector.load(run.folder, faces="whole")
    (run.folder / "decision.json").unlink()
    assert read_rule(run) == DecisionRule()
