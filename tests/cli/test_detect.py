import csv
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from maskwise.images import read_image
from pictures import draw_picture

DETECT = (sys.executable, "-m", "maskwise", "detect")


def detect(
    *arguments: object, cwd: Path, stdin: bytes | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*DETECT, *map(str, arguments)],
        capture_output=True,
        input=stdin,
        check=False,
        cwd=cwd,
        env={**os.environ, **environment},
    )
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )


def first_of(folder: Path) -> str:
    """A path of modules that begins with `folder`."""
    return os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH"))))


def begin(*arguments: object, cwd: Path, n_lines: int) -> subprocess.Popen[str]:
    """Start it with --out, in a group of its own, and wait until so many answers are kept."""
    journal = cwd / f"{arguments[-1]}.journal" / "lines.jsonl"
    process = subprocess.Popen(
        [*DETECT, *map(str, arguments)],
        cwd=cwd,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline_s = time.monotonic() + 60
    while not journal.is_file() or journal.read_bytes().count(b"\n") < n_lines:
        assert process.poll() is None
        assert time.monotonic() < deadline_s
        time.sleep(0.01)
    return process


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 400 pictures, of which one is broken; tests write only beside it."""
    folder = tmp_path_factory.mktemp("many")
    (folder / "in").mkdir()
    for number in range(400):
        picture = draw_picture(number % 7, masked=number % 2 == 0)
        picture.save(folder / "in" / f"{number:03}.png")
    (folder / "in" / "005.png").write_bytes(b"broken")
    return folder


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


@pytest.mark.parametrize(
    ("asked", "is_shown"), [("in", True), ("in/001.png", False)], ids=["many", "one"]
)
def test_who_keeps_the_lines_of_many_pictures_sees_how_far_it_is(
    many: Path, tmp_path: Path, asked: str, is_shown: bool
) -> None:
    pty = pytest.importorskip("pty")
    terminal, its_end = pty.openpty()
    with (tmp_path / "answers.jsonl").open("wb") as answers:
        running = subprocess.Popen(
            [*DETECT, asked, "--faces=whole"],
            cwd=many,
            env={**os.environ, "TERM": "xterm"},
            stdout=answers,
            stderr=its_end,
        )
    os.close(its_end)
    seen = b""
    with suppress(OSError):  # it says so when nobody writes any more
        while more := os.read(terminal, 4096):
            seen += more
    os.close(terminal)
    assert running.wait() == (1 if asked == "in" else 0)  # one of them is broken
    assert (b"Deciding" in seen) is is_shown
    lines = (tmp_path / "answers.jsonl").read_text().splitlines()
    assert len(lines) == (400 if asked == "in" else 1)
    assert all("source" in json.loads(line) for line in lines)


@pytest.mark.parametrize(
    ("ending", "at_first", "then"),
    [
        (".jsonl", (), ("--workers", 2)),
        (".csv", ("--workers", 2), ()),
        (".json", ("--workers", 2), ("--workers", 1)),
    ],
)
def test_a_run_that_was_killed_and_resumed_leaves_the_file_of_one_run(
    many: Path, ending: str, at_first: tuple[object, ...], then: tuple[object, ...]
) -> None:
    asked = ("in", "--faces", "whole")
    assert detect(*asked, "--out", f"whole{ending}", cwd=many).returncode == 1  # one is broken
    running = begin(*asked, *at_first, "--out", f"resumed{ending}", cwd=many, n_lines=20)
    running.kill()
    running.communicate(timeout=30)  # returns when all have gone who could speak, workers too
    assert not (many / f"resumed{ending}").exists()
    done = detect(*asked, *then, "--resume", "--out", f"resumed{ending}", cwd=many)
    assert done.returncode == 1
    assert "Went on after" in done.stderr
    assert (many / f"resumed{ending}").read_bytes() == (many / f"whole{ending}").read_bytes()
    assert not (many / f"resumed{ending}.journal").exists()


def test_files_hold_every_picture_in_order(many: Path, tmp_path: Path) -> None:
    asked = (many / "in", "--faces", "whole", "--out")
    names = [f"{number:03}.png" for number in range(400)]
    detect(*asked, "a.jsonl", cwd=tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert [Path(line["source"]).name for line in lines] == names
    assert [Path(line["source"]).name for line in lines if "error" in line] == ["005.png"]
    detect(*asked, "a.csv", cwd=tmp_path)
    with (tmp_path / "a.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [Path(row["source"]).name for row in rows] == names
    detect(*asked, "a.json", cwd=tmp_path)
    coco = json.loads((tmp_path / "a.json").read_text())
    assert len(coco["annotations"]) == 399


def test_ctrl_c_leaves_what_can_be_resumed(many: Path) -> None:
    asked = ("in", "--faces", "whole")
    running = begin(*asked, "--out", "stopped.csv", cwd=many, n_lines=20)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=30)
    assert running.returncode == 130
    assert said.splitlines()[-1] == "maskwise: interrupted"
    assert "Traceback" not in said
    refused = detect(*asked, "--out", "stopped.csv", cwd=many)
    assert refused.returncode == 2
    assert "Go on with --resume" in refused.stderr
    other = detect("in", "--faces", "yunet", "--resume", "--out", "stopped.csv", cwd=many)
    assert other.returncode == 2
    assert "options differ" in other.stderr
    assert detect(*asked, "--resume", "--out", "stopped.csv", cwd=many).returncode == 1
    assert (many / "stopped.csv").read_text().count("\n") == 401


def test_ctrl_c_reaches_no_worker(many: Path, tmp_path: Path) -> None:
    asked = (many / "in", "--faces", "whole", "--workers", 2, "--out", "stopped.csv")
    running = begin(*asked, cwd=tmp_path, n_lines=0)
    time.sleep(0.2)  # the workers load, which takes longer
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does
    _, said = running.communicate(timeout=30)
    assert running.returncode == 130
    assert said.splitlines()[-1] == "maskwise: interrupted"
    assert "Traceback" not in said


@pytest.mark.parametrize("module", ["maskwise.cli.main", "numpy", "maskwise.inference.bulk"])
def test_ctrl_c_while_it_loads_leaves_no_traceback(tmp_path: Path, module: str) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import os, signal, sys\n"
        f"sys.addaudithook(lambda event, of: event == 'import' and of[0] == {module!r}"
        " and os.kill(os.getpid(), signal.SIGINT))\n"
    )
    done = detect("a.jpg", cwd=tmp_path, PYTHONPATH=first_of(tmp_path))
    assert done.returncode == 130
    assert done.stderr in ("", "maskwise: interrupted\n")


def test_a_file_that_is_there_stays(many: Path, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("mine")
    refused = detect(many / "in", "--faces", "whole", "--out", "a.csv", cwd=tmp_path)
    assert refused.returncode == 2
    assert "must be a new file" in refused.stderr
    assert (tmp_path / "a.csv").read_text() == "mine"


def test_several_workers_tell_the_same_in_the_same_order(many: Path) -> None:
    names = [f"in/{number:03}.png" for number in range(30)]
    alone = detect(*names, "--faces", "whole", cwd=many)
    shared = detect(*names, "--faces", "whole", "--workers", 2, cwd=many)
    assert alone.returncode == shared.returncode == 1
    assert shared.stdout == alone.stdout
    assert "30 pictures, 29 faces" in shared.stderr


def test_the_model_that_comes_along_needs_nothing_and_leaves_nothing(
    many: Path, tmp_path: Path
) -> None:
    home, guard = tmp_path / "home", tmp_path / "guard"
    home.mkdir()
    guard.mkdir()
    (guard / "sitecustomize.py").write_text(
        "import os, sys\n"
        "sys.addaudithook(lambda event, _: event in ('socket.connect', 'socket.getaddrinfo')"
        " and os._exit(99))\n"
    )
    done = detect(
        many / "in" / "000.png",
        cwd=home,
        HOME=str(home),
        TMPDIR=str(home),
        PYTHONPATH=first_of(guard),
    )
    call = "import socket; socket.create_connection(('127.0.0.1', 9))"
    watched = {**os.environ, "PYTHONPATH": first_of(guard)}
    assert subprocess.run([sys.executable, "-c", call], env=watched, check=False).returncode == 99
    assert done.returncode == 0
    assert json.loads(done.stdout)["width"] == 48
    assert done.stderr == ""
    assert list(home.iterdir()) == []


def test_faces_may_be_given_and_pictures_piped(many: Path) -> None:
    content = (many / "in" / "000.png").read_bytes()
    given = ("--box", "2,1,46,39", "--box", "0,0,24,20", "--precision", "fp32")
    done = detect("-", *given, cwd=many, stdin=content)
    assert done.returncode == 0
    told = json.loads(done.stdout)
    assert told["source"] == "-"
    assert [face["box_xyxy"] for face in told["faces"]] == [[2, 1, 46, 39], [0, 0, 24, 20]]


def test_a_copy_may_be_blurred_where_faces_are(tmp_path: Path) -> None:
    draw_picture(1, masked=True).resize((480, 400)).save(tmp_path / "one.png")
    for copies, options in (("plain", ()), ("blurred", ("--blur",))):
        done = detect(
            "one.png", "--box", "160,140,300,260", "--save", copies, *options, cwd=tmp_path
        )
        assert done.returncode == 0
    plain, blurred = (
        read_image(next((tmp_path / copies).iterdir())).astype(int)
        for copies in ("plain", "blurred")
    )
    assert plain.shape == blurred.shape
    assert np.abs(plain - blurred)[170:230, 180:280].mean() > 5
    assert np.abs(plain - blurred)[:60].mean() < 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--faces", "nobody"), "`faces` must be one of"),
        (("--mode", "lazy"), "`mode` must be one of"),
        (("--runtime", "magic"), "`runtime` must be one of"),
        (("--precision", "int4"), "precision"),
        (("--box", "1,2,3"), "`box` must be left,top,right,bottom"),
        (("--out", "a.xls"), "`out` must end in"),
        (("--resume",), "name it by `--out`"),
        (("--blur",), "name their folder by `--save`"),
        (("--workers", "0"), "`workers` must be at least 1"),
        (("--no-such-option",), "No such option"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_is_asked_wrongly_costs_one_line(
    many: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = detect("in/000.png", *arguments, cwd=many)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_copies_among_the_pictures_are_no_pictures_next_time(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        draw_picture(0, masked=True).save(tmp_path / name)
    asked = (".", "--faces", "whole", "--save", "answers")
    first, again = (detect(*asked, cwd=tmp_path) for _ in range(2))
    assert first.returncode == again.returncode == 0
    assert [json.loads(line)["source"] for line in again.stdout.splitlines()] == ["a.png", "b.png"]
    assert len(list((tmp_path / "answers").iterdir())) == 2


def test_help_says_what_is_taken_if_nothing_is_said(tmp_path: Path) -> None:
    said = detect("--help", cwd=tmp_path, COLUMNS="100").stdout
    assert "[the bundle that we ship]" in said
    assert "[int8 if it is there]" in said
