"""PNG files, taken apart."""

import struct
import zlib
from collections.abc import Iterator, Sequence
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
_CHANNELS: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by kind of colours
_GREY_OR_RGB: Final = (0, 2)
_PALETTE: Final = 3
_HEADER_END: Final = 33
_CHUNK_FRAME: Final = 12  # length, kind and checksum around a body
_ALL_AT_ONCE: Final = ((0, 0, 1, 1),)
# First column and row of each pass, and the steps between them.
_ADAM7: Final = (
    *((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4)),
    *((0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)),
)
_UNPACKED_AT_ONCE: Final = 2**18
_PACKED_AT_ONCE: Final = 2**16


def outline_png(content: bytes) -> Outline:
    """Outline a PNG.

    Raises:
        UnreadableImage: It is truncated, damaged, or built of too many parts.
        struct.error, IndexError, ValueError: Its header makes no sense.
    """
    view, exif, has_palette = memoryview(content), b"", False
    kept: list[bytes | memoryview] = [content[:8]]
    packed: list[memoryview] = []
    if len(content) < _HEADER_END:
        raise truncated("PNG")
    kind, width, height, depth, colours, interlace = struct.unpack_from(">4sIIBBxxB", content, 12)
    if kind != b"IHDR" or depth not in _DEPTHS or colours not in _CHANNELS:
        raise UnreadableImage("the PNG is damaged: its header makes no sense")
    for kind, start, end in _chunks(content):
        if kind == b"eXIf":
            exif = content[start + 8 : end - 4]
        if kind not in _PIXELS:
            continue
        if zlib.crc32(view[start + 4 : end - 4]) != int.from_bytes(view[end - 4 : end], "big"):
            raise UnreadableImage("the PNG is damaged: a checksum does not match")
        if kind == b"PLTE":
            has_palette = end - start > _CHUNK_FRAME
        elif kind == b"IDAT":
            if colours == _PALETTE and not has_palette:
                raise UnreadableImage("the PNG is damaged: its palette is missing")
            packed.append(view[start + 8 : end - 4])
        if kind == b"tRNS" and colours in _GREY_OR_RGB:
            kept.append(_transparent_in_8_bit(content[start + 8 : end - 4], depth))
        else:
            kept.append(view[start:end])
    n_unpacked_bytes = _n_unpacked_bytes(width, height, depth * _CHANNELS[colours], interlace)
    return Outline(
        content=b"".join(kept),
        size_wh=(width, height),
        decoder_bytes_per_pixel=BYTES_PER_PIXEL,
        n_unpacked_bytes=n_unpacked_bytes,
        orientation=orientation_of(exif),
        is_whole=lambda: _unpacks_to(n_unpacked_bytes, packed),
    )


def _chunks(content: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of each chunk, up to the end of the picture."""
    end = 8
    for _ in range(MAX_PARTS):
        start = end
        end += _CHUNK_FRAME + int.from_bytes(content[start : start + 4], "big")
        if end > len(content):
            raise truncated("PNG")
        kind = content[start + 4 : start + 8]
        yield kind, start, end
        if kind == b"IEND":
            return
    raise too_many_parts("PNG")


def _n_unpacked_bytes(width: int, height: int, bits_per_pixel: int, interlace: int) -> int:
    """Of all rows of all passes, each with a byte in front that says how it is filtered."""
    return sum(
        -(-(height - top) // down) * (1 + (-(-(width - left) // across) * bits_per_pixel + 7) // 8)
        for left, top, across, down in (_ADAM7 if interlace else _ALL_AT_ONCE)
        if left < width and top < height
    )


def _unpacks_to(n_bytes: int, packed: Sequence[memoryview]) -> bool:
    unpacker = zlib.decompressobj()
    for part in packed:
        for start in range(0, len(part), _PACKED_AT_ONCE):  # bounds what is copied as waiting
            waiting: bytes | memoryview = part[start : start + _PACKED_AT_ONCE]
            while waiting and n_bytes > 0:
                n_bytes -= len(unpacker.decompress(waiting, _UNPACKED_AT_ONCE))
                waiting = unpacker.unconsumed_tail
    return n_bytes <= 0 or n_bytes <= len(unpacker.flush())


def _transparent_in_8_bit(samples: bytes, depth: int) -> bytes:
    """A tRNS chunk in the 8 bits that Pillow brings the pixels to, but not this chunk."""
    largest = 2**depth - 1
    scaled = [
        (sample & largest) >> 8 if depth == 16 else (sample & largest) * 255 // largest
        for (sample,) in struct.iter_unpack(">H", samples[:6])
    ]
    chunk = b"tRNS" + struct.pack(f">{len(scaled)}H", *scaled)
    return struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
