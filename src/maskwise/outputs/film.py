"""Film: a video being written, without sound, whole or not there."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwise.durable import PARTIAL_SUFFIX, make_folder, output_failed
from maskwise.extras import load

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.stream import VideoStream

SUFFIX: Final = ".answer.mp4"
"""Ends the name of a copy with answers."""

_TICKS_PER_S: Final = 90_000  # as usual for video; frames may come at any time
_QUALITY: Final = {"crf": "23", "preset": "veryfast"}


class Film:
    """A video that frames are added to, in H.264; see `filming`."""

    def __init__(self, container: "OutputContainer", fps: float) -> None:
        self._container = container
        self._fps = fps
        self._stream: VideoStream | None = None

    def add(self, image_rgb: NDArray[np.uint8], time_s: float) -> None:
        """Add a frame.

        Args:
            image_rgb: RGB uint8 `(h, w, 3)`; brought to the size of the first one, which is cut
                to even numbers of pixels.
            time_s: When it is shown; later than the one before.
        """
        av = load("av", extra="video")
        stream = self._stream or self._begin(image_rgb)
        size_wh = (stream.width, stream.height)
        if abs(image_rgb.shape[0] - size_wh[1]) + abs(image_rgb.shape[1] - size_wh[0]) <= 2:
            fitting = np.ascontiguousarray(image_rgb[: size_wh[1], : size_wh[0]])
        else:
            fitting = np.asarray(cv2.resize(image_rgb, size_wh, interpolation=cv2.INTER_AREA))
        frame = av.VideoFrame.from_ndarray(fitting, format="rgb24")
        frame.pts, frame.time_base = round(time_s * _TICKS_PER_S), Fraction(1, _TICKS_PER_S)
        self._container.mux(stream.encode(frame))

    def end(self) -> None:
        """Write what is still on the way."""
        if self._stream is not None:
            self._container.mux(self._stream.encode())

    def _begin(self, image_rgb: NDArray[np.uint8]) -> "VideoStream":
        height, width = image_rgb.shape[:2]
        rate = Fraction(self._fps).limit_denominator(1001)
        stream: VideoStream = self._container.add_stream("libx264", rate=rate, options=_QUALITY)
        stream.width, stream.height = max(2, width // 2 * 2), max(2, height // 2 * 2)
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, _TICKS_PER_S)
        self._stream = stream
        return stream


@contextmanager
def filming(path: Path, fps: float) -> Iterator[Film]:
    """Begin a video that takes the place of `path` when the block ends well.

    Args:
        path: Where it goes; ends in `.mp4`.
        fps: About how many frames a second there are.

    Raises:
        OutputFailed: It cannot be written there.
        MissingExtra: PyAV is not installed.
    """
    av = load("av", extra="video")
    make_folder(path.parent)
    beside = path.with_name(path.name + PARTIAL_SUFFIX)
    try:
        try:
            with av.open(f"file:{beside}", "w", format="mp4") as container:
                film = Film(container, fps)
                yield film
                film.end()
            beside.replace(path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
    except OSError as error:  # among them those of FFmpeg
        raise output_failed(path, error) from error
