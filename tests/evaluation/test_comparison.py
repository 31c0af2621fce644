import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from maskwise.dataset.dataset import Dataset
from maskwise.errors import BadDataset, BadRun, InvalidInput
from maskwise.evaluation.comparison import SECTIONS, Comparison, Disagreement, compare
from maskwise.evaluation.paired import PairedMetrics, measure_paired
from maskwise.images import read_image
from maskwise.runs.run import Run
from pictures import fill_class_folders
from reader import Reader
from reports import THUMBNAIL


@pytest.fixture(scope="session")
def other_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of one epoch on other pictures: mostly guessing."""
    from maskwise.training.fit import train

    folder = tmp_path_factory.mktemp("other")
    data = fill_class_folders(folder / "data", per_class=12, first_seed=300)
    train(data, out=folder / "run", epochs=1, seed=2)
    return folder / "run"


@pytest.fixture(scope="session")
def opposite_run(tiny_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`tiny_run` with its two outputs swapped."""
    folder = shutil.copytree(tiny_run, tmp_path_factory.mktemp("opposite") / "run")
    run = Run.open(folder)
    checkpoint = run.finished_checkpoint()
    swapped = {
        name: np.ascontiguousarray(checkpoint.arrays[name][..., ::-1])
        for name in ("label/kernel", "label/bias")
    }
    replace(checkpoint, arrays={**checkpoint.arrays, **swapped}).write(run.checkpoint_folder)
    return folder


@pytest.fixture(scope="session")
def unseen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures that neither run has seen."""
    return fill_class_folders(tmp_path_factory.mktemp("unseen"), per_class=8, first_seed=900)


@pytest.mark.train
def test_both_are_judged_on_the_same_pictures(
    tiny_run: Path, other_run: Path, unseen: Path
) -> None:
    from maskwise.evaluation.judge import evaluate

    seen: list[tuple[int, int]] = []
    comparison = compare(
        tiny_run, other_run, unseen, on_progress=lambda done, total: seen.append((done, total))
    )
    for metrics, run in ((comparison.metrics.a, tiny_run), (comparison.metrics.b, other_run)):
        alone = evaluate(run, unseen, robustness=False).metrics
        assert metrics.confusion == alone.confusion
        assert metrics.accuracy == alone.accuracy
        assert metrics.log_loss.value == alone.log_loss.value
    assert comparison.metrics.n == 16
    assert seen[-32:] == [(done, 32) for done in range(1, 33)]
    assert comparison.title == "A: tiny, B: run, on " + unseen.name
    assert comparison.notes == ()


@pytest.mark.train
def test_disagreements_are_all_named_and_carry_their_picture(
    tiny_run: Path, opposite_run: Path, unseen: Path
) -> None:
    comparison = compare(tiny_run, opposite_run, unseen)
    (both_right, only_a), (only_b, both_wrong) = comparison.metrics.table
    assert both_right == both_wrong == 0
    assert len(comparison.disagreements) == only_a + only_b == 16
    for each in comparison.disagreements:
        assert each.answer_a != each.answer_b
        assert each.answer_a == np.argmax(each.probability_a)
        assert each.answer_b == np.argmax(each.probability_b)
        assert each.path.startswith(("without_mask/", "with_mask/")[each.label])
        assert read_image(each.thumbnail_jpeg).shape == (40, 48, 3)
    gaps = [
        abs(each.probability_a[each.label] - each.probability_b[each.label])
        for each in comparison.disagreements
    ]
    assert gaps == sorted(gaps, reverse=True)


@pytest.mark.train
def test_a_run_is_no_better_than_itself(tiny_run: Path, unseen: Path) -> None:
    comparison = compare(tiny_run, Run.open(tiny_run), Dataset.open(unseen))
    assert comparison.metrics.accuracy_difference.value == 0
    assert comparison.metrics.p_value == 1
    assert comparison.disagreements == ()
    assert comparison.verdict == "No difference shown"


@pytest.mark.train
def test_what_either_was_trained_on_is_left_out_and_named(
    tiny_run: Path, other_run: Path, unseen: Path, tmp_path: Path
) -> None:
    data = shutil.copytree(unseen, tmp_path / "data")
    for name, run in (("a", tiny_run), ("b", other_run)):
        opened = Run.open(run)
        split = opened.read_split()
        for sample in (split.train[0], split.validation[0], split.test[0]):
            original = opened.data_folder / sample.path
            shutil.copy(original, data / original.parent.name / f"{name}-{original.name}")
    comparison = compare(tiny_run, other_run, data)
    assert comparison.metrics.n == 16 + 2
    assert comparison.notes == (
        *(
            f"1 of the pictures stands on the test side of {name}, which was trained on others of "
            "the same data set: this favours it."
            for name in "AB"
        ),
        "Left out: 4 pictures that A or B was trained on, byte for byte.",
    )


@pytest.mark.train
def test_nothing_left_is_an_error(tiny_run: Path, other_run: Path, tmp_path: Path) -> None:
    (tmp_path / "mask").mkdir()
    for name, run in (("a.png", tiny_run), ("b.png", other_run)):
        opened = Run.open(run)
        sample = next(s for s in opened.read_split().train if s.path.startswith("with_mask"))
        shutil.copy(opened.data_folder / sample.path, tmp_path / "mask" / name)
    with pytest.raises(BadDataset, match=r"left to judge on. 2 pictures that A or B was trained"):
        compare(tiny_run, other_run, tmp_path)


@pytest.mark.train
def test_pictures_must_be_named(tiny_run: Path, other_run: Path) -> None:
    with pytest.raises(InvalidInput, match=r"`data` must name the pictures .*--on DATA"):
        compare(tiny_run, other_run)


@pytest.mark.train
def test_networks_of_other_classes_are_not_compared(
    tiny_run: Path, other_run: Path, unseen: Path
) -> None:
    run = Run.open(other_run)
    of_three = replace(run, recipe=replace(run.recipe, labels=(0, 1, 2)))
    with pytest.raises(
        InvalidInput, match=r"same classes.*tiny \(without_mask, with_mask\).*, incorrect\)"
    ):
        compare(tiny_run, of_three, unseen)


@pytest.mark.train
def test_an_unfinished_run_is_refused(tiny_run: Path, unseen: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_run, tmp_path / "run")
    (tmp_path / "run" / "checkpoints" / "epoch-0003.npz").unlink()
    with pytest.raises(BadRun, match="2 of 3 epochs"):
        compare(tiny_run, tmp_path / "run", unseen)


def some_metrics(n: int, wrong_a: int, wrong_b: int) -> PairedMetrics:
    label = np.arange(n) % 2
    a, b = (
        np.where(np.eye(2)[np.where(np.arange(n) < wrong, 1 - label, label)] > 0, 0.9, 0.1)
        for wrong in (wrong_a, wrong_b)
    )
    return measure_paired(label, a.astype(np.float32), b.astype(np.float32))


@pytest.fixture
def comparison() -> Comparison:
    """B is better, on names that a reader should not be fooled by."""
    return Comparison(
        title="A: <b>old</b>, B: new, on faces",
        created="2026-11-23T14:31:07+00:00",
        facts={"A": "/runs/\udcff|<i>old</i>\u202e", "B": "/runs/new"},
        metrics=some_metrics(100, 30, 10),
        disagreements=(
            Disagreement(
                "with_mask/<script>alert(1)</script>.jpg",
                1,
                0,
                1,
                (0.9, 0.1),
                (0.2, 0.8),
                THUMBNAIL,
            ),
            Disagreement("without_mask/\u202egpj.`|\x1b[31m.jpg", 0, 1, 0, (0.4, 0.6), (0.7, 0.3)),
        ),
        notes=("Try `maskwise compare` & <see>.",),
    )


def test_the_page_says_the_result_first_and_then_everything(comparison: Comparison) -> None:
    text = Reader(comparison.to_html()).text
    assert "B is better than A Of the same 100 pictures, A is right on 70 and B on 90" in text
    assert "a difference of \N{MINUS SIGN}20.0 points" in text
    assert "p < 0.001" in text
    places = [text.index(f" {title} ", 200) for title in SECTIONS.values()]
    assert places == sorted(places)
    assert "2 pictures were answered differently." in text
    assert "A right 70 0 A wrong 20 10" in text
    assert "maskwise compare" in text


def test_the_page_asks_nobody_for_anything(comparison: Comparison) -> None:
    reader = Reader(comparison.to_html())
    for tag, attributes in reader.tags:
        assert tag not in {"script", "iframe", "object", "embed", "base", "form"}
        for name, value in attributes.items():
            assert not name.startswith("on")
            if name in {"src", "href"}:
                assert value.startswith(("#", "data:"))
    targets = {link["href"].removeprefix("#") for link in reader.all("a")}
    ids = [attributes["id"] for _, attributes in reader.tags if "id" in attributes]
    assert targets == set(SECTIONS) <= set(ids)
    assert len(ids) == len(set(ids))


def test_hostile_names_are_legible_and_harmless(comparison: Comparison) -> None:
    page = comparison.to_html()
    assert "with_mask/<script>alert(1)</script>.jpg" in Reader(page).text
    assert r"/runs/\udcff|<i>old</i>\u202e" in Reader(page).text
    assert "<script" not in page
    for text in (page, comparison.to_markdown()):
        text.encode("utf-8")
        assert all(c.isprintable() or c in "\n\u00a0\u202f" for c in text)


def test_markdown_holds_the_table_and_the_verdict(comparison: Comparison) -> None:
    text = comparison.to_markdown()
    assert "**B is better than A.**" in text
    assert "| A wrong | 20 | 10 |" in text
    assert r"| ``without_mask/\u202egpj.`\|\x1b[31m.jpg`` | no mask | mask, 60.0 % |" in text
    accuracy = next(line for line in text.splitlines() if line.startswith("| Accuracy"))
    assert accuracy.startswith(
        "| Accuracy | 100 | 0.700 [0.604, 0.781] | 0.900 [0.826, 0.945] | \N{MINUS SIGN}20.0 ["
    )


def test_json_can_be_read_strictly_and_lists_every_disagreement(comparison: Comparison) -> None:
    values = json.loads(comparison.to_json())
    assert values["verdict"] == "B is better than A"
    assert values["metrics"]["better"] == "b"
    assert values["metrics"]["table"]["only_b_right"] == 20
    first = values["disagreements"][0]
    assert first["truth"] == "with_mask"
    assert first["a"] == {
        "answer": "without_mask",
        "probability": {"without_mask": 0.9, "with_mask": 0.1},
    }
    assert values["disagreements"][1]["path"] == comparison.disagreements[1].path


def test_without_disagreement_page_and_markdown_say_so(comparison: Comparison) -> None:
    same = replace(comparison, metrics=some_metrics(8, 2, 2), disagreements=(), notes=())
    assert same.verdict == "No difference shown"
    text = Reader(same.to_html()).text
    assert "Nowhere: both gave every picture the same answer." in text
    assert "a difference of 0.0 points" in text
    assert "Keep in mind" not in text
    assert "Nowhere: both gave" in same.to_markdown()


def test_pictures_of_one_class_leave_a_dash(comparison: Comparison) -> None:
    label = np.zeros(5, dtype=np.int64)
    sure = np.tile(np.array([0.9, 0.1], dtype=np.float32), (5, 1))
    one_class = replace(comparison, metrics=measure_paired(label, sure, sure))
    dash = "\N{EN DASH}"
    assert f"Recall of “mask” 0 {dash} {dash} {dash}" in Reader(one_class.to_html()).text
    assert f"| Balanced accuracy | 5 | {dash} | {dash} | {dash} |" in one_class.to_markdown()


def test_pages_show_the_first_of_many_and_say_how_many_there_are(comparison: Comparison) -> None:
    many = replace(comparison, disagreements=comparison.disagreements * 20)
    assert "40 pictures were answered differently. Here are 24;" in Reader(many.to_html()).text
    assert "24 of 40 pictures;" in many.to_markdown()
    assert len(json.loads(many.to_json())["disagreements"]) == 40


def test_three_files_are_written(comparison: Comparison, tmp_path: Path) -> None:
    paths = comparison.write(tmp_path / "new" / "folder")
    assert [path.name for path in paths] == ["comparison.json", "comparison.md", "comparison.html"]
    assert all(path.stat().st_size for path in paths)
