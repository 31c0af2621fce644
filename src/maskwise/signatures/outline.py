"""Outline: what a file says of its picture, and the parts of it that a decoder gets to see.

Profiles, comments, thumbnails and further frames cost time, can be made to cost hours, and must not
be kept anyway: a decoder is handed only what makes the pixels of one picture.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from maskwise.errors import UnreadableImage

MAX_PARTS: Final = 2**18
"""Segments of a JPEG, chunks of a PNG or WebP."""

BYTES_PER_PIXEL: Final = 4 + 3
"""Pillow keeps four bytes for each pixel in colour, the RGB array three."""

EXIF_NAME: Final = b"Exif\0\0"
"""Stands before EXIF in a JPEG, and in some files of the other formats."""

_ORIENTATION, _SHORT = 0x0112, 3  # of the tag and of its type


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """What a file says of its picture.

    Attributes:
        content: The file without the parts that make no pixels.
        size_wh: Width and height in pixels, before it is turned upright.
        decoder_bytes_per_pixel: What decoding and the finished RGB array take at their peak.
        n_unpacked_bytes: Of the pixels as zlib unpacks them; 0 if zlib did not pack them.
        n_passes: How often decoding passes over the picture.
        orientation: How it is to be turned, 1 (not at all) to 8, as EXIF counts.
        is_whole: Says whether the pixels can reach to the end; where they stop early, decoders
            fill up the rest without a word. May take as long as decoding does.
    """

    content: bytes
    size_wh: tuple[int, int]
    decoder_bytes_per_pixel: int
    n_unpacked_bytes: int = 0
    n_passes: int = 1
    orientation: int = 1
    is_whole: Callable[[], bool] = lambda: True


def orientation_of(exif: bytes) -> int:
    """How EXIF says that a picture is to be turned, 1 to 8.

    Broken metadata does not spoil a picture: where it says nothing or nonsense, the answer is 1.
    """
    exif = exif.removeprefix(EXIF_NAME)
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
