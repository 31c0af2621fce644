"""Clips drawn by code."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray
from PIL import Image

from maskwise.dataset.drawn import draw_face

FOUND = 6
"""Of the drawn faces, the one that YuNet finds wherever it is, whatever it wears."""


def write_clip(
    path: Path, frames: Iterable[NDArray[np.uint8]], *, fps: int = 25, codec: str = "mpeg4"
) -> Path:
    """Write frames of one size as a video whose format follows from the name."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=Fraction(fps))
        assert isinstance(stream, VideoStream)
        stream.pix_fmt = {"gif": "rgb8", "mjpeg": "yuvj420p", "png": "rgb24"}.get(codec, "yuv420p")
        for index, image_rgb in enumerate(frames):
            if index == 0:
                stream.height, stream.width = image_rgb.shape[:2]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image_rgb, format="rgb24")))
        container.mux(stream.encode())
    return path


def grey(n: int, *, size_hw: tuple[int, int] = (64, 96)) -> Iterator[NDArray[np.uint8]]:
    """Frames that grow brighter, by 4 grey levels each."""
    for index in range(n):
        yield np.full((*size_hw, 3), min(255, 20 + 4 * index), np.uint8)


def walking(
    n: int, labels: Iterable[int], *, side_px: int = 120, size_hw: tuple[int, int] = (288, 512)
) -> Iterator[NDArray[np.uint8]]:
    """A drawn face for each label, side by side, which go to the right, four pixels a frame."""
    faces = [
        np.asarray(
            Image.fromarray(draw_face(label, seed=1, index=FOUND)).resize((side_px, side_px))
        )
        for label in labels
    ]
    for index in range(n):
        image_rgb = np.full((*size_hw, 3), (120, 140, 130), np.uint8)
        for place, face in enumerate(faces):
            left = 20 + 4 * index + place * (side_px + 60)
            width = max(0, min(side_px, size_hw[1] - left))
            image_rgb[80 : 80 + side_px, left : left + width] = face[:, :width]
        yield image_rgb
