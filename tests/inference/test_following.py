"""People in a video are the same for any number of workers, and looked at as often as asked."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import workers
from clips import grey, write_clip
from maskwise.errors import InvalidInput
from maskwise.inference.following import Look, due, follow
from maskwise.sources.video import Frame, Video
from maskwise.tracking.people import People


def frames(n: int, *, fps: float = 25) -> Iterator[Frame]:
    for index, image_rgb in enumerate(grey(n)):
        yield Frame(index, index / fps, partial(np.asarray, image_rgb))


def looked_at(n: int, *, fps: float, looks_per_s: float | None) -> list[int]:
    return [frame.index for frame in due(frames(n, fps=fps), looks_per_s)]


def test_frames_are_looked_at_evenly() -> None:
    assert looked_at(25, fps=25, looks_per_s=10) == [0, 3, 5, 8, 10, 13, 15, 18, 20, 23]
    assert looked_at(30, fps=30, looks_per_s=10) == list(range(0, 30, 3))
    assert looked_at(10, fps=5, looks_per_s=10) == list(range(10))
    assert looked_at(10, fps=25, looks_per_s=None) == list(range(10))


@pytest.mark.parametrize("looks_per_s", [0, -1, float("nan")])
def test_no_looks_make_no_sense(looks_per_s: float) -> None:
    with pytest.raises(InvalidInput, match="looks_per_s"):
        looked_at(3, fps=25, looks_per_s=looks_per_s)


def test_any_number_of_workers_sees_the_same(tmp_path: Path) -> None:
    path = str(write_clip(tmp_path / "a.mp4", grey(50)))

    def see(n_workers: int | None) -> list[Look]:
        with Video.open(path) as video:
            return list(follow(due(video, 10), workers.load, People(), workers=n_workers))

    alone = see(None)
    assert [look.frame.index for look in alone][:3] == [0, 3, 5]
    for n_workers in (1, 2):
        for one, other in zip(alone, see(n_workers), strict=True):
            assert one.frame.index == other.frame.index
            assert np.array_equal(one.faces.probability, other.faces.probability)
            assert np.array_equal(one.faces.label, other.faces.label)
            assert one.faces.to_dicts() == other.faces.to_dicts()


def test_a_frame_that_kills_its_process_costs_only_itself() -> None:
    def deadly() -> Iterator[Frame]:
        for frame in frames(6):
            if frame.index == 3:
                yield Frame(3, frame.time_s, lambda: np.zeros((7, 7, 3), np.uint8))
            else:
                yield frame

    looks = list(follow(deadly(), workers.load_mortal, People(), workers=1))
    assert [look.frame.index for look in looks] == [0, 1, 2, 4, 5]
