"""Video: frames, upright and with their time, of a file, a camera or a stream."""

import math
import os
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from maskwise.errors import InvalidInput, UnreadableVideo
from maskwise.extras import load
from maskwise.images import MAX_PIXELS
from maskwise.names import legible
from maskwise.sources.mode import mode_of
from maskwise.sources.url import is_url

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame

VIDEO_SUFFIXES: Final = frozenset(
    (
        *(".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".ts", ".mts"),
        *(".3gp", ".wmv", ".flv", ".ogv", ".gif", ".mjpeg"),
    )
)
"""What a file is called that is taken as a video."""

TIMEOUT_S: Final = 5.0
"""How long a stream may keep us waiting, for its beginning and for each frame."""

_CAMERA: Final = "camera:"
_SCHEMES: Final = ("rtsp", "rtsps", "http", "https")
_USUAL_FPS: Final = 25.0  # for a video that does not say, or says nonsense
_FASTEST_FPS: Final = 1000.0
_LONGEST_GAP_S: Final = 10.0  # more between two frames of a file is a mistake in its clock
_WEBCAMS: Final = {"linux": "v4l2", "darwin": "avfoundation", "win32": "dshow"}


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame of a video; its pixels are made only when they are asked for.

    Attributes:
        index: Counted from 0.
        time_s: Since the first frame; it grows from frame to frame.
        read_rgb: Gives the picture, upright, RGB uint8 `(h, w, 3)`.
    """

    index: int
    time_s: float
    read_rgb: Callable[[], NDArray[np.uint8]]


@dataclass(frozen=True, slots=True)
class Address:
    """Where a video comes from.

    Attributes:
        text: As it was named; it may hold a password.
        shown: What to call it, without anything that may be secret.
        is_live: Whether it is a camera or a stream, which does not end by itself.
    """

    text: str
    shown: str
    is_live: bool

    @property
    def source(self) -> str:
        """What programs are told: a file as it was named, else what can be shown."""
        return self.shown if self.is_live else self.text

    @classmethod
    def parse(cls, text: str) -> Self:
        """Tell what is meant: `camera:0`, an rtsp or http address, or else a file.

        Raises:
            InvalidInput: It makes no sense. The message shows nothing that may be secret.
        """
        if text.startswith(_CAMERA):
            number = text.removeprefix(_CAMERA)
            if not (number.isascii() and number.isdecimal()):
                raise InvalidInput(
                    "A camera of this machine is named by its number, as in camera:0. "
                    f"Received: {legible(text)!r}."
                )
            return cls(text, text, True)
        if not is_url(text):
            return cls(text, legible(text), False)
        try:
            parts = urlsplit(text)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise _nonsense() from error
        if parts.scheme.lower() not in _SCHEMES:
            raise InvalidInput(
                f"The address of a stream must begin with one of {', '.join(_SCHEMES)}. "
                f"Received: {parts.scheme!r}."
            )
        if not host or not text.isprintable() or " " in text:
            raise _nonsense()
        place = f"[{host}]" if ":" in host else host
        asked = "?..." if parts.query else ""
        shown = f"{parts.scheme}://{place}{f':{port}' if port else ''}{parts.path}{asked}"
        return cls(text, legible(shown), True)


def is_video(text: str) -> bool:
    """Whether what is named is taken as a video: by its address, or by the end of its name.

    >>> is_video("camera:0"), is_video("door.mp4"), is_video("rtsp://door/1"), is_video("a.jpg")
    (True, True, True, False)
    """
    if text.startswith((_CAMERA, "rtsp://", "rtsps://")):
        return True
    name = urlsplit(text).path if is_url(text) else text
    return Path(name).suffix.lower() in VIDEO_SUFFIXES


class Video:
    """An open video, whose frames are read once, in order; used as a context.

    Attributes:
        address: Where it comes from.
        size_hw: Of its frames, before they are turned upright.
        fps: Frames a second, as it says itself; if it does not, 25.
        n_frames: How many there are, as it says itself; None if it does not.
        n_broken: How many pieces could not be decoded so far.
    """

    def __init__(self, address: Address, container: "InputContainer") -> None:
        self.address = address
        self.n_broken = 0
        self._container = container
        self._stream = container.streams.video[0]
        context = self._stream.codec_context
        self.size_hw = (context.height, context.width)
        rate = float(self._stream.average_rate or 0)
        self.fps = rate if 0 < rate <= _FASTEST_FPS else _USUAL_FPS
        self.n_frames = self._stream.frames or None

    @classmethod
    def open(cls, named: str | Address, *, timeout_s: float = TIMEOUT_S) -> Self:
        """Open a video.

        Args:
            named: A file, `camera:0`, or an address of rtsp or http.
            timeout_s: How long a stream may keep us waiting, now and for each frame.

        Raises:
            InvalidInput: The name makes no sense.
            UnreadableVideo: It cannot be reached or read, or shows nothing.
            MissingExtra: PyAV is not installed.
        """
        address = named if isinstance(named, Address) else Address.parse(named)
        av = load("av", extra="video")
        if not address.is_live:
            _require_file(Path(address.text), address.shown)
        # What was recorded elsewhere may name other files or addresses: none of them is opened.
        place, format_name, options = _how_to_open(address)
        try:
            container: InputContainer = av.open(
                place,
                format=format_name,
                options=options,
                timeout=(timeout_s, timeout_s) if address.is_live else None,
            )
        except (av.error.FFmpegError, ValueError) as error:
            raise _unreadable(address, error) from error
        try:
            if not container.streams.video:
                raise UnreadableVideo(f"{address.shown}: it shows nothing, as it holds no video.")
            video = cls(address, container)
            _require_size(address, *video.size_hw)
        except BaseException:
            container.close()
            raise
        video._stream.thread_type = "AUTO"
        return video

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give up the file or the connection."""
        self._container.close()

    def __iter__(self) -> Iterator[Frame]:
        """The frames. A piece that cannot be decoded is counted and passed over.

        Raises:
            UnreadableVideo: A stream was lost, nothing of a file could be decoded, or a frame is
                too large.
        """
        clock = _Clock(self.fps, is_live=self.address.is_live)
        index = 0
        for frame in self._decoded():
            _require_size(self.address, frame.height, frame.width)
            yield Frame(index, clock.next_s(frame.time), partial(_upright_rgb, frame))
            index += 1
        if self.address.is_live:
            raise UnreadableVideo(f"{self.address.shown}: the stream has ended.")
        if not index:
            raise UnreadableVideo(f"{self.address.shown}: no frame of it could be decoded.")

    def _decoded(self) -> Iterator["VideoFrame"]:
        av = load("av", extra="video")
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except av.error.FFmpegError as error:
                if self.address.is_live:
                    raise _unreadable(self.address, error, "the stream was lost, ") from error
                self.n_broken += 1  # the rest of the file
                return
            if packet is None:
                return
            try:
                frames = packet.decode()
            except av.error.FFmpegError:
                self.n_broken += 1
                continue
            yield from frames


class _Clock:
    """The time of frames, which their file may tell wrongly or not at all."""

    def __init__(self, fps: float, *, is_live: bool) -> None:
        self._step_s = 1 / fps
        self._longest_gap_s = math.inf if is_live else _LONGEST_GAP_S
        self._told_s: float | None = None
        self._time_s = -self._step_s

    def next_s(self, told_s: float | None) -> float:
        """The time of the next frame, whose file or stream says that it is `told_s`."""
        step_s = self._step_s
        if told_s is not None and self._told_s is not None:
            told_step_s = told_s - self._told_s
            if 0 < told_step_s <= self._longest_gap_s:
                step_s = told_step_s
        self._told_s = told_s
        self._time_s += step_s
        return self._time_s


def _upright_rgb(frame: "VideoFrame") -> NDArray[np.uint8]:
    image_rgb = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
    return np.ascontiguousarray(np.rot90(image_rgb, round(frame.rotation / 90)))


def _how_to_open(address: Address) -> tuple[str, str | None, dict[str, str]]:
    if address.text.startswith(_CAMERA):
        number = address.text.removeprefix(_CAMERA)
        place = f"/dev/video{number}" if sys.platform == "linux" else number
        return place, _WEBCAMS.get(sys.platform), {}
    if not address.is_live:
        return f"file:{address.text}", None, {"protocol_whitelist": "file"}
    if urlsplit(address.text).scheme.lower().startswith("rtsp"):
        return address.text, None, {"rtsp_transport": "tcp", "fflags": "nobuffer"}
    return address.text, None, {"protocol_whitelist": "http,https,tcp,tls,httpproxy"}


def _require_file(path: Path, shown: str) -> None:
    mode = mode_of(path)
    if not mode:
        raise UnreadableVideo(f"{shown}: there is no such file.")
    if not stat.S_ISREG(mode):
        raise UnreadableVideo(f"{shown}: it is no file.")
    if not os.access(path, os.R_OK):
        raise UnreadableVideo(f"{shown}: it may not be read.")


def _require_size(address: Address, height: int, width: int) -> None:
    if height * width > MAX_PIXELS:
        raise UnreadableVideo(
            f"{address.shown}: its frames must have at most {MAX_PIXELS / 1e6:.0f} megapixels. "
            f"Received: {width}x{height}."
        )


def _unreadable(address: Address, error: Exception, what: str = "") -> UnreadableVideo:
    # Of what FFmpeg says only the reason: the rest may repeat the address with its password.
    reason: Any = getattr(error, "strerror", None) or "it is no video that can be read"
    return UnreadableVideo(f"{address.shown}: {what}{str(reason).lower().rstrip('.')}.")


def _nonsense() -> InvalidInput:
    return InvalidInput(
        "The address of a stream must have a host and no spaces, such as rtsp://door.lan/1. "
        "Received one that makes no sense."
    )
