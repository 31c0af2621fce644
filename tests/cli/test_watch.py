"""`maskwise watch`, as people and init systems call it."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from clips import walking
from fake_camera import FakeCamera
from maskwise.images import encode_image
from spawned import spawned_by

WATCH = (sys.executable, "-m", "maskwise", "watch")


@contextmanager
def begun(config: Path, **environment: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*WATCH, str(config)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=config.parent,
        env={**os.environ, **environment},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def events_until(
    process: subprocess.Popen[str], is_last: Callable[[dict[str, Any]], bool]
) -> list[dict[str, Any]]:
    """What it tells on stdout, up to some event, within 30 seconds."""
    assert process.stdout is not None
    events = []
    until_s = time.monotonic() + 30
    while time.monotonic() < until_s:
        if select.select([process.stdout], [], [], 0.2)[0]:
            events.append(json.loads(process.stdout.readline()))
            if is_last(events[-1]):
                return events
    raise AssertionError(events)


def is_online(event: dict[str, Any]) -> bool:
    return event.get("state") == "online"


def write(folder: Path, text: str) -> Path:
    path = folder / "watch.toml"
    path.write_text(text)
    return path


def test_a_check_says_whether_it_is_right(tmp_path: Path) -> None:
    path = write(tmp_path, '[cameras.a]\naddress = "camera:0"\n')
    done = subprocess.run([*WATCH, path, "--check"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"{path} is right: cameras 1, sinks 0.\n"
    path = write(tmp_path, '[cameras.a]\nadress = "camera:0"\n')
    done = subprocess.run([*WATCH, path, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "did you mean address?" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_it_tells_events_and_ends_when_it_is_told_to(
    tmp_path: Path, number: int, code: int
) -> None:
    with FakeCamera() as fake:
        path = write(
            tmp_path,
            f'[cameras.door]\naddress = "{fake.url}"\n'
            '[[sinks]]\nkind = "lines"\npath = "a.jsonl"\n',
        )
        with begun(path) as process:
            told = events_until(process, is_online)
            for reader in spawned_by(process):
                os.kill(reader, number)  # as shells and init systems do, which ask all processes
            time.sleep(1)
            os.kill(process.pid, number)
            left, said = process.communicate(timeout=20)
            assert process.returncode == code
        assert left == ""  # no camera was lost
        assert "hunter2" not in said + json.dumps(told)
        assert "Traceback" not in said
    kept = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert kept[: len(told)] == told


def test_a_changed_file_is_followed_and_a_wrong_one_changes_nothing(tmp_path: Path) -> None:
    with FakeCamera() as one, FakeCamera() as two:
        first = f'[cameras.a]\naddress = "{one.url}"\n'
        path = write(tmp_path, first)
        with begun(path) as process:
            events_until(process, is_online)
            path.write_text(first + "fps = -1\n")
            time.sleep(1.5)
            path.write_text(first + f'[cameras.b]\naddress = "{two.url}"\n')
            told = events_until(process, is_online)
            assert told[-1]["camera"] == "b"
            process.terminate()
            _, said = process.communicate(timeout=20)
        assert "cameras.a.fps" in said
        assert "All stays as it was." in said
        assert "was read again" in said
        assert one.n_connections == 1


def test_killed_and_started_again_it_goes_on_with_whole_lines(tmp_path: Path) -> None:
    with FakeCamera() as fake:
        path = write(
            tmp_path,
            f'[cameras.door]\naddress = "{fake.url}"\n'
            '[[sinks]]\nkind = "lines"\npath = "a.jsonl"\n',
        )
        for _ in range(2):
            with begun(path) as process:
                events_until(process, is_online)
                process.kill()
                process.wait()
        lines = (tmp_path / "a.jsonl").read_text().splitlines()
        assert [json.loads(line)["state"] for line in lines] == ["online", "online"]


def test_who_cannot_be_told_is_complained_about_once(tmp_path: Path) -> None:
    with FakeCamera() as fake:
        path = write(
            tmp_path,
            f'[cameras.a]\naddress = "{fake.url}"\n'
            '[[sinks]]\nkind = "webhook"\nurl = "http://me:hunter2@127.0.0.1:9/x?key=hunter2"\n',
        )
        with begun(path) as process:
            events_until(process, is_online)
            time.sleep(3)
            process.terminate()
            _, said = process.communicate(timeout=20)
    assert said == "maskwise: http://127.0.0.1:9/x?...: connection refused.\n"


def test_a_session_leaves_nothing_with_a_face_anywhere(tmp_path: Path) -> None:
    pictures = [encode_image(image_rgb, format="jpeg") for image_rgb in walking(60, [0])]
    (tmp_path / "tmp").mkdir()
    with FakeCamera(pictures=pictures) as fake:
        path = write(tmp_path, f'[cameras.a]\naddress = "{fake.url}"\n')
        with begun(path, TMPDIR=str(tmp_path / "tmp"), HOME=str(tmp_path)) as process:
            told = events_until(process, lambda event: event["event"] == "person_without_mask")
            process.terminate()
            process.communicate(timeout=20)
    assert not {"box_xyxy", "picture", "image"} & set(told[-1])
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert files == [path]


def test_the_live_page_is_named_with_its_token(tmp_path: Path) -> None:
    with FakeCamera() as fake:
        path = write(tmp_path, f'[cameras.a]\naddress = "{fake.url}"\n[page]\nport = 0\n')
        with begun(path) as process:
            events_until(process, is_online)
            process.terminate()
            _, said = process.communicate(timeout=20)
    assert "http://127.0.0.1:" in said
    assert "/?token=" in said
