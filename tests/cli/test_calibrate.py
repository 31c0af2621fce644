import json
import shutil
from pathlib import Path

import pytest

from commands import maskwise, maskwise_process

pytestmark = pytest.mark.train


@pytest.fixture
def run(tiny_run: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny_run, tmp_path / "run")


def test_without_a_rate_every_face_is_answered(run: Path) -> None:
    done = maskwise_process("calibrate", run, "--json")
    assert done.returncode == 0, done.stderr
    assert done.stderr.endswith("\nEvery face is answered.\n")
    rule = json.loads(done.stdout)
    assert (rule["min_probability"], rule["max_error"]) == (0.0, None)
    assert rule == json.loads((run / "decision.json").read_text())


def test_a_rate_that_cannot_be_promised_ends_with_1_and_says_how_to_go_back(run: Path) -> None:
    done = maskwise("calibrate", run, "--max-error", "0.05", "--max-missed", "0.05")
    assert done.returncode == 1
    assert "to promise at most 5% errors: from now on all is answered `unsure`" in done.stderr
    assert f"To take that back: maskwise calibrate {run}" in done.stderr
    assert "Strictly, no mask is believed" in done.stderr
    assert maskwise("calibrate", run).returncode == 0
    assert json.loads((run / "decision.json").read_text())["min_probability"] == 0


def test_what_went_on_from_another_network_holds_back_as_that_one_did(run: Path) -> None:
    path = run / "run.json"
    values = json.loads(path.read_text())
    values["recipe"]["parent"] = "0" * 64
    values["recipe"]["parent_min_probability"] = 0.9
    path.write_text(json.dumps(values))
    done = maskwise("calibrate", run)
    assert done.returncode == 0
    assert "Answers below a probability of 0.9 are `unsure`, as with the network" in done.stderr
    assert json.loads((run / "decision.json").read_text())["min_probability"] == 0.9
    assert maskwise("calibrate", run, "--max-error", "0.05").returncode == 1
    assert json.loads((run / "decision.json").read_text())["min_probability"] == 1


@pytest.mark.parametrize(
    "arguments", [("--max-error", "2"), ("--max-error", "0.5", "--confidence", "1")]
)
def test_a_rate_out_of_range_is_one_line_and_changes_nothing(
    run: Path, arguments: tuple[str, ...]
) -> None:
    before = (run / "decision.json").read_bytes()
    done = maskwise("calibrate", run, *arguments)
    assert done.returncode == 2
    assert arguments[-2].removeprefix("--").replace("-", "_") in done.stderr.splitlines()[-1]
    assert (run / "decision.json").read_bytes() == before
