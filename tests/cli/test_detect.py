import json
import subprocess
import sys
from pathlib import Path

import pytest

from maskwise.images import read_image


def detect(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "maskwise", "detect", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
    )


@pytest.mark.train
def test_a_pipe_gets_a_line_of_json_per_picture_and_copies_are_saved(
    tiny_run: Path, pictures: Path, tmp_path: Path
) -> None:
    done = detect(
        *("with_mask/0001.png", "without_mask/0000.png"),
        *("--model", tiny_run, "--faces", "whole", "--save", tmp_path / "copies"),
        cwd=pictures,
    )
    assert done.returncode == 0
    assert done.stderr.startswith("2 pictures, 2 faces: ")
    first, second = (json.loads(line) for line in done.stdout.splitlines())
    assert first["source"] == "with_mask/0001.png"
    assert (first["width"], first["height"]) == (48, 40)
    (face,) = first["faces"]
    assert face["box_xyxy"] == [0, 0, 48, 40]
    assert sum(face["probability"].values()) == pytest.approx(1, abs=1e-5)
    assert face["label"] == max(face["probability"], key=face["probability"].get)
    assert second["source"] == "without_mask/0000.png"
    copy = read_image(tmp_path / "copies" / "with_mask" / "0001.png.answer.jpg")
    assert copy.shape == (400, 480, 3)


@pytest.mark.train
def test_a_bad_file_costs_only_itself(tiny_run: Path, pictures: Path) -> None:
    (pictures / "bad.jpg").write_text("no picture")
    done = detect(
        *("bad.jpg", "with_mask/0001.png", "missing.jpg", "--model", tiny_run, "--faces", "whole"),
        cwd=pictures,
    )
    assert done.returncode == 1
    bad, good, missing = (json.loads(line) for line in done.stdout.splitlines())
    assert "this is a text" in bad["error"]
    assert good["faces"]
    assert "No such file" in missing["error"]
    complaints = done.stderr.splitlines()[:-1]
    assert [line.split(": ")[1] for line in complaints] == ["bad.jpg", "missing.jpg"]


@pytest.mark.train
def test_a_terminal_gets_a_table(tiny_run: Path, pictures: Path) -> None:
    pty = pytest.importorskip("pty")
    read: list[bytes] = []

    def keep(descriptor: int) -> bytes:
        import os

        content = os.read(descriptor, 1024)
        read.append(content)
        return content

    picture = pictures / "with_mask" / "0001.png"
    command = ["-m", "maskwise", "detect", str(picture), "--model", str(tiny_run), "--faces=whole"]
    assert pty.spawn([sys.executable, *command], keep) == 0
    shown = b"".join(read).decode()
    assert "Picture" in shown
    assert "mask" in shown
    assert "{" not in shown
