"""What people name becomes a list of videos, or is left to pictures."""

from pathlib import Path

import pytest

from maskwise.errors import InvalidInput
from maskwise.sources.videos import find_videos
from pictures import draw_picture


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    for name in ("b10.mp4", "b9.MP4", ".hidden.mp4", "notes.txt"):
        (tmp_path / name).touch()
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "a.gif").touch()
    return tmp_path


def names(*named: str | Path) -> list[str]:
    return [Path(address.text).name for address in find_videos([str(one) for one in named])]


def test_a_folder_of_videos_is_listed_in_natural_order(clips: Path) -> None:
    assert names(clips) == ["b9.MP4", "b10.mp4", "a.gif"]


def test_a_folder_with_pictures_is_left_to_them(clips: Path) -> None:
    draw_picture(0, masked=True).save(clips / "a.png")
    assert names(clips) == []


def test_patterns_name_videos(clips: Path) -> None:
    assert names(clips / "*.mp4") == [".hidden.mp4", "b10.mp4"]
    with pytest.raises(InvalidInput, match="matches none"):
        names(clips / "c*.mp4")


def test_each_is_taken_as_it_is_named(clips: Path) -> None:
    assert names("camera:1", clips / "missing.mp4", clips / "b10.mp4") == [
        "camera:1",
        "missing.mp4",
        "b10.mp4",
    ]


def test_pictures_and_videos_do_not_go_together(clips: Path) -> None:
    with pytest.raises(InvalidInput, match=r"a\.jpg"):
        names(clips / "b10.mp4", "a.jpg")


def test_a_url_is_only_opened_if_that_is_allowed() -> None:
    with pytest.raises(InvalidInput, match="--allow-url") as refused:
        find_videos(["http://u:hunter2@a.lan/b.mp4"])
    assert "hunter2" not in str(refused.value)
    assert find_videos(["http://a.lan/b.mp4"], allow_url=True)[0].is_live
    assert find_videos(["rtsp://a.lan/b"])[0].is_live
