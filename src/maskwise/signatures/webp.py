"""WebP files, taken apart."""

import struct
from collections.abc import Iterator
from typing import Final

from maskwise.signatures.outline import (
    MAX_PARTS,
    Outline,
    orientation_of,
    too_many_parts,
    truncated,
)

# Two canvases, the frame, its copy and what the frame is made from.
_BYTES_PER_PIXEL: Final = 5 * 4
_KEY_FRAME: Final = b"\x9d\x01\x2a"


def outline_webp(content: bytes) -> Outline:
    """Outline a WebP.

    Raises:
        UnreadableImage: It is truncated, or built of too many parts.
        struct.error, IndexError, ValueError: Its header makes no sense.
    """
    if 8 + int.from_bytes(content[4:8], "little") > len(content):
        raise truncated("WebP")
    content = content[: 8 + int.from_bytes(content[4:8], "little")]
    exif = b""
    for kind, start, end in _chunks(content):
        if kind == b"EXIF" and not exif:
            exif = content[start + 8 : end]
    return Outline(
        content=content,
        size_wh=_size_wh(content),
        decoder_bytes_per_pixel=_BYTES_PER_PIXEL,
        orientation=orientation_of(exif),
    )


def _chunks(content: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of each chunk."""
    start = 12
    for _ in range(MAX_PARTS):
        if start + 8 > len(content):
            return
        kind, n_bytes = struct.unpack_from("<4sI", content, start)
        yield kind, start, start + 8 + n_bytes
        start += 8 + n_bytes + n_bytes % 2
    raise too_many_parts("WebP")


def _size_wh(content: bytes) -> tuple[int, int]:
    kind, body = content[12:16], content[20:30]
    if kind == b"VP8X":
        _, across, high_across, down, high_down = struct.unpack("<IHBHB", body)
        return across + (high_across << 16) + 1, down + (high_down << 16) + 1
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", body, 1)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind != b"VP8 " or body[3:6] != _KEY_FRAME:
        raise ValueError("its header makes no sense")
    width, height = struct.unpack_from("<HH", body, 6)
    return width & 0x3FFF, height & 0x3FFF
