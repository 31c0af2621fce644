"""`maskwise detect` on videos, as people call it."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from clips import grey, walking, write_clip
from fake_camera import FakeCamera
from looks import look
from maskwise.cli.video import _Copy
from maskwise.images import encode_image
from maskwise.inference.following import Look
from maskwise.inference.pipeline import MaskDetector
from maskwise.outputs.film import Film
from maskwise.sources.video import Frame, Video
from maskwise.tracking.people import People

DETECT = (sys.executable, "-m", "maskwise", "detect", "--mode", "fast")


def detect(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*DETECT, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={**os.environ},
    )


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people, one of them with a mask, for two seconds."""
    path = tmp_path_factory.mktemp("clips") / "door.mp4"
    return write_clip(path, walking(50, [0, 1]), codec="libx264")


def lines(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_pipe_gets_a_line_for_each_person_and_then_the_summary(clip: Path) -> None:
    done = detect("door.mp4", cwd=clip.parent)
    assert done.returncode == 0
    one, other, summary = lines(done)
    assert sorted((one["label"], other["label"])) == ["with_mask", "without_mask"]
    assert one["source"] == "door.mp4"
    expected = {"people": 2, "with_mask": 1, "without_mask": 1, "incorrect": 0, "unsure": 0}
    assert summary.items() >= {**expected, "seconds": 2.0}.items()
    assert "2 people in 2.0 s: 1 no mask, 1 mask" in done.stderr


def test_workers_make_no_difference(clip: Path, tmp_path: Path) -> None:
    said = []
    for workers in ([], ["--workers", 2]):
        out = tmp_path / f"{len(workers)}.csv"
        done = detect(clip, "--out", out, *workers, cwd=tmp_path)
        assert done.returncode == 0
        said.append((done.stdout, out.read_text()))
    assert said[0] == said[1]
    rows = list(csv.DictReader(said[0][1].splitlines()))
    assert {row["person"] for row in rows} == {"1", "2"}


def test_a_copy_shows_every_frame_with_answers(clip: Path, tmp_path: Path) -> None:
    done = detect(clip, "--save", tmp_path / "copies", "--out", tmp_path / "a.json", cwd=tmp_path)
    assert done.returncode == 0
    with Video.open(str(tmp_path / "copies" / "door.mp4.answer.mp4")) as video:
        copied = [frame.read_rgb() for frame in video]
    assert len(copied) == 50
    with Video.open(str(clip)) as video:
        originals = [frame.read_rgb() for frame in video]
    factor = copied[0].shape[0] // originals[0].shape[0]
    for original, copy in zip(originals, copied, strict=True):
        changed = np.abs(copy[::factor, ::factor].astype(int) - original).max(axis=2) > 60
        assert changed.any()  # boxes are on every frame, looked at or not
    (seen,) = json.loads((tmp_path / "a.json").read_text())["videos"]
    assert len(seen["people"]) == 2


def test_in_a_blurred_copy_no_face_shows_in_any_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("maskwise.outputs.draw.draw", lambda image_rgb, _: image_rgb)
    noise = np.random.default_rng(0).integers(0, 255, (60, 500, 3), np.uint8)
    written: list[NDArray[np.uint8]] = []
    film = SimpleNamespace(add=lambda image_rgb, _: written.append(image_rgb))
    copy = _Copy(cast(Film, film), is_blurred=True)
    frames = [Frame(index, index / 25, lambda: noise) for index in range(9)]
    # One face is found by both looks, one by the first alone, one by the second alone.
    people = People()
    for look_at, faces in ((0, look((0, 1), (100, 1))), (8, look((2, 1), (300, 1)))):
        for frame in frames[len(written) : look_at + 1]:
            copy.pass_by(frame)
        answered = people.update(faces, frames[look_at].time_s)
        copy.take(Look(frames[look_at], faces, answered))
    assert len(written) == 9
    assert noise[10:30, 210:230].std() > 60
    for image_rgb in written:
        assert image_rgb[10:30, 210:230].std() > 60
        assert image_rgb[10:30, 10:30].std() < 40
    for image_rgb in written[1:]:
        assert image_rgb[10:30, 110:130].std() < 40
        assert image_rgb[10:30, 310:330].std() < 40


def test_one_bad_video_costs_only_itself(clip: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.mp4").write_bytes(b"no video at all")
    write_clip(tmp_path / "empty.mp4", grey(10))
    done = detect(clip, "bad.mp4", "empty.mp4", cwd=tmp_path)
    assert done.returncode == 1
    assert "maskwise: bad.mp4: invalid data" in done.stderr
    assert "Traceback" not in done.stderr
    *_, empty, total = lines(done)
    assert (empty["source"], empty["people"], empty["compliance"]) == ("empty.mp4", 0, None)
    assert (total["videos"], total["people"]) == (3, 2)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--resume"],
        ["--box", "1,2,3,4"],
        ["--out", "a.jsonl"],
        ["--blur"],
        ["b.jpg"],
        ["--workers", "0"],
    ],
    ids=" ".join,
)
def test_what_makes_no_sense_for_videos_is_refused_in_a_line(
    clip: Path, tmp_path: Path, arguments: list[str]
) -> None:
    done = detect(clip, *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_odd_survives(clip: Path, tmp_path: Path) -> None:
    name = "=a\n\udce9.mp4"
    (tmp_path / name).write_bytes(clip.read_bytes())
    done = detect(name, cwd=tmp_path)
    assert done.returncode == 0
    assert {line["source"] for line in lines(done)} == {name}
    assert "\n\n" not in done.stderr


def test_nothing_is_written_that_was_not_asked_for(clip: Path, tmp_path: Path) -> None:
    done = detect(clip, cwd=tmp_path)
    assert done.returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_a_stream_that_is_not_there_is_told_without_its_password(tmp_path: Path) -> None:
    done = detect("rtsp://me:hunter2@127.0.0.1:9/door", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr == "maskwise: rtsp://127.0.0.1:9/door: connection refused.\n"


def test_tracking_by_the_api_gives_frames_and_people(clip: Path) -> None:
    detector = MaskDetector.load(mode="fast")
    looks = list(detector.track(clip, looks_per_s=5))
    assert len(looks) == 10
    image_rgb, faces = looks[-1]
    assert image_rgb.shape == (288, 512, 3)
    assert faces.track_id is not None
    assert sorted(faces.label.tolist()) == [0, 1]
    assert sorted(faces.track_id.tolist()) == [1, 2]


def test_a_camera_ends_with_ctrl_c_and_tells_what_was_seen(tmp_path: Path) -> None:
    pictures = [encode_image(image_rgb, format="jpeg") for image_rgb in walking(50, [1])]
    with FakeCamera(pictures=pictures) as fake:
        process = subprocess.Popen(
            [*DETECT, fake.url, "--allow-url", "--out", "a.csv"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
        )
        while not fake.n_connections:
            time.sleep(0.05)
        time.sleep(2)
        process.send_signal(signal.SIGINT)
        said, complained = process.communicate(timeout=30)
    assert process.returncode == 130
    assert json.loads(said.splitlines()[-1])["people"] >= 1
    assert "hunter2" not in said + complained + (tmp_path / "a.csv").read_text()


def test_a_camera_that_is_lost_tells_what_was_seen(tmp_path: Path) -> None:
    pictures = [encode_image(image_rgb, format="jpeg") for image_rgb in walking(50, [1])]
    with FakeCamera("closed", pictures=pictures) as fake:
        done = detect(fake.url, "--allow-url", cwd=tmp_path)
    assert done.returncode == 1
    assert "live.mjpeg: the stream " in done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["people"] <= 1
