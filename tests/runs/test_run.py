import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from maskwise.dataset.samples import Sample, Split
from maskwise.errors import BadRun, InvalidInput
from maskwise.runs.checkpoint import Checkpoint
from maskwise.runs.recipe import Recipe
from maskwise.runs.run import Run, require_same_data, require_same_recipe, require_vacant


def sample(path: str, digit: str = "0", label: int = 1) -> Sample:
    return Sample(path, label, 10, digit * 64, (4, 5))


SPLIT = Split(
    train=(sample("mask/a.jpg", "a"), sample(os.fsdecode(b"mask/\xff\n.jpg"), "b")),
    validation=(sample("mask/c.jpg", "c"),),
    test=(sample("no_mask/d.jpg", "d", label=0),),
)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.create(
        tmp_path / "run",
        recipe=Recipe(epochs=2),
        seed=3,
        data_folder=tmp_path,
        split=SPLIT,
        environment={"maskwise": "1.2.3"},
    )


def history(epochs: int) -> list[dict[str, float]]:
    return [
        dict.fromkeys(("loss", "accuracy", "val_loss", "val_accuracy", "seconds"), 0.5)
        | {"epoch": epoch}
        for epoch in range(1, epochs + 1)
    ]


def test_is_found_again_as_it_was(run: Run) -> None:
    assert Run.open(run.folder) == run
    assert run.read_split() == SPLIT


def test_checkpoints_are_kept_and_the_history_is_a_table(run: Run) -> None:
    assert run.newest_checkpoint() is None
    for epoch in (1, 2):
        run.add_checkpoint(Checkpoint({}, history(epoch)))
    newest = run.newest_checkpoint()
    assert newest is not None
    assert newest.epoch == 2
    assert run.finished_checkpoint().epoch == 2
    assert (run.folder / "history.csv").read_text().splitlines() == [
        "epoch,loss,accuracy,val_loss,val_accuracy,seconds",
        "1,0.5,0.5,0.5,0.5,0.5",
        "2,0.5,0.5,0.5,0.5,0.5",
    ]


def test_an_unfinished_run_says_how_far_it_is(run: Run) -> None:
    run.add_checkpoint(Checkpoint({}, history(1)))
    with pytest.raises(BadRun, match=r"is not finished: 1 of 2 epochs.*--resume"):
        run.finished_checkpoint()


def test_a_folder_without_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadRun, match="holds no run"):
        Run.open(tmp_path)


def test_another_format_names_the_version_that_wrote_it(run: Run) -> None:
    path = run.folder / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format_version": 99}))
    with pytest.raises(BadRun, match=r"format 99.*1\.2\.3"):
        Run.open(run.folder)


@pytest.mark.parametrize(
    "content",
    [
        *("", "{", "[]", "null", '{"format_version": 1}', '{"format_version": 1, "recipe": 3}'),
        pytest.param("[" * 100_000, id="deep"),
        '{"format_version": 2, "environment": []}',
    ],
)
def test_a_damaged_description_is_refused(run: Run, content: str) -> None:
    (run.folder / "run.json").write_text(content)
    with pytest.raises(BadRun, match=r"run\.json is damaged"):
        Run.open(run.folder)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        pytest.param("seed", float("inf"), id="seed"),
        pytest.param("labels", [0, 5], id="labels"),
        pytest.param("size_hw", [1, 1], id="too small"),
        pytest.param("size_hw", [200_000, 200_000], id="too large"),
    ],
)
def test_a_description_that_cannot_be_is_refused(run: Run, field: str, value: object) -> None:
    path = run.folder / "run.json"
    description = json.loads(path.read_text())
    parts = (description, description["recipe"], description["recipe"]["preprocess"])
    next(part for part in parts if field in part)[field] = value
    path.write_text(json.dumps(description))
    with pytest.raises(BadRun, match=r"run\.json is damaged"):
        Run.open(run.folder)


@pytest.mark.parametrize("kept", [0, 1, 3])
def test_a_cut_split_is_refused(run: Run, kept: int) -> None:
    path = run.folder / "split.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:kept]))
    with pytest.raises(BadRun, match="is not the one that the run began with"):
        run.read_split()


@pytest.mark.parametrize("line", ["{", '{"side": "left"}', "[1]", "5"])
def test_a_split_of_another_kind_is_refused(run: Run, line: str) -> None:
    (run.folder / "split.jsonl").write_text(line)
    digest = hashlib.sha256(line.encode()).hexdigest()
    with pytest.raises(BadRun, match="damaged"):
        replace(run, split_sha256=digest).read_split()


def test_a_label_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidInput, match="`label`"):
        sample("mask/a.jpg", label=7)


def test_a_run_is_begun_only_where_nothing_else_lies(run: Run, tmp_path: Path) -> None:
    with pytest.raises(BadRun, match="already holds a run"):
        require_vacant(run.folder)
    require_vacant(tmp_path / "new")
    require_vacant(tmp_path / ("long" * 99))
    killed = tmp_path / "killed"
    (killed / "checkpoints").mkdir(parents=True)
    for name in ("lock", "split.jsonl", "run.json.partial"):
        (killed / name).touch()
    require_vacant(killed)
    for name in ("checkpoints/epoch-0001.npz", "pixels-holiday.jpg"):
        (killed / name).touch()
        with pytest.raises(BadRun, match=f"holds files .first: {Path(name).name}"):
            require_vacant(killed)
        (killed / name).unlink()


def test_moved_data_is_found_again(run: Run, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    moved = run.moved_data(tmp_path / "elsewhere")
    assert Run.open(run.folder) == moved != run
    assert moved.data_folder == tmp_path / "elsewhere"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(lambda all_: [*all_, sample("new.jpg")], "1 added .*new", id="added"),
        pytest.param(lambda all_: all_[1:], r"1 removed \(first: mask/a", id="removed"),
        pytest.param(
            lambda all_: [sample("mask/a.jpg", "f"), *all_[1:]], "1 changed", id="other bytes"
        ),
        pytest.param(
            lambda all_: [sample("mask/a.jpg", "a", label=0), *all_[1:]],
            "1 changed",
            id="relabelled",
        ),
    ],
)
def test_changed_data_is_refused(run: Run, change: object, message: str) -> None:
    samples = [entry for _, entry in SPLIT]
    require_same_data(run, samples[::-1])
    with pytest.raises(BadRun, match=message):
        require_same_data(run, change(samples))  # type: ignore[operator]


def test_another_recipe_is_refused(run: Run) -> None:
    require_same_recipe(run, Recipe(epochs=2))
    with pytest.raises(BadRun, match=r"began with batch_size=32 and cannot go on with batch_size"):
        require_same_recipe(run, Recipe(epochs=2, batch_size=16))
