"""A video gives its frames upright, in order and with their time, or one clear line."""

import struct
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest

from clips import grey, write_clip
from fake_rtsp import FakeRtsp
from maskwise.errors import InvalidInput, UnreadableVideo
from maskwise.sources import video as video_module
from maskwise.sources.video import Address, Video, is_video


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.mp4", "mpeg4"), ("a.mkv", "libx264"), ("a.avi", "mjpeg"), ("a.gif", "gif")],
)
def test_frames_come_in_order_with_their_time(tmp_path: Path, name: str, codec: str) -> None:
    with Video.open(str(write_clip(tmp_path / name, grey(10), codec=codec))) as video:
        frames = [(frame.index, frame.time_s, frame.read_rgb()) for frame in video]
    assert [index for index, _, _ in frames] == list(range(10))
    assert [time_s for _, time_s, _ in frames] == pytest.approx(np.arange(10) / 25, abs=0.006)
    means = [image_rgb.mean() for _, _, image_rgb in frames]
    assert means == pytest.approx([20 + 4 * index for index in range(10)], abs=14)
    assert np.all(np.diff(means) >= 0)
    assert frames[0][2].shape == (64, 96, 3)
    assert frames[0][2].dtype == np.uint8


def test_a_video_says_what_it_is(tmp_path: Path) -> None:
    with Video.open(str(write_clip(tmp_path / "a.mp4", grey(10), fps=10))) as video:
        assert (video.size_hw, video.fps, video.n_frames) == ((64, 96), 10, 10)


def test_a_video_of_a_phone_held_upright_stands_upright(tmp_path: Path) -> None:
    lower = np.zeros((64, 96, 3), np.uint8)
    lower[:32] = 200  # bright above
    content = bytearray(write_clip(tmp_path / "a.mp4", [lower] * 3).read_bytes())
    place = content.index(b"tkhd") + 44  # of the matrix: a quarter turn to the right
    turn = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 64 << 16, 0, 1 << 30)
    content[place : place + 36] = turn
    (tmp_path / "b.mp4").write_bytes(content)
    with Video.open(str(tmp_path / "b.mp4")) as video:
        image_rgb = next(iter(video)).read_rgb()
    assert image_rgb.shape == (96, 64, 3)
    assert image_rgb[:, 40:].mean() > 150 > 50 > image_rgb[:, :24].mean()


def test_the_end_of_a_file_is_no_error_and_what_is_cut_off_is_counted(tmp_path: Path) -> None:
    whole = write_clip(tmp_path / "a.mkv", grey(50), codec="mjpeg").read_bytes()
    (tmp_path / "b.mkv").write_bytes(whole[: len(whole) * 2 // 3])
    with Video.open(str(tmp_path / "b.mkv")) as video:
        n = sum(1 for _ in video)
    assert 20 < n < 50


def test_a_damaged_piece_costs_only_itself(tmp_path: Path) -> None:
    content = bytearray(write_clip(tmp_path / "a.avi", grey(50), codec="png").read_bytes())
    start = content.index(b"\x89PNG", len(content) // 2)
    content[start : start + 40] = bytes(40)
    (tmp_path / "b.avi").write_bytes(content)
    with Video.open(str(tmp_path / "b.avi")) as video:
        assert 47 <= sum(1 for _ in video) < 50  # what is decoded beside it may be lost, too
        assert video.n_broken == 1


@pytest.mark.parametrize(
    ("told", "times"),
    [
        ([0.0, 0.1, 0.2], [0.0, 0.1, 0.2]),
        ([5.0, 5.1, 5.2], [0.0, 0.1, 0.2]),
        ([0.0, 0.1, -7.0, -6.9], [0.0, 0.1, 0.14, 0.24]),
        ([0.0, 0.0, 0.0], [0.0, 0.04, 0.08]),
        ([None, None, None], [0.0, 0.04, 0.08]),
        ([0.0, 9999.0, 9999.1], [0.0, 0.04, 0.14]),
    ],
    ids=["right", "begun late", "going back", "standing", "none", "a leap"],
)
def test_time_grows_whatever_a_file_says(told: list[float | None], times: list[float]) -> None:
    clock = video_module._Clock(25, is_live=False)
    assert [clock.next_s(each) for each in told] == pytest.approx(times)


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "invalid data"), (b"no video" * 100, "invalid data"), (b"\x89PNG\r\n\x1a\n", "")],
)
def test_what_is_no_video_is_refused_in_one_line(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    (tmp_path / "a.mp4").write_bytes(content)
    with (
        pytest.raises(UnreadableVideo, match=rf"a\.mp4: .*{reason}") as refused,
        Video.open(str(tmp_path / "a.mp4")) as video,
    ):
        list(video)
    assert "\n" not in str(refused.value)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableVideo, match="there is no such file"):
        Video.open(str(tmp_path / "a.mp4"))
    with pytest.raises(UnreadableVideo, match="it is no file"):
        Video.open(str(tmp_path))


def test_sound_alone_shows_nothing(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        silence = np.zeros((1, 1024), np.float32)
        frame = av.AudioFrame.from_ndarray(silence, format="fltp", layout="mono")
        frame.sample_rate = 8000
        frame.time_base = Fraction(1, 8000)
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(UnreadableVideo, match="it shows nothing"):
        Video.open(str(tmp_path / "a.mp4"))


def test_frames_that_are_too_large_are_refused_before_they_are_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video_module, "MAX_PIXELS", 1000)
    with pytest.raises(UnreadableVideo, match="96x64"):
        Video.open(str(write_clip(tmp_path / "a.mp4", grey(2))))


def test_a_file_cannot_name_another_one(tmp_path: Path) -> None:
    secret = write_clip(tmp_path / "secret.mp4", grey(3))
    (tmp_path / "a.mp4").write_text(f"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/{secret.name}\n")
    with pytest.raises(UnreadableVideo), Video.open(str(tmp_path / "a.mp4")) as video:
        list(video)


@pytest.mark.parametrize(
    "text",
    ["camera:", "camera:x", "camera:-1", "ftp://a/b", "rtsp://", "rtsp://a b/", "rtsp://h:99999/"],
)
def test_addresses_without_sense_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        Address.parse(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rtsp://admin:hunter2@door.lan:554/live?token=hunter2", "rtsp://door.lan:554/live?..."),
        ("http://admin:hunter2@[::1]/a.mjpeg", "http://[::1]/a.mjpeg"),
        ("camera:0", "camera:0"),
    ],
)
def test_what_is_shown_of_an_address_is_no_secret(text: str, shown: str) -> None:
    address = Address.parse(text)
    assert (address.shown, address.is_live) == (shown, True)
    with pytest.raises(UnreadableVideo) as refused:
        Video.open(address, timeout_s=0.5)
    assert "hunter2" not in str(refused.value)


def test_a_name_with_a_colon_is_a_file(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "12:30.mp4", grey(2))
    with Video.open(str(path)) as video:
        assert len(list(video)) == 2
    assert not Address.parse(str(path)).is_live


@pytest.mark.parametrize(
    "text", ["a.mp4", "A.MOV", "camera:0", "rtsp://a/b", "https://a/b.mp4?x=1"]
)
def test_videos_are_known_by_name(text: str) -> None:
    assert is_video(text)


@pytest.mark.parametrize("text", ["a.jpg", "mp4", "https://a/b.jpg?x=.mp4", "-", "photos"])
def test_other_things_are_no_videos(text: str) -> None:
    assert not is_video(text)


def test_a_camera_that_speaks_rtsp_is_read_with_its_password() -> None:
    with FakeRtsp() as fake, Video.open(fake.url) as video:
        assert video.address.is_live
        frames = []
        for frame in video:
            frames.append(frame.read_rgb())
            if len(frames) == 10:
                break
    assert frames[0].shape == (120, 160, 3)
    assert np.all(np.diff([frame.mean() for frame in frames]) > 0)


def test_a_wrong_password_is_told_and_not_shown() -> None:
    with FakeRtsp() as fake:
        url = fake.url.replace("hunter2", "hunter3")
        with pytest.raises(UnreadableVideo, match="authorization failed") as refused:
            Video.open(url)
    assert "hunter" not in str(refused.value)


@pytest.mark.parametrize(
    ("told", "fps"), [(None, 25), (0, 25), (1e9, 25), (12.5, 12.5), (Fraction(30000, 1001), 29.97)]
)
def test_a_rate_that_makes_no_sense_is_not_believed(told: float | None, fps: float) -> None:
    stream = SimpleNamespace(
        codec_context=SimpleNamespace(height=64, width=96), average_rate=told, frames=0
    )
    container: Any = SimpleNamespace(streams=SimpleNamespace(video=[stream]))
    video = Video(Address.parse("a.mp4"), container)
    assert video.fps == pytest.approx(fps, abs=0.01)
    assert video.n_frames is None
