"""JPEG files, taken apart."""

import re
import struct
from collections.abc import Iterator
from typing import Final

from maskwise.errors import UnreadableImage
from maskwise.signatures.outline import (
    BYTES_PER_PIXEL,
    EXIF_NAME,
    MAX_PARTS,
    Outline,
    orientation_of,
    too_many_parts,
    truncated,
)

MAX_TABLE_BYTES: Final = 2**20
"""Of a JPEG beside its scans; real ones have a few thousand."""

_MARKER: Final = re.compile(rb"\xff([^\x00\xd0-\xd7\xff])")  # all others are part of a scan
_SOS, _EOI, _APP1 = 0xDA, 0xD9, 0xE1
_WITHOUT_BODY: Final = (0x01, 0xD8, _EOI)
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE: Final = (0xC2, 0xC6, 0xCA, 0xCE)
# The least that a block of 8x8 pixels takes in each of the usual codings: a code for its mean and,
# unless another scan brings the rest, one for its end. Others may take less, and far more time.
_LEAST_BITS_PER_BLOCK: Final = {0xC0: 2, 0xC1: 2, 0xC2: 1}
_UNUSUAL_PASSES: Final = 4
# APP0 and APP14 are none: they say what the numbers mean as colours.
_METADATA: Final = frozenset({*range(0xE1, 0xF0), 0xFE}) - {0xEE}


def outline_jpeg(content: bytes) -> Outline:
    """Outline a JPEG.

    Raises:
        UnreadableImage: It is truncated, or built of too many parts.
        struct.error, IndexError, ValueError: Its header makes no sense.
    """
    view, frame, exif = memoryview(content), b"", b""
    n_scans = n_scan_bytes = n_table_bytes = 0
    kept: list[bytes | memoryview] = [content[:2]]
    for code, start, end in _segments(content):
        if code in _METADATA:
            if code == _APP1 and not exif and content.startswith(EXIF_NAME, start + 4):
                exif = content[start + 4 : end]
            continue
        kept.append(view[start:end])
        if code == _SOS:
            n_scans += 1
            n_scan_bytes += end - start
        else:
            n_table_bytes += end - start
        if code in _FRAMES:
            if frame:
                raise UnreadableImage("the JPEG is damaged: it claims two sizes")
            frame = content[start + 1 : end]
    if n_table_bytes > MAX_TABLE_BYTES:
        raise too_many_parts("JPEG")
    code, height, width = struct.unpack_from(">B3xHH", frame)
    least_bits = -(-width // 8) * -(-height // 8) * _LEAST_BITS_PER_BLOCK.get(code, 0)
    keeps_coefficients = n_scans > 1 or code in _PROGRESSIVE
    coefficient_bytes = _coefficient_bytes_per_pixel(frame) if keeps_coefficients else 0
    return Outline(
        content=b"".join(kept),
        size_wh=(width, height),
        decoder_bytes_per_pixel=max(BYTES_PER_PIXEL, 4 + coefficient_bytes),
        n_passes=n_scans * (1 if code in _LEAST_BITS_PER_BLOCK else _UNUSUAL_PASSES),
        orientation=orientation_of(exif),
        is_whole=lambda: 8 * n_scan_bytes >= least_bits,
    )


def _segments(content: bytes) -> Iterator[tuple[int, int, int]]:
    """Code, start and end of each segment, scans included, up to the end of the first picture."""
    end = 2
    for _ in range(MAX_PARTS):
        start, code = _next_marker(content, end)
        end = start + 2
        if code not in _WITHOUT_BODY:
            end += max(int.from_bytes(content[end : end + 2], "big"), 2)
        if code == _SOS:
            end, _ = _next_marker(content, end)
        yield code, start, end
        if code == _EOI:
            return
    raise too_many_parts("JPEG")


def _next_marker(content: bytes, start: int) -> tuple[int, int]:
    marker = _MARKER.search(content, start)
    if marker is None:
        raise truncated("JPEG")
    return marker.start(), marker[1][0]


def _coefficient_bytes_per_pixel(frame: bytes) -> int:
    sampling = [(factors >> 4, factors & 15) for factors in frame[10 : 9 + 3 * frame[8] : 3]]
    if not sampling:
        raise ValueError("its frame has no components")
    largest = max(across for across, _ in sampling) * max(down for _, down in sampling)
    return -(-2 * sum(across * down for across, down in sampling) // max(largest, 1))
