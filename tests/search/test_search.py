import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from maskwise.errors import BadRun, InvalidInput
from maskwise.runs.run import Run
from maskwise.search.report import SearchReport
from maskwise.search.search import search
from maskwise.search.strategy import Strategy
from pictures import draw_picture, fill_class_folders

pytestmark = pytest.mark.train

INTERRUPTED = Path(__file__).with_name("interrupted.py")
ASKED: Mapping[str, Any] = {"recipe": "reference", "trials": 2, "epochs": 2, "seed": 5}


@pytest.fixture(scope="module")
def finished(tiny_data: Path, tmp_path_factory: pytest.TempPathFactory) -> SearchReport:
    """A search of two trials of two epochs each; tests only read its folder."""
    return search(tiny_data, out=tmp_path_factory.mktemp("searched") / "out", **ASKED)


def folder_of(report: SearchReport) -> Path:
    return report.trials[0].run.parents[1]


def found(report: SearchReport) -> Sequence[object]:
    """All that is found, without how long it took."""
    return [
        (
            trial.number,
            trial.values,
            [{**record, "seconds": 0} for record in trial.history],
            trial.is_finished,
        )
        for trial in report.trials
    ]


def arrays_of(run: Path) -> Mapping[str, bytes]:
    checkpoint = Run.open(run).finished_checkpoint()
    return {name: array.tobytes() for name, array in checkpoint.arrays.items()}


def test_each_trial_is_a_run_of_the_same_split_and_the_test_side_is_untouched(
    finished: SearchReport,
) -> None:
    first, second = (Run.open(trial.run) for trial in finished.trials)
    assert first.recipe.split == "grouped"  # though this recipe says otherwise
    assert first.split_sha256 == second.split_sha256
    for run, trial in zip((first, second), finished.trials, strict=True):
        assert trial.values == {name: getattr(run.recipe, name) for name in trial.values}
        assert trial.history == tuple(run.finished_checkpoint().history)
        assert run.read_decision() is not None
        assert run.read_metrics() is None
    assert finished.trials[0].values["learning_rate"] == 0.001
    assert finished.trials[1].values["learning_rate"] != 0.001
    kept = json.loads((folder_of(finished) / "tune.json").read_text())
    assert [trial["epochs"] for trial in kept["trials"]] == [2, 2]
    assert kept["n_validation"] == len(first.read_split().validation)


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(12, id="first trial trained, report half written"),
        pytest.param(18, id="last epoch of the second trial not yet on the disk"),
    ],
)
def test_a_kill_at_any_moment_changes_nothing(
    finished: SearchReport, tiny_data: Path, tmp_path: Path, call: int
) -> None:
    out = tmp_path / "out"
    killed = subprocess.run(
        [sys.executable, str(INTERRUPTED), str(tiny_data), str(out), str(call)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    begun = [path.name for path in sorted((out / "trials").iterdir())]
    assert begun == ["0001", "0002"][: 1 + (call > 13)]
    again = search(tiny_data, out=out, resume=True, **ASKED)
    assert found(again) == found(finished)
    for trial, other in zip(again.trials, finished.trials, strict=True):
        assert arrays_of(trial.run) == arrays_of(other.run)
    assert not list(out.rglob("*.partial"))


def test_a_finished_search_is_not_trained_again_and_can_have_more_trials(
    finished: SearchReport, tiny_data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    shutil.copytree(folder_of(finished), out)
    before = {path: path.stat().st_mtime_ns for path in out.glob("trials/*/*")}
    more = search(tiny_data, out=out, resume=True, **{**ASKED, "trials": 3})
    assert found(more)[:2] == found(finished)
    assert before == {path: path.stat().st_mtime_ns for path in before}
    assert len(json.loads((out / "tune.json").read_text())["trials"]) == 3
    with pytest.raises(BadRun, match=r"has 3 trials already and cannot go on with 2"):
        search(tiny_data, out=out, resume=True, **ASKED)


def test_a_hopeless_trial_ends_where_it_was_judged_whoever_looks_again(
    finished: SearchReport, tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    shutil.copytree(folder_of(finished), out)
    shutil.rmtree(out / "trials" / "0002")
    monkeypatch.setattr(Strategy, "is_hopeless", lambda self, epoch, loss: True)
    shutil.rmtree(out / "trials" / "0001")
    stopped = search(tiny_data, out=out, resume=True, **{**ASKED, "trials": 2})
    assert [len(trial.history) for trial in stopped.trials] == [1, 1]
    assert stopped.best is None
    newest = Run.open(stopped.trials[1].run).newest_checkpoint()
    assert newest is not None
    assert newest.epoch == 1
    again = search(tiny_data, out=out, resume=True, **ASKED)
    assert found(again) == found(stopped)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"recipe": "lean"}, "began with recipe=reference and cannot go on with recipe=lean"),
        ({"epochs": 3}, "began with epochs=2 and cannot go on with epochs=3"),
        ({"seed": 6}, "began with seed=5 and cannot go on with seed=6"),
        ({"split": "given"}, "began with split=grouped and cannot go on with split=given"),
        ({"trials": 1}, "has 2 trials already and cannot go on with 1"),
        ({"resume": False}, "already holds a search"),
    ],
)
def test_another_search_is_refused(
    finished: SearchReport, tiny_data: Path, change: Mapping[str, Any], said: str
) -> None:
    before = (folder_of(finished) / "tune.json").read_bytes()
    with pytest.raises(BadRun, match=said):
        search(tiny_data, out=folder_of(finished), **{**ASKED, "resume": True, **change})
    assert (folder_of(finished) / "tune.json").read_bytes() == before


def test_other_data_are_refused(finished: SearchReport, tmp_path: Path) -> None:
    data = fill_class_folders(tmp_path / "pictures", per_class=20)
    draw_picture(99, masked=True).save(data / "with_mask" / "new.png")
    with pytest.raises(BadRun, match=r"The data changed since .*0001 began: 1 added"):
        search(data, out=folder_of(finished), resume=True, **ASKED)


@pytest.mark.parametrize("name", ["photo.jpg", "run.json"])
def test_a_folder_of_something_else_is_left_alone(
    tiny_data: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_text("{}")
    with pytest.raises(BadRun, match=f"is no search, but holds files \\(first: {name}\\)"):
        search(tiny_data, out=tmp_path, resume=True, **ASKED)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_damaged_report_is_refused(tiny_data: Path, tmp_path: Path) -> None:
    (tmp_path / "tune.json").write_text('{"format_version": 1, "recipe": 7}')
    with pytest.raises(BadRun, match=r"tune\.json is damaged"):
        search(tiny_data, out=tmp_path, resume=True, **ASKED)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"trials": 0}, "`trials` must be at least 1"),
        ({"split": "random"}, "`split` must be one of grouped, given"),
        ({"recipe": "none"}, "`recipe` must be one of"),
        ({"seed": -1}, "`seed` must be 0 to"),
    ],
)
def test_wrong_wishes_are_refused_before_anything_is_written(
    tiny_data: Path, tmp_path: Path, change: Mapping[str, Any], said: str
) -> None:
    with pytest.raises(InvalidInput, match=said):
        search(tiny_data, out=tmp_path / "out", **{**ASKED, **change})
    assert not (tmp_path / "out").exists()
