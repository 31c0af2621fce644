"""A film is whole and plays everywhere, or is not there."""

from pathlib import Path

import av
import numpy as np
import pytest

from clips import grey
from maskwise.errors import OutputFailed
from maskwise.outputs.film import filming
from maskwise.sources.video import Video


def test_a_film_holds_what_was_added_at_its_times_and_no_sound(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.mp4"
    with filming(path, 25) as film:
        for index, image_rgb in enumerate(grey(20)):
            film.add(image_rgb, index / 25)
    with Video.open(str(path)) as video:
        frames = [(frame.time_s, frame.read_rgb().mean()) for frame in video]
    assert [time_s for time_s, _ in frames] == pytest.approx(np.arange(20) / 25, abs=1e-3)
    assert [mean for _, mean in frames] == pytest.approx(20 + 4 * np.arange(20), abs=4)
    with av.open(str(path)) as container:
        assert [stream.type for stream in container.streams] == ["video"]
        assert container.streams.video[0].codec_context.pix_fmt == "yuv420p"


def test_sizes_that_are_odd_or_change_are_made_to_fit(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with filming(path, 25) as film:
        for index, size_hw in enumerate([(65, 97), (64, 96), (130, 200), (1, 1)]):
            film.add(np.full((*size_hw, 3), 90, np.uint8), index / 25)
    with Video.open(str(path)) as video:
        assert [frame.read_rgb().shape for frame in video] == [(64, 96, 3)] * 4


def test_what_goes_wrong_leaves_nothing_behind(tmp_path: Path) -> None:
    def begin_and_fail() -> None:
        with filming(tmp_path / "a.mp4", 25) as film:
            film.add(next(grey(1)), 0.0)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        begin_and_fail()
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    with pytest.raises(OutputFailed, match=r"b\.mp4|a: "), filming(tmp_path / "a" / "b.mp4", 25):
        pass
