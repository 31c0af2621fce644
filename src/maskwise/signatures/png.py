"""PNG files, taken apart."""

import struct
import zlib
from collections.abc import Iterator
from typing import Final

from maskwise.errors import UnreadableImage
from maskwise.signatures.outline import (
    BYTES_PER_PIXEL,
    MAX_PARTS,
    Outline,
    orientation_of,
    too_many_parts,
    truncated,
)

_PIXELS: Final = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_DEPTHS: Final = (1, 2, 4, 8, 16)
_HEADER_END: Final = 33
_GREY_OR_RGB: Final = (0, 2)


def outline_png(content: bytes) -> Outline:
    """Outline a PNG.

    Raises:
        UnreadableImage: It is truncated, damaged, or built of too many parts.
        struct.error, IndexError, ValueError: Its header makes no sense.
    """
    view, exif = memoryview(content), b""
    kept: list[bytes | memoryview] = [content[:8]]
    if len(content) < _HEADER_END:
        raise truncated("PNG")
    kind, width, height, depth, colours = struct.unpack_from(">4sIIBB", content, 12)
    if kind != b"IHDR" or depth not in _DEPTHS:
        raise UnreadableImage("the PNG is damaged: its header makes no sense")
    for kind, start, end in _chunks(content):
        if kind == b"eXIf":
            exif = content[start + 8 : end - 4]
        if kind not in _PIXELS:
            continue
        if zlib.crc32(view[start + 4 : end - 4]) != int.from_bytes(view[end - 4 : end], "big"):
            raise UnreadableImage("the PNG is damaged: a checksum does not match")
        if kind == b"tRNS" and colours in _GREY_OR_RGB:
            kept.append(_transparent_in_8_bit(content[start + 8 : end - 4], depth))
        else:
            kept.append(view[start:end])
    return Outline(
        content=b"".join(kept),
        size_wh=(width, height),
        decoder_bytes_per_pixel=BYTES_PER_PIXEL,
        orientation=orientation_of(exif),
    )


def _chunks(content: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of each chunk, up to the end of the picture."""
    end = 8
    for _ in range(MAX_PARTS):
        start = end
        end += 12 + int.from_bytes(content[start : start + 4], "big")
        if end > len(content):
            raise truncated("PNG")
        kind = content[start + 4 : start + 8]
        yield kind, start, end
        if kind == b"IEND":
            return
    raise too_many_parts("PNG")


def _transparent_in_8_bit(samples: bytes, depth: int) -> bytes:
    """A tRNS chunk in the 8 bits that Pillow brings the pixels to, but not this chunk."""
    largest = 2**depth - 1
    scaled = [
        (sample & largest) >> 8 if depth == 16 else (sample & largest) * 255 // largest
        for (sample,) in struct.iter_unpack(">H", samples[:6])
    ]
    chunk = b"tRNS" + struct.pack(f">{len(scaled)}H", *scaled)
    return struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
