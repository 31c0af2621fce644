"""Outline: what a file says of its picture, and the parts of it that a decoder gets to see.

Profiles, comments, thumbnails and further frames cost time, can be made to cost hours, and must not
be kept anyway: a decoder is handed only what makes the pixels of one picture.
"""

import struct
from dataclasses import dataclass
from typing import Final

from maskwise.errors import UnreadableImage

MAX_PARTS: Final = 2**18
"""Segments of a JPEG, chunks of a PNG or WebP."""

BYTES_PER_PIXEL: Final = 4 + 3
"""Pillow keeps four bytes for each pixel in colour, the RGB array three."""

_ORIENTATION, _SHORT = 0x0112, 3  # of the tag and of its type


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """What a file says of its picture.

    Attributes:
        content: The file without the parts that make no pixels.
        size_wh: Width and height in pixels, before it is turned upright.
        decoder_bytes_per_pixel: What decoding and the finished RGB array take at their peak.
        n_scans: How often decoding passes over the picture.
        orientation: How it is to be turned, 1 (not at all) to 8, as EXIF counts.
    """

    content: bytes
    size_wh: tuple[int, int]
    decoder_bytes_per_pixel: int
    n_scans: int = 1
    orientation: int = 1


def orientation_of(exif: bytes) -> int:
    """How EXIF, given without its name in front, says that a picture is to be turned, 1 to 8.

    Broken metadata does not spoil a picture: where it says nothing or nonsense, the answer is 1.
    """
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(f"{order}I", exif, 4)
        (n_entries,) = struct.unpack_from(f"{order}H", exif, start)
        for entry in range(n_entries):
            tag, type_, value = struct.unpack_from(f"{order}HH4xH", exif, start + 2 + 12 * entry)
            if (tag, type_) == (_ORIENTATION, _SHORT):
                return value if 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1


def truncated(kind: str) -> UnreadableImage:
    """The error for a file that stops before its picture does."""
    return UnreadableImage(f"the {kind} is truncated or damaged: its end is missing")


def too_many_parts(kind: str) -> UnreadableImage:
    """The error for a file that is made to keep us busy."""
    return UnreadableImage(f"the {kind} is built of too many parts; save it again as {kind}")
