"""Whoever is slow gets the newest frame, never a queue of old ones."""

import time
from collections.abc import Iterator
from threading import active_count

import numpy as np
import pytest

from maskwise.errors import UnreadableVideo
from maskwise.sources.latest import latest
from maskwise.sources.video import Frame


def camera(n: int, *, fps: float) -> Iterator[Frame]:
    for index in range(n):
        yield Frame(index, index / fps, lambda: np.zeros((2, 2, 3), np.uint8))
        time.sleep(1 / fps)


def test_who_is_slower_gets_the_newest() -> None:
    with latest(camera(100, fps=100)) as frames:
        began_s = time.monotonic()
        for frame in frames:
            assert time.monotonic() - began_s - frame.time_s < 0.6
            time.sleep(0.2)
            if frame.index > 60:
                break


def test_who_is_faster_gets_every_frame() -> None:
    with latest(camera(10, fps=50)) as frames:
        assert [frame.index for frame in frames] == list(range(10))


def test_what_goes_wrong_is_raised_where_frames_are_taken() -> None:
    def lost() -> Iterator[Frame]:
        yield from camera(2, fps=50)
        raise UnreadableVideo("door: the stream has ended.")

    with latest(lost()) as frames:
        assert next(frames).index == 0
        with pytest.raises(UnreadableVideo, match="door"):
            list(frames)


def test_it_ends_when_nobody_wants_more() -> None:
    n_before = active_count()
    with latest(camera(1000, fps=100)) as frames:
        next(frames)
    assert active_count() == n_before
