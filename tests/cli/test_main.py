"""The command as people and programs meet it: output, errors, exit codes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest


def maskwise(
    *arguments: object, cwd: Path | None = None, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "maskwise", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env=env,
    )


def test_help_names_every_verb() -> None:
    done = maskwise()
    assert done.returncode == 0
    for verb in (
        *("demo", "data", "train", "evaluate", "calibrate", "cross-validate"),
        *("tune", "compare", "detect", "explain", "doctor"),
    ):
        assert verb in done.stdout


def test_version() -> None:
    from maskwise import __version__

    assert maskwise("--version").stdout == f"maskwise {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        pytest.param(["fly"], "fly", id="unknown verb"),
        pytest.param(["train"], "DATA", id="missing argument"),
        pytest.param(["train", ".", "--out", "x", "--sede", "1"], "--sede", id="unknown option"),
        pytest.param(["train", ".", "--out", "x", "--seed", "one"], "--seed", id="no number"),
        pytest.param(["train", ".", "--out", "x", "--recipe", "best"], "best", id="no recipe"),
        pytest.param(["train", ".", "--out", "x", "--seed", str(2**32)], "seed", id="seed"),
        pytest.param(["data", "draw", "x", "--count", "3"], "count", id="too few"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_2(
    tmp_path: Path, arguments: list[str], named: str
) -> None:
    done = maskwise(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("maskwise: ")
    assert named.lower() in line.lower()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        pytest.param(["train", "missing", "--out", "run"], "missing does not exist", id="no data"),
        pytest.param(["train", "empty", "--out", "run"], "No picture lies in empty", id="empty"),
        pytest.param(["train", "file", "--out", "run"], "file is a file", id="a file"),
        pytest.param(["evaluate", "empty"], "empty holds no run", id="no run to judge"),
        pytest.param(["detect", "a.jpg", "--model", "empty"], "empty holds no run", id="no model"),
    ],
)
def test_bad_input_is_one_line_and_exit_1(tmp_path: Path, arguments: list[str], named: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    done = maskwise(*arguments, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("maskwise: ")
    assert named in line
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["train", "file", "--out", "n" * 300], id="train"),
        pytest.param(["data", "draw", "n" * 300], id="draw"),
        pytest.param(["demo", "n" * 300], id="demo"),
    ],
)
def test_too_long_a_name_is_one_line_and_exit_1(tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "file").write_text("")
    done = maskwise(*arguments, cwd=tmp_path)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("maskwise: ")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_behind_stdout_is_one_line_and_exit_1() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "maskwise", "--help"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "No space left" in line


def test_ctrl_c_is_one_line_and_exit_130(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "maskwise", "data", "draw", "set", "--count", "100000"],
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    ) as drawing:
        while not list(tmp_path.glob("set.*.partial/*")):
            assert drawing.poll() is None
        drawing.send_signal(signal.SIGINT)
        assert drawing.stderr is not None
        said = drawing.stderr.read()
    assert drawing.returncode == 130
    assert said == "maskwise: interrupted\n"
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_closed_folder_is_one_line_and_exit_1(tmp_path: Path, tiny_data: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    done = maskwise("train", tiny_data, "--out", closed / "run")
    assert done.returncode == 1
    assert "Permission denied" in done.stderr


WITHOUT_TENSORFLOW = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name == "tensorflow":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
"""


def test_without_tensorflow_the_install_command_is_shown(tmp_path: Path, tiny_data: Path) -> None:
    # A module of this name that cannot be found is what a missing library looks like.
    (tmp_path / "sitecustomize.py").write_text(WITHOUT_TENSORFLOW)
    done = maskwise(
        *("train", tiny_data, "--out", tmp_path / "run"),
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    assert done.returncode == 1
    assert "pip install 'maskwise[train]'" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "run").exists()
