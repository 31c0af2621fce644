"""Many cameras are watched by one process, and one that is dead costs the others nothing."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event as Signal
from threading import Thread

import numpy as np
import pytest
from numpy.typing import NDArray

from clips import walking, write_clip
from fake_camera import FakeCamera, jpeg
from maskwise.faces.whole import WholePicture
from maskwise.inference.classifier import MaskClassifier
from maskwise.inference.pipeline import MaskDetector
from maskwise.preprocess import PreprocessSpec
from maskwise.results import Faces
from maskwise.streams import watch as watch_module
from maskwise.streams.config import WatchConfig, read_config
from maskwise.streams.event import Event
from maskwise.streams.watch import Watch
from workers import Brightness, load

CLIP_S = 3


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people, one of them with a mask."""
    path = tmp_path_factory.mktemp("clips") / "door.mp4"
    return write_clip(path, walking(CLIP_S * 25, [0, 1]), codec="libx264")


def configured(folder: Path, text: str) -> WatchConfig:
    (folder / "watch.toml").write_text(text)
    return read_config(folder / "watch.toml")


@contextmanager
def running(watch: Watch) -> Iterator[Thread]:
    stop = Signal()
    thread = Thread(target=watch.run, args=(stop,))
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()


def wait_for(what: Callable[[], object], within_s: float = 20) -> None:
    until_s = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < until_s, "it did not come true"
        time.sleep(0.02)


def test_what_happens_is_told_and_nothing_with_a_face_is_written(
    clip: Path, tmp_path: Path
) -> None:
    config = configured(
        tmp_path,
        f'[cameras.door]\naddress = "{clip}"\nfps = 10\n'
        '[[sinks]]\nkind = "lines"\npath = "all.jsonl"\n'
        '[[sinks]]\nkind = "lines"\npath = "bare.jsonl"\nevents = ["person_without_mask"]\n',
    )
    watch = Watch(config, MaskDetector.load(mode="fast"))
    with running(watch) as thread:
        thread.join(30)  # a file ends, and with the last one the watch
        assert not thread.is_alive()
    events = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text().splitlines()]
    told = [(event["event"], event.get("state") or event.get("label")) for event in events]
    assert sorted(told) == [
        ("camera_state", "ended"),
        ("camera_state", "online"),
        ("person_with_mask", "with_mask"),
        ("person_without_mask", "without_mask"),
    ]
    (bare,) = (tmp_path / "bare.jsonl").read_text().splitlines()
    assert json.loads(bare)["event"] == "person_without_mask"
    assert {path.name for path in tmp_path.iterdir()} == {"watch.toml", "all.jsonl", "bare.jsonl"}


def test_a_dead_camera_costs_the_others_nothing(tmp_path: Path) -> None:
    with FakeCamera(fps=20) as good, FakeCamera("silent") as dead:
        text = "".join(
            f'[cameras.c{number}]\naddress = "{camera.url}"\nfps = 10\n'
            for number, camera in enumerate([good, good, good, dead])
        )
        events: list[Event] = []
        watch = Watch(configured(tmp_path, text), load(), events.append)
        with running(watch):
            alive = [watch.posts[f"c{number}"] for number in range(3)]
            wait_for(lambda: all(post.n_looks > 5 for post in alive))
            before = [post.n_looks for post in alive]
            time.sleep(3)
            rates = [(post.n_looks - n) / 3 for post, n in zip(alive, before, strict=True)]
            assert min(rates) >= 8.5
            assert watch.posts["c3"].n_looks == 0
            wait_for(lambda: any(e.data.get("state") == "offline" for e in events))
        assert "hunter2" not in json.dumps([event.to_dict() for event in events])


def test_a_frame_that_the_detector_fails_on_costs_only_itself(tmp_path: Path) -> None:
    class Picky(WholePicture):
        def __call__(self, image_rgb: NDArray[np.uint8]) -> Faces:
            if image_rgb.shape[0] == 200:
                raise RuntimeError
            return super().__call__(image_rgb)

    detector = MaskDetector(
        Picky(), MaskClassifier(Brightness(), PreprocessSpec(size_hw=(8, 8)), n_classes=2)
    )
    with FakeCamera() as good, FakeCamera(pictures=[jpeg(0, (320, 200))]) as bad:
        text = f'[cameras.good]\naddress = "{good.url}"\n[cameras.bad]\naddress = "{bad.url}"\n'
        watch = Watch(configured(tmp_path, text), detector)
        with running(watch):
            wait_for(lambda: watch.troubles == ["bad: the detector failed (RuntimeError)"])
            n_looks = watch.posts["good"].n_looks
            wait_for(lambda: watch.posts["good"].n_looks > n_looks + 5)


def test_a_clock_that_leaps_changes_nothing_but_what_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeCamera() as fake:
        events: list[Event] = []
        watch = Watch(
            configured(tmp_path, f'[cameras.a]\naddress = "{fake.url}"\n'), load(), events.append
        )
        with running(watch):
            for leap_s in (86_400 * 400, -86_400 * 400):
                now_s = time.time()
                monkeypatch.setattr(time, "time", partial(float, now_s + leap_s))
                n_looks = watch.posts["a"].n_looks
                wait_for(partial(lambda n: watch.posts["a"].n_looks > n + 5, n_looks))
                monkeypatch.undo()
    states = [event.data["state"] for event in events if event.kind == "camera_state"]
    assert states == ["online"]
    assert not [event for event in events if event.kind == "compliance"]


def test_too_many_frames_are_asked_for_less_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_module, "_PACING_S", 0.5)

    class Slow(Brightness):
        def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
            time.sleep(0.3)
            return super().run(batch)

    detector = MaskDetector(
        WholePicture(), MaskClassifier(Slow(), PreprocessSpec(size_hw=(8, 8)), n_classes=2)
    )
    with FakeCamera(fps=30) as fake:
        config = configured(tmp_path, f'[cameras.a]\naddress = "{fake.url}"\nfps = 20\n')
        watch = Watch(config, detector)
        with running(watch):
            wait_for(lambda: watch.pace < 0.4)
            wait_for(lambda: watch.posts["a"].n_looks > 10)
            assert watch.posts["a"].delay_s < 1.0  # nothing is queued


def test_a_changed_configuration_leaves_alone_what_is_the_same(tmp_path: Path) -> None:
    with FakeCamera() as one, FakeCamera() as two:
        text = f'[cameras.a]\naddress = "{one.url}"\n[cameras.b]\naddress = "{two.url}"\n'
        watch = Watch(configured(tmp_path, text), load())
        with running(watch):
            wait_for(lambda: all(post.n_looks for post in watch.posts.values()))
            kept = watch.posts["a"]
            changed = (
                f'[cameras.a]\naddress = "{one.url}"\n'
                f'[cameras.c]\naddress = "{two.url}"\nfps = 2\n'
                '[[sinks]]\nkind = "lines"\npath = "a.jsonl"\n'
            )
            watch.change(configured(tmp_path, changed))
            assert watch.posts["a"] is kept
            assert list(watch.posts) == ["a", "c"]
            wait_for(lambda: watch.posts["c"].n_looks)
            wait_for(lambda: (tmp_path / "a.jsonl").exists())
            assert one.n_connections == 1


def test_out_of_hours_a_camera_is_not_even_connected_to(tmp_path: Path) -> None:
    never = "Mon 00:00-00:01" if time.localtime().tm_wday != 0 else "Wed 00:00-00:01"
    with FakeCamera() as fake:
        text = f'[cameras.a]\naddress = "{fake.url}"\nschedule = ["{never}"]\n'
        with running(Watch(configured(tmp_path, text), load())):
            time.sleep(2)
        assert fake.n_connections == 0


def test_faces_outside_of_the_zone_are_nobody(clip: Path, tmp_path: Path) -> None:
    zone = "[[0.0, 0.9], [1.0, 0.9], [1.0, 1.0]]"
    text = f'[cameras.door]\naddress = "{clip}"\nfps = 10\nzone = {zone}\n'
    events: list[Event] = []
    watch = Watch(configured(tmp_path, text), MaskDetector.load(mode="fast"), events.append)
    with running(watch) as thread:
        thread.join(30)
    assert {event.kind for event in events} == {"camera_state"}
