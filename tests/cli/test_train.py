import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from commands import maskwise
from maskwise.runs.run import Run
from pictures import fill_class_folders

pytestmark = pytest.mark.train

TRAIN = [sys.executable, "-m", "maskwise", "train"]


def test_a_pipe_gets_plain_lines_on_stderr_and_a_finished_run(
    tiny_data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    done = subprocess.run(
        [*TRAIN, str(tiny_data), "--recipe", "reference", "--out", str(out), "--epochs", "2"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == ""
    assert "\x1b" not in done.stderr
    data_line, recipe_line, first, second, last = done.stderr.splitlines()
    assert data_line.endswith("20 without_mask, 20 with_mask")
    assert "28 pictures to train on, 4 to watch, 8 set aside" in recipe_line
    assert first.startswith("epoch  1/2  loss ")
    assert second.startswith("epoch  2/2  loss ")
    assert f"maskwise evaluate {out}" in last
    assert Run.open(out).finished_checkpoint().epoch == 2


def test_ctrl_c_exits_130_and_says_how_to_go_on(tiny_data: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    with subprocess.Popen(
        [*TRAIN, str(tiny_data), "--out", str(out), "--epochs", "500"],
        stderr=subprocess.PIPE,
        text=True,
    ) as training:
        assert training.stderr is not None
        while not training.stderr.readline().startswith("epoch  1"):
            assert training.poll() is None
        time.sleep(0.5)
        training.send_signal(signal.SIGINT)
        said = training.stderr.read()
    assert training.returncode == 130
    assert "--resume" in said
    assert "Traceback" not in said
    newest = Run.open(out).newest_checkpoint()
    assert newest is not None
    assert newest.epoch >= 1


def test_unreadable_files_are_named(tiny_data: Path, tmp_path: Path, pictures: Path) -> None:
    (pictures / "with_mask" / "bro\nken.jpg").write_bytes(b"")
    done = maskwise("train", pictures, "--out", tmp_path / "run", "--epochs", "1")
    assert done.returncode == 0
    assert r"with_mask/bro\nken.jpg: the file is empty" in done.stderr


def test_going_on_from_a_trained_network_says_what_that_gave(
    tiny_data: Path, tiny_bundle: Path, tmp_path: Path
) -> None:
    fill_class_folders(tmp_path / "rest", per_class=6, first_seed=700)
    out = tmp_path / "run"
    done = maskwise(
        *("train", tiny_data, "--from", tiny_bundle, "--out", out),
        *("--rest", tmp_path / "rest", "--epochs", "1"),
    )
    assert done.returncode == 0
    assert "Recipe tuned (without_mask and with_mask), seed 0" in done.stderr
    assert re.search(r"\nYours \(\d+ pictures\): right on ", done.stderr)
    assert "\nThe rest (12 pictures): right on " in done.stderr
    assert (out / "beside-parent" / "on-the-rest" / "comparison.html").is_file()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--rest", "."], 2, "`rest` tells what a network forgot"),
        (["--from", "shipped", "--recipe", "maskwise"], 2, "exclude each other"),
        (["--from", "nowhere"], 1, "nowhere holds no run"),
    ],
)
def test_what_cannot_be_gone_on_from_is_one_line(
    tiny_data: Path, tmp_path: Path, arguments: list[str], code: int, said: str
) -> None:
    done = maskwise("train", tiny_data, "--out", tmp_path / "run", *arguments)
    assert done.returncode == code
    assert said in done.stderr.splitlines()[-1]
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--workers", "2"], 2, "`workers` are of --ray. Received: 2."),
        (["--ray", "127.0.0.1:1"], 1, "No Ray cluster answers at 127.0.0.1:1"),
        (["--ray=head"], 2, "`ray` must be auto or the HOST:PORT"),
    ],
)
def test_what_no_cluster_can_do_is_one_line(
    tiny_data: Path, tmp_path: Path, arguments: list[str], code: int, said: str
) -> None:
    pytest.importorskip("ray")
    done = subprocess.run(
        [*TRAIN, str(tiny_data), "--out", str(tmp_path / "run"), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert said in done.stderr.splitlines()[-1]
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "run").exists()
