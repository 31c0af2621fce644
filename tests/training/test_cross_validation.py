import json
import shutil
from pathlib import Path

import pytest

from maskwise.errors import BadDataset, BadRun
from maskwise.runs.run import Run
from maskwise.training.cross_validation import CrossValidation, cross_validate
from pictures import fill_class_folders

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def sourced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of three sources, of which `bare` has one class only."""
    folder = fill_class_folders(tmp_path_factory.mktemp("sourced") / "pictures", per_class=24)
    rows = []
    for index, path in enumerate(sorted(folder.rglob("*.png"))):
        name = path.relative_to(folder).as_posix()
        source = "bare" if name.startswith("without") and index % 3 == 0 else "ab"[index % 2]
        rows.append(f"{name},{source}")
    (folder / "manifest.csv").write_text("\n".join(["file,source", *rows]) + "\n")
    return folder


@pytest.fixture(scope="module")
def finished(sourced: Path, tmp_path_factory: pytest.TempPathFactory) -> CrossValidation:
    return cross_validate(
        sourced, out=tmp_path_factory.mktemp("crossed") / "runs", epochs=1, seed=3
    )


def cut_off(name: str, number: int, total: int) -> None:
    """As by Ctrl-C, once the first of them is trained and judged."""
    if number == 2:
        raise KeyboardInterrupt


def test_every_way_to_split_is_trained_and_judged(finished: CrossValidation) -> None:
    assert [fold.name for fold in finished.folds] == [
        *("random split", "grouped split", "source a", "source b", "source bare")
    ]
    for fold in finished.folds[2:]:
        split = Run.open(fold.run).read_split()
        source = fold.name.removeprefix("source ")
        assert {sample.source for sample in split.test} == {source}
        assert source not in {sample.source for sample in (*split.train, *split.validation)}
        assert fold.metrics.n == len(split.test)
        assert (fold.run / "report.html").exists()


def test_the_table_has_a_row_for_each_and_the_json_all_figures(
    finished: CrossValidation,
) -> None:
    out = finished.folds[0].run.parent
    table = (out / "cross-validation.md").read_text()
    assert table == finished.to_markdown() + "\n"
    rows = [line for line in table.splitlines() if line.startswith("| ")]
    assert len(rows) == 1 + 5
    assert len({row.count("|") for row in table.splitlines() if row.startswith("|")}) == 1
    kept = json.loads((out / "cross-validation.json").read_text())
    assert [fold["run"] for fold in kept["folds"]] == [
        *("random", "grouped", "source-a", "source-b", "source-bare")
    ]
    assert kept["pending"] == []
    assert "Not yet trained" not in table
    assert kept["folds"][0]["metrics"]["n"] == finished.folds[0].metrics.n


def test_what_is_known_when_it_is_cut_off_is_in_the_table(sourced: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        cross_validate(sourced, out=tmp_path / "runs", epochs=1, seed=3, on_fold=cut_off)
    kept = json.loads((tmp_path / "runs" / "cross-validation.json").read_text())
    assert [fold["name"] for fold in kept["folds"]] == ["random split"]
    assert kept["pending"] == ["grouped split", "source a", "source b", "source bare"]
    table = (tmp_path / "runs" / "cross-validation.md").read_text()
    assert "Not yet trained: source bare" in table


def test_it_goes_on_where_it_was_cut_off(
    finished: CrossValidation, sourced: Path, tmp_path: Path
) -> None:
    shutil.copytree(finished.folds[0].run.parent, tmp_path / "runs")
    shutil.rmtree(tmp_path / "runs" / "source-b")
    again = cross_validate(sourced, out=tmp_path / "runs", epochs=1, seed=3, resume=True)
    assert [fold.metrics.accuracy for fold in again.folds] == [
        fold.metrics.accuracy for fold in finished.folds
    ]
    with pytest.raises(BadRun, match="already holds a run"):
        cross_validate(sourced, out=tmp_path / "runs", epochs=1, seed=3)


def test_a_source_that_cannot_be_held_out_is_known_before_the_first_training(
    sourced: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "pictures"
    shutil.copytree(sourced, folder)
    manifest = (folder / "manifest.csv").read_text().splitlines()
    masked = [line for line in manifest if line.startswith("with_mask")]
    table = [line for line in manifest if line not in masked]
    table += [f"{line.split(',')[0]},{'b' if line == masked[0] else 'a'}" for line in masked]
    (folder / "manifest.csv").write_text("\n".join(table) + "\n")
    with pytest.raises(KeyboardInterrupt):
        cross_validate(folder, out=tmp_path / "runs", epochs=1, on_fold=cut_off)
    kept = json.loads((tmp_path / "runs" / "cross-validation.json").read_text())
    assert kept["pending"] == ["grouped split", "source b", "source bare"]
    assert kept["skipped"]["a"].startswith("with_mask has 1 pictures")
    shown = (tmp_path / "runs" / "cross-validation.md").read_text()
    assert "Not held out: a: with_mask has 1 pictures" in shown


def test_a_source_without_which_a_class_is_gone_is_not_held_out(
    pictures: Path, tmp_path: Path
) -> None:
    rows = [
        f"{path.relative_to(pictures).as_posix()},{path.parent.name}-maker"
        for path in pictures.rglob("*.png")
    ]
    (pictures / "manifest.csv").write_text("\n".join(["file,source", *rows]) + "\n")
    result = cross_validate(pictures, out=tmp_path / "runs", epochs=1)
    assert [fold.name for fold in result.folds] == ["random split", "grouped split"]
    assert result.skipped == {
        "with_mask-maker": "no other source has with_mask",
        "without_mask-maker": "no other source has without_mask",
    }
    assert "Not held out: without_mask-maker" in result.to_markdown()


def test_data_that_names_no_sources_is_refused_with_the_way_out(
    tiny_data: Path, tmp_path: Path
) -> None:
    with pytest.raises(BadDataset, match=r"names 0 sources.*column `source` of manifest\.csv"):
        cross_validate(tiny_data, out=tmp_path / "runs", epochs=1)
    assert not (tmp_path / "runs").exists()


def test_three_classes_become_two_where_no_mask_is_worn_wrongly(
    sourced: Path, tmp_path: Path
) -> None:
    out = tmp_path / "runs"
    with pytest.raises(KeyboardInterrupt):
        cross_validate(sourced, out=out, recipe="reference-network", epochs=1, on_fold=cut_off)
    assert Run.open(out / "random").recipe.labels == (0, 1)
