import shutil
from pathlib import Path

import numpy as np
import pytest

from maskwise.dataset.dataset import Dataset
from maskwise.errors import BadDataset, BadRun, InvalidInput
from maskwise.evaluation.judge import LEAK, evaluate
from maskwise.images import read_image
from maskwise.inference.decision import DecisionRule
from maskwise.inference.pipeline import MaskDetector
from maskwise.runs.run import Run
from maskwise.training.fit import train
from pictures import draw_picture, fill_class_folders

pytestmark = pytest.mark.train


def test_the_test_side_is_judged_with_the_answers_that_users_get(
    tiny_run: Path, tiny_data: Path
) -> None:
    seen: list[tuple[int, int]] = []
    report = evaluate(
        tiny_run, robustness=False, on_progress=lambda done, total: seen.append((done, total))
    )
    decide = MaskDetector.load(tiny_run, faces="whole")
    test_side = Run.open(tiny_run).read_split().test
    right = [
        decide(read_image(tiny_data / sample.path)).label[0] == sample.label for sample in test_side
    ]
    assert report.metrics.n == len(test_side) == 8
    assert report.metrics.right == sum(right)
    assert len(report.mistakes) == 8 - sum(right)
    assert seen[-1] == (8, 8)
    assert len(report.history) == 3
    assert any("split at random" in note for note in report.notes)


def test_mistakes_are_the_surest_first_and_carry_their_picture(tiny_run: Path) -> None:
    mistakes = evaluate(tiny_run, robustness=False).mistakes
    certainty = [mistake.probability[mistake.answer] for mistake in mistakes]
    assert certainty == sorted(certainty, reverse=True)
    for mistake in mistakes:
        assert mistake.label != mistake.answer
        assert read_image(mistake.thumbnail_jpeg).shape == (40, 48, 3)


def test_other_pictures_are_judged_whole(tiny_run: Path, tmp_path: Path) -> None:
    other = fill_class_folders(tmp_path / "other", per_class=6, first_seed=900)
    report = evaluate(tiny_run, other, robustness=False)
    assert report.metrics.n == 12
    assert not report.notes


def test_a_bundle_is_judged_with_the_answers_that_users_get(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    other = fill_class_folders(tmp_path / "other", per_class=6, first_seed=900)
    draw_picture(950, masked=True).save(other / "without_mask" / "mislabelled.png")
    report = evaluate(tiny_bundle, other)
    decide = MaskDetector.load(tiny_bundle, faces="whole")
    right = [
        decide(read_image(path)).probability[0].argmax() == (path.parent.name == "with_mask")
        for path in other.rglob("*.png")
    ]
    assert (report.metrics.n, report.metrics.right) == (13, sum(right))
    assert report.facts["Network"] == "onnx int8"
    assert report.history == ()
    assert report.robustness is not None
    assert any("model card" in note for note in report.notes)
    assert report.mistakes
    assert all(mistake.heat_jpeg == b"" for mistake in report.mistakes)
    assert "tiny" in report.to_html()
    assert evaluate("shipped", other, robustness=False).facts["Bundle"].startswith("maskwise")


def test_a_bundle_has_no_test_side(tiny_bundle: Path) -> None:
    with pytest.raises(InvalidInput, match="`data` must name pictures to judge a bundle on"):
        evaluate(tiny_bundle)


def test_known_pictures_and_unknown_classes_are_left_out_and_named(
    tiny_run: Path, tiny_data: Path, tmp_path: Path
) -> None:
    other = fill_class_folders(tmp_path / "other", per_class=6, first_seed=900)
    trained_on = Run.open(tiny_run).read_split().train[0]
    shutil.copy(tiny_data / trained_on.path, other / "with_mask" / "known.png")
    shutil.copytree(other / "without_mask", other / "incorrect")
    (other / "with_mask" / "broken.jpg").write_bytes(b"")
    shutil.copytree(other / "incorrect", other / "holiday")
    report = evaluate(tiny_run, Dataset.open(other), robustness=False)
    assert report.metrics.n == 12
    assert report.notes == (
        "Left out: 6 pictures of classes that the network does not know.",
        "Left out: 1 picture that the network was trained on, byte for byte.",
        "Left out: 1 picture that cannot be read.",
        "Left out: 6 pictures of which no class is known.",
    )


def test_a_picture_in_two_classes_cannot_be_judged_on(tiny_run: Path, tmp_path: Path) -> None:
    other = fill_class_folders(tmp_path / "other", per_class=2, first_seed=900)
    shutil.copy(other / "with_mask" / "0901.png", other / "without_mask" / "copy.png")
    with pytest.raises(
        BadDataset, match=r"in two classes: with_mask/0901\.png and without_mask/copy"
    ):
        evaluate(tiny_run, other, robustness=False)


def test_data_that_is_gone_is_named_with_the_way_out(
    tiny_run: Path, tiny_data: Path, tmp_path: Path
) -> None:
    shutil.copytree(tiny_run, tmp_path / "run")
    run = Run.open(tmp_path / "run").moved_data(tmp_path / "gone")
    with pytest.raises(BadDataset, match=r"gone/with.*--resume"):
        evaluate(run, robustness=False)
    train(tiny_data, out=tmp_path / "run", resume=True)
    assert evaluate(tmp_path / "run", robustness=False).metrics.n == 8


def test_nothing_left_to_judge_is_an_error(tiny_run: Path, tiny_data: Path, tmp_path: Path) -> None:
    trained_on = Run.open(tiny_run).read_split().train[0]
    (tmp_path / "mask").mkdir()
    shutil.copy(tiny_data / trained_on.path, tmp_path / "mask" / "known.png")
    with pytest.raises(BadDataset, match=r"is left to judge on.*1 picture that the network was"):
        evaluate(tiny_run, tmp_path, robustness=False)


def test_an_unfinished_run_is_refused(tiny_run: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_run, tmp_path / "run")
    (tmp_path / "run" / "checkpoints" / "epoch-0003.npz").unlink()
    with pytest.raises(BadRun, match="2 of 3 epochs"):
        evaluate(tmp_path / "run", robustness=False)


def test_changed_test_pictures_are_refused(tiny_run: Path, tiny_data: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_data, tmp_path / "data")
    shutil.copytree(tiny_run, tmp_path / "run")
    described = (tmp_path / "run" / "run.json").read_text()
    (tmp_path / "run" / "run.json").write_text(
        described.replace(str(tiny_data), str(tmp_path / "data"))
    )
    first = Run.open(tmp_path / "run").read_split().test[0]
    (tmp_path / "data" / first.path).write_bytes(b"other")
    with pytest.raises(BadDataset, match="has changed"):
        evaluate(tmp_path / "run", robustness=False)


def test_probabilities_of_mistakes_are_those_of_the_network(tiny_run: Path) -> None:
    for mistake in evaluate(tiny_run, robustness=False).mistakes:
        assert np.sum(mistake.probability) == pytest.approx(1, abs=1e-5)


def test_robustness_is_judged_too_and_counted_in_the_progress(tiny_run: Path) -> None:
    seen: list[tuple[int, int]] = []
    report = evaluate(tiny_run, on_progress=lambda done, total: seen.append((done, total)))
    assert report.robustness is not None
    assert report.robustness.n == 8
    assert report.robustness.clean.value == report.metrics.accuracy.value
    done, totals = zip(*seen, strict=True)
    assert list(done) == sorted(done)
    assert set(totals) == {done[-1]}


def test_the_note_says_what_a_random_split_leaks(pictures: Path, tmp_path: Path) -> None:
    for path in sorted(pictures.rglob("*.png")):
        shutil.copy(path, path.with_name(f"{path.stem}-again.png"))
    train(pictures, out=tmp_path / "run", epochs=1)
    report = evaluate(tmp_path / "run", robustness=False)
    (note,) = report.notes
    twins = next(part for part in report.slices if part.name == LEAK and part.value == "yes")
    assert f"{twins.n} pictures of 16 in the test" in note
    assert twins.n > 8
    assert "--split grouped" in note
    train(pictures, out=tmp_path / "grouped", epochs=1, split="grouped")
    report = evaluate(tmp_path / "grouped", robustness=False)
    assert "kept on one side" in report.notes[0]
    assert not [part for part in report.slices if part.name == LEAK]


def test_an_unsure_network_is_judged_by_what_it_answers(tiny_run: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_run, tmp_path / "run")
    rule = DecisionRule(temperature=2.0, min_probability=1.0, max_error=0.05, n=4)
    Run.open(tmp_path / "run").write_decision(rule.to_dict())
    report = evaluate(tmp_path / "run", robustness=False)
    assert report.rule == rule
    assert report.selective is not None
    assert report.selective.answered == 0
    assert report.metrics.n == 8
    assert report.metrics.accuracy == evaluate(tiny_run, robustness=False).metrics.accuracy


def test_mistakes_show_what_spoke_for_the_answer(tiny_run: Path) -> None:
    for mistake in evaluate(tiny_run, robustness=False).mistakes:
        assert read_image(mistake.heat_jpeg).shape == (40, 48, 3)


def test_faces_are_cut_out_of_their_pictures(tiny_run: Path, tmp_path: Path) -> None:
    folder = fill_class_folders(tmp_path / "other", per_class=6, first_seed=900)
    rows = ["file,label,xmin,ymin,xmax,ymax"]
    for path in sorted(folder.rglob("*.png")):
        name = path.relative_to(folder).as_posix().replace("/", "-")
        path.rename(tmp_path / name)
        rows += [f"{name},{name.split('-')[0]},2,2,{x},38" for x in (20, 40)]
    (tmp_path / "boxes.csv").write_text("\n".join(rows) + "\n")
    report = evaluate(tiny_run, tmp_path / "boxes.csv", robustness=False)
    assert report.metrics.n == 24
    assert {part.value for part in report.slices if part.name == "face size"} == {
        *("under 32 px", "32 to 63 px")
    }
