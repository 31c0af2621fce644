import json
import os
from pathlib import Path

import pytest

from maskwise.dataset.samples import Sample, Split
from maskwise.errors import BadRun
from maskwise.runs.checkpoint import Checkpoint
from maskwise.runs.recipe import Recipe
from maskwise.runs.run import Run, require_same_data


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
    ["", "{", "[]", "null", '{"format_version": 1}', '{"format_version": 1, "recipe": 3}'],
)
def test_a_damaged_description_is_refused(run: Run, content: str) -> None:
    (run.folder / "run.json").write_text(content)
    with pytest.raises(BadRun, match=r"run\.json is damaged"):
        Run.open(run.folder)


@pytest.mark.parametrize("content", ["{", '{"side": "left"}', "[1]"])
def test_a_damaged_split_is_refused(run: Run, content: str) -> None:
    (run.folder / "split.jsonl").write_text(content)
    with pytest.raises(BadRun, match="damaged"):
        run.read_split()


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
