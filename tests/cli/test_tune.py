import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from maskwise.cli.main import _exit_code

pytestmark = pytest.mark.train

TUNE = [sys.executable, "-m", "maskwise", "tune"]
WITHOUT_OPTUNA = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name == "optuna":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
"""


def test_ctrl_c_exits_130_and_resuming_ends_in_a_table(
    tiny_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    call = [*TUNE, str(tiny_data), "--out", str(out), "--recipe", "reference", "--trials", "2"]
    call += ["--epochs", "2"]
    with subprocess.Popen(call, stderr=subprocess.PIPE, text=True) as searching:
        assert searching.stderr is not None
        while not searching.stderr.readline().startswith("epoch  1/2"):
            assert searching.poll() is None
        searching.send_signal(signal.SIGINT)
        said = searching.stderr.read()
    assert searching.returncode == 130
    assert "run the same with --resume" in said
    assert "Traceback" not in said
    done = subprocess.run([*call, "--resume"], capture_output=True, text=True, check=True)
    assert "\x1b" not in done.stdout + done.stderr
    assert done.stdout == (out / "tune.md").read_text()
    assert done.stdout.count("(best)") == 1
    said_lines = done.stderr.splitlines()
    assert any(line.startswith("[2/2] learning rate 0.0") for line in said_lines)
    assert any(line.startswith("trial 2: finished after 2 epochs, validat") for line in said_lines)
    assert f"evaluate {out}/trials/000" in said_lines[-1]
    assert _exit_code([*call[3:], "--resume", "--json"]) == 0
    assert capsys.readouterr().out == (out / "tune.json").read_text()
    assert (out / "tune.html").is_file()


def test_without_optuna_the_install_command_is_shown(tmp_path: Path, tiny_data: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(WITHOUT_OPTUNA)
    done = subprocess.run(
        [*TUNE, str(tiny_data), "--out", str(tmp_path / "out")],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.endswith("Install it with: pip install 'maskwise[tune]'")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--trials", "0"], 2, "`trials` must be at least 1"),
        (["--split", "random"], 2, "`split` must be one of grouped, given"),
        (["--recipe", "none"], 2, "`recipe` must be one of"),
        (["--out", "pictures"], 1, "pictures is no search, but holds files"),
    ],
)
def test_what_is_wrong_is_one_line(
    pictures: Path, arguments: list[str], code: int, said: str
) -> None:
    done = subprocess.run(
        [*TUNE, str(pictures), "--out", "out", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=pictures.parent,
    )
    assert done.returncode == code
    (line,) = done.stderr.splitlines()
    assert line.startswith("maskwise: ")
    assert said in line
    assert not (pictures.parent / "out").exists()
