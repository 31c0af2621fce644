"""A camera comes back after whatever happens, and never hands over what is old."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest

from clips import grey, write_clip
from fake_camera import FakeCamera, Fault
from maskwise.errors import UnreadableVideo
from maskwise.sources.video import Address
from maskwise.streams import camera as camera_module
from maskwise.streams.camera import STALE_S, Camera, State
from maskwise.streams.reader import Latest


@contextmanager
def watching(address: str, *, fps: float = 25) -> Iterator[tuple[Camera, list[tuple[State, str]]]]:
    states: list[tuple[State, str]] = []
    camera = Camera(
        "door",
        Address.parse(address),
        fps=fps,
        on_state=lambda _, state, reason: states.append((state, reason)),
    )
    try:
        yield camera, states
    finally:
        camera.close()


def wait_for(what: Callable[[], object], within_s: float) -> float:
    """How long it takes until something is so; fails if it is not within that time."""
    began_s = time.monotonic()
    while not what():
        assert time.monotonic() - began_s < within_s, "it did not come true"
        time.sleep(0.01)
    return time.monotonic() - began_s


def frames_within(camera: Camera, seconds: float) -> list[Latest]:
    until_s = time.monotonic() + seconds
    frames = []
    while time.monotonic() < until_s:
        latest = camera.take()
        if latest is not None:
            frames.append(latest)
        time.sleep(0.002)
    return frames


def test_frames_are_fresh_and_no_more_than_wanted() -> None:
    with FakeCamera(fps=50) as fake, watching(fake.url, fps=10) as (camera, states):
        wait_for(lambda: camera.health.state == "online", 10)
        frames = frames_within(camera, 2)
        assert 14 <= len(frames) <= 22
        assert max(frame.age_s for frame in frames[-3:]) < 1
        assert frames[0].image_rgb.shape == (120, 160, 3)
        assert states == [("online", "")]


def test_who_comes_late_gets_the_latest_frame_and_no_older_ones() -> None:
    with FakeCamera(fps=25) as fake, watching(fake.url) as (camera, _):
        wait_for(lambda: camera.health.n_frames > 0, 10)
        time.sleep(1.5)
        latest = camera.take()
        assert latest is not None
        assert latest.age_s < 0.3
        assert camera.health.n_dropped >= 20


@pytest.mark.parametrize("fault", ["refused", "silent", "stalled", "closed"])
def test_a_loss_is_told_and_what_returns_is_back(fault: Fault) -> None:
    with FakeCamera() as fake, watching(fake.url) as (camera, states):
        wait_for(lambda: camera.health.state == "online", 10)
        fake.become(fault)
        assert wait_for(lambda: camera.health.state == "offline", 20) < 20
        n_frames = camera.health.n_frames
        fake.become("none")
        assert wait_for(lambda: camera.health.state == "online", 15) < 15
        wait_for(lambda: camera.health.n_frames > n_frames + 5, 5)
        assert [state for state, _ in states if state != "stalled"] == [
            *("online", "offline", "online"),
        ]
        assert not any("hunter2" in reason for _, reason in states)


def test_a_frame_that_never_ends_costs_only_its_reader() -> None:
    with FakeCamera("endless") as fake, watching(fake.url) as (camera, _):
        assert wait_for(lambda: camera.health.state == "offline", 20) < 20
        fake.become("none")
        assert wait_for(lambda: camera.health.state == "online", 15) < 15


def test_a_camera_that_was_never_there_is_offline() -> None:
    with FakeCamera("refused") as fake, watching(fake.url) as (camera, states):
        wait_for(lambda: camera.health.state == "offline", 10)
        assert states[0][1].endswith("connection refused.")
        assert camera.take() is None


def test_a_stream_may_change_its_size() -> None:
    with FakeCamera("resized") as fake, watching(fake.url) as (camera, _):
        sizes: set[tuple[int, ...]] = set()
        until_s = time.monotonic() + 15
        while len(sizes) < 2 and time.monotonic() < until_s:
            sizes |= {frame.image_rgb.shape for frame in frames_within(camera, 0.5)}
        assert sizes == {(120, 160, 3), (200, 320, 3)}


def test_corrupt_frames_cost_only_themselves() -> None:
    with FakeCamera("corrupt") as fake, watching(fake.url) as (camera, _):
        wait_for(lambda: camera.health.n_frames > 20, 15)


def test_nothing_stale_is_handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeCamera("stalled") as fake, watching(fake.url) as (camera, _):
        wait_for(lambda: camera.health.n_frames >= 5, 10)
        time.sleep(STALE_S + 1)
        assert camera.take() is None


def test_a_file_is_played_at_its_pace_and_ends(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", grey(25))
    with watching(str(path)) as (camera, states):
        wait_for(lambda: camera.health.state == "online", 10)
        frames = frames_within(camera, 1.5)
        assert [state for state, _ in states] == ["online", "ended"]
        assert len(frames) >= 10
        assert np.all(np.diff([frame.image_rgb.mean() for frame in frames]) > -3)


def test_a_reader_that_is_killed_is_replaced() -> None:
    with FakeCamera() as fake, watching(fake.url) as (camera, states):
        wait_for(lambda: camera.health.state == "online", 10)
        (reader,) = [pid for pid in children() if "spawn_main" in command_of(pid)]
        os.kill(reader, 9)
        wait_for(lambda: ("online", "") in states[1:], 15)
        assert any("died" in reason for _, reason in states)


def test_a_reader_that_stands_still_is_replaced() -> None:
    with FakeCamera() as fake, watching(fake.url) as (camera, states):
        wait_for(lambda: camera.health.state == "online", 10)
        (reader,) = [pid for pid in children() if "spawn_main" in command_of(pid)]
        os.kill(reader, signal.SIGSTOP)

        def is_offline() -> bool:
            camera.free_if_stuck()  # as whoever watches does: it may be within a frame
            return camera.health.state == "offline"

        wait_for(is_offline, 30)
        wait_for(lambda: camera.health.state == "online", 15)
        told = [state for state, _ in states if state != "stalled"]
        assert told == ["online", "offline", "online"]


class StuckReader:
    """Has begun to hand a frame over, and never ends until it is killed."""

    n_made = 0

    def __init__(self, *_: object, **__: object) -> None:
        StuckReader.n_made += 1
        self._killed = Event()

    def __enter__(self) -> "StuckReader":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def kill(self) -> None:
        self._killed.set()

    def take(self, _: float) -> None:
        self._killed.wait()
        raise UnreadableVideo("it died")


def test_a_reader_that_stands_still_within_a_frame_is_killed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    StuckReader.n_made = 0
    monkeypatch.setattr(camera_module, "Reader", StuckReader)
    monkeypatch.setattr(camera_module, "_STUCK_AFTER_S", 0.3)
    monkeypatch.setattr(camera_module, "_PAUSES_S", (0.01,))
    with watching("camera:0") as (camera, _):
        camera.free_if_stuck()
        time.sleep(0.2)
        assert StuckReader.n_made == 1  # not yet
        until_s = time.monotonic() + 10
        while StuckReader.n_made < 3 and time.monotonic() < until_s:
            camera.free_if_stuck()
            time.sleep(0.02)
        assert StuckReader.n_made >= 3
        monkeypatch.setattr(StuckReader, "take", lambda *_: time.sleep(0.01))
        camera.free_if_stuck()
        time.sleep(0.4)
        camera.free_if_stuck()


def test_a_reader_that_stands_still_within_a_frame_keeps_nobody_from_leaving(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    StuckReader.n_made = 0
    monkeypatch.setattr(camera_module, "Reader", StuckReader)
    camera = Camera("door", Address.parse("camera:0"), fps=25)
    wait_for(lambda: StuckReader.n_made == 1, 10)
    time.sleep(0.1)
    leaving = Thread(target=camera.close, daemon=True)
    leaving.start()
    leaving.join(10)
    assert not leaving.is_alive()


def test_a_process_that_cannot_be_started_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    n_tried = []

    def no_reader(*_: object, **__: object) -> None:
        n_tried.append(1)
        raise OSError("too many processes")

    monkeypatch.setattr(camera_module, "Reader", no_reader)
    monkeypatch.setattr(camera_module, "_PAUSES_S", (0.01,))
    with watching("camera:0") as (camera, states):
        wait_for(lambda: len(n_tried) >= 3, 10)
        assert states == [("offline", "too many processes")]
        assert camera.health.n_lost >= 2


def test_fifty_losses_leave_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera_module, "_PAUSES_S", (0.01,))
    with FakeCamera() as fake, watching(fake.url) as (camera, _):
        wait_for(lambda: camera.health.state == "online", 10)
        before = n_open_files()
        for _ in range(50):
            n_lost = camera.health.n_lost
            fake.cut_off()
            wait_for(partial(lambda n: camera.health.n_lost > n, n_lost), 10)
            n_frames = camera.health.n_frames
            wait_for(partial(lambda n: camera.health.n_frames > n, n_frames), 10)
        assert len(children()) <= 2  # one that reads, and what multiprocessing keeps
        assert n_open_files() <= before + 3


def n_open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def children() -> list[int]:
    """The processes that this one has started."""
    mine = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError):
                continue
            if parent == os.getpid():
                mine.append(int(entry.name))
    return mine


def command_of(pid: int) -> str:
    return (Path("/proc") / str(pid) / "cmdline").read_text()
