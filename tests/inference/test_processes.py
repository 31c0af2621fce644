"""No process outlives who started it, and none speaks of what is its caller's to answer."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pictures import draw_picture

HERE = Path(__file__).parents[1]
SHARE = """
import sys
from maskwise.inference.batch import Task
from maskwise.inference.bulk import detect_all
from maskwise.sources.named import find_sources
from workers import load

if __name__ == "__main__":
    tasks = [Task(source) for source in find_sources(sys.argv[1])]
    try:
        print("begun", flush=True)
        for _ in detect_all(tasks, load, workers=2):
            print("done", flush=True)
            input()
    except KeyboardInterrupt:
        sys.exit(130)
"""


@pytest.fixture
def sharing(tmp_path: Path) -> subprocess.Popen[str]:
    """A process, in a group of its own, that shares pictures out and waits after the first."""
    (tmp_path / "in").mkdir()
    draw_picture(0, masked=True).save(tmp_path / "in" / "a.png")
    (tmp_path / "share.py").write_text(SHARE)
    return subprocess.Popen(
        [sys.executable, "share.py", "in"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), *filter(None, sys.path)])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for(word: str, process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == f"{word}\n"


def test_none_outlives_who_was_killed(sharing: subprocess.Popen[str]) -> None:
    wait_for("begun", sharing)
    wait_for("done", sharing)
    sharing.kill()
    sharing.communicate(timeout=30)  # returns once all have gone that hold its stderr


@pytest.mark.parametrize("after_s", [0.0, 0.1, 0.3])
def test_ctrl_c_is_heard_by_the_caller_alone(
    sharing: subprocess.Popen[str], after_s: float
) -> None:
    wait_for("begun", sharing)
    time.sleep(after_s)  # while the others load
    os.killpg(sharing.pid, signal.SIGINT)  # as a terminal does
    _, said = sharing.communicate(timeout=30)
    assert said == ""
    assert sharing.returncode == 130
