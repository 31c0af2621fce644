"""The one decoder, on pictures drawn and broken by code."""

import contextlib
import io
import json
import os
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile, ImageOps

from maskwise import images
from maskwise.errors import InvalidInput, UnreadableImage
from maskwise.images import decode_image, encode_image, read_bytes, read_image, thumbnail_jpeg
from maskwise.signatures.outline import BYTES_PER_PIXEL

GRADIENT = np.stack(
    np.broadcast_arrays(
        np.arange(60, dtype=np.uint8)[:, None] * 4, np.arange(80, dtype=np.uint8) * 3, np.uint8(90)
    ),
    axis=2,
)


def encoded(picture: Image.Image, format: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, format, **options)
    return file.getvalue()


def gradient(mode: str = "RGB") -> Image.Image:
    return Image.fromarray(GRADIENT).convert(mode)


def exif(orientation: int) -> Image.Exif:
    block = Image.Exif()
    block[0x0112] = orientation
    return block


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(
    size_wh: tuple[int, int], depth: int, colours: int, rows: bytes, *between: bytes, adam7: int = 0
) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", *size_wh, depth, colours, 0, 0, adam7))
    pixels = chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(between) + pixels + chunk(b"IEND", b"")


def segment(code: int, body: bytes) -> bytes:
    return bytes([0xFF, code]) + struct.pack(">H", len(body) + 2) + body


def frame(code: int, side: int, *sampling: int) -> bytes:
    parts = b"".join(bytes([index, factors, 0]) for index, factors in enumerate(sampling))
    header = segment(code, struct.pack(">BHHB", 8, side, side, len(sampling)) + parts)
    return b"\xff\xd8" + header + segment(0xDA, b"\0\0\0\0") + b"\xff\xd9"


def with_segments(jpeg: bytes, *segments: bytes) -> bytes:
    return jpeg[:2] + b"".join(segments) + jpeg[2:]


JPEG = encoded(gradient(), "JPEG", quality=95)
PROGRESSIVE = encoded(gradient(), "JPEG", quality=95, progressive=True)
PNG = encoded(gradient())
WEBP = encoded(gradient(), "WEBP", lossless=True)


@pytest.mark.parametrize(
    ("content", "tolerance"),
    [
        pytest.param(PNG, 0, id="png"),
        pytest.param(WEBP, 0, id="webp"),
        pytest.param(encoded(gradient(), "WEBP", quality=95), 30, id="lossy webp"),
        pytest.param(JPEG, 6, id="jpeg"),
        pytest.param(PROGRESSIVE, 6, id="progressive"),
        pytest.param(encoded(gradient("CMYK"), "JPEG", quality=95), 12, id="cmyk"),
        pytest.param(encoded(gradient("RGBA")), 0, id="opaque alpha"),
        pytest.param(encoded(gradient("RGBA"), "WEBP", lossless=True), 0, id="opaque alpha webp"),
        pytest.param(PNG + b"junk behind", 0, id="junk behind"),
        pytest.param(JPEG + b"\xff\xda\0\2" * 9999, 6, id="jpeg with a video behind"),
        pytest.param(
            with_segments(JPEG, segment(0xE1, b"thumb" + b"\xff\xda\0\2" * 9999)), 6, id="thumbnail"
        ),
        pytest.param(with_segments(JPEG, b"\xff" * 99, b"\0" * 99), 6, id="jpeg with filling"),
    ],
)
def test_every_encoding_gives_the_same_picture(content: bytes, tolerance: int) -> None:
    decoded = decode_image(content)
    assert decoded.dtype == np.uint8
    assert decoded.flags.c_contiguous
    assert decoded.flags.writeable
    assert decoded.shape == (60, 80, 3)
    assert np.abs(decoded.astype(int) - GRADIENT).max() <= tolerance


GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6


@pytest.mark.parametrize("see_through", [False, True], ids=["opaque", "one colour see-through"])
@pytest.mark.parametrize(
    ("colours", "depth"),
    [
        *((GREY, depth) for depth in (1, 2, 4, 8, 16)),
        *((RGB, depth) for depth in (8, 16)),
        *((PALETTE, depth) for depth in (1, 2, 4, 8)),
        *((GREY_ALPHA, depth) for depth in (8, 16)),
        *((RGBA, depth) for depth in (8, 16)),
    ],
)
def test_every_kind_of_png_becomes_rgb(colours: int, depth: int, see_through: bool) -> None:
    n_channels = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGBA: 4}[colours]
    chance = np.random.default_rng(depth)
    samples = chance.integers(0, 2**depth, (8, 8, n_channels))
    palette = chance.integers(0, 256, (min(2**depth, 256), 3))
    colour_key = samples[0, 0]
    scaled = samples >> 8 if depth == 16 else samples * 255 // (2**depth - 1)

    if colours == PALETTE:
        rgb, alpha = palette[samples[..., 0]], np.full((8, 8), 255)
        extra = [chunk(b"PLTE", palette.astype(np.uint8).tobytes())]
        if see_through:
            alpha_of = chance.integers(0, 256, len(palette))
            alpha = alpha_of[samples[..., 0]]
            extra.append(chunk(b"tRNS", alpha_of.astype(np.uint8).tobytes()))
    elif colours in (GREY_ALPHA, RGBA):
        rgb, alpha, extra = scaled[..., :-1], scaled[..., -1], []
    else:
        rgb, alpha, extra = scaled, np.full((8, 8), 255), []
        if see_through:
            alpha = np.where((samples == colour_key).all(axis=2), 0, 255)
            extra = [chunk(b"tRNS", colour_key.astype(">u2").tobytes())]

    bits = (samples[..., None] >> np.arange(depth)[::-1] & 1).astype(np.uint8).reshape(8, -1)
    rows = np.insert(np.packbits(bits, axis=1), 0, 0, axis=1).tobytes()
    expected = 128 + (rgb - 128) * alpha[..., None] / 255
    decoded = decode_image(png((8, 8), depth, colours, rows, *extra))
    assert np.abs(decoded - expected).max() < 1


UPRIGHT = np.repeat(np.arange(0, 240, 40, dtype=np.uint8).reshape(2, 3, 1), 3, axis=2)
STORED = {
    1: UPRIGHT,
    2: UPRIGHT[:, ::-1],
    3: UPRIGHT[::-1, ::-1],
    4: UPRIGHT[::-1],
    5: UPRIGHT.transpose(1, 0, 2),
    6: np.rot90(UPRIGHT),
    7: UPRIGHT[::-1, ::-1].transpose(1, 0, 2),
    8: np.rot90(UPRIGHT, -1),
    0: UPRIGHT,  # and 99: these mean nothing
    99: UPRIGHT,
}


@pytest.mark.parametrize("strip_pixels", [1, 4, 99], ids=["row by row", "in strips", "at once"])
@pytest.mark.parametrize("orientation", STORED)
def test_pictures_stand_upright(
    orientation: int, strip_pixels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "_STRIP_PIXELS", strip_pixels)
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation]))
    for format, options in (("PNG", {}), ("WEBP", {"lossless": True})):
        content = encoded(stored, format, exif=exif(orientation), **options)
        assert np.array_equal(decode_image(content), UPRIGHT), format
    jpeg = encoded(stored.resize((32, 48)), "JPEG", exif=exif(orientation))
    assert decode_image(jpeg).shape == ((32, 48, 3) if orientation in (5, 6, 7, 8) else (48, 32, 3))


def test_only_what_belongs_to_the_file_turns_it() -> None:
    block = exif(6).tobytes()
    behind = b"EXIF" + struct.pack("<I", len(block)) + block
    assert decode_image(WEBP + behind).shape == (60, 80, 3)
    png_with_name = png((2, 1), 8, GREY, bytes(3), chunk(b"eXIf", block))
    assert block.startswith(b"Exif")
    assert decode_image(png_with_name).shape == (2, 1, 3)


@pytest.mark.parametrize(
    "block",
    [
        pytest.param(b"MM\0*\xff\xff\xff\xffjunk", id="points nowhere"),
        pytest.param(b"II*\0\x08\0\0\0\xff\xff", id="promises entries"),
        pytest.param(
            b"II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\x01\0\0\0\x08\0\0\0", id="points to itself"
        ),
        pytest.param(b"MM\0*\0\0\0\x08\0\1\1\x12\0\x09\0\0\0\1\0\1\0\1", id="of the wrong type"),
        pytest.param(b"", id="empty"),
        pytest.param(b"\0" * 40, id="zeros"),
    ],
)
def test_broken_exif_does_not_spoil_the_picture(block: bytes) -> None:
    assert decode_image(with_segments(JPEG, segment(0xE1, b"Exif\0\0" + block))).shape[:2] == (
        60,
        80,
    )


def test_only_the_first_frame_counts() -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue", "green")]
    for format in ("PNG", "WEBP"):
        content = encoded(frames[0], format, save_all=True, append_images=frames[1:])
        assert decode_image(content)[0, 0].tolist() == pytest.approx([255, 0, 0], abs=4)
    assert np.array_equal(decode_image(JPEG + PROGRESSIVE), decode_image(JPEG))


def test_the_name_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "really a PNG.jpg"
    path.write_bytes(PNG)
    for source in (path, str(path), path.read_bytes()):
        assert np.array_equal(read_image(source), GRADIENT)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"", "empty", id="empty"),
        pytest.param(encoded(gradient(), "GIF"), "a GIF", id="gif"),
        pytest.param(encoded(gradient(), "BMP"), "a BMP", id="bmp"),
        pytest.param(encoded(gradient(), "TIFF"), "a TIFF", id="tiff"),
        pytest.param(b"\0\0\0\x18ftypheic\0\0", "a HEIC .* save the picture as JPEG", id="heic"),
        pytest.param(b"\0\0\0\x18ftypisom\0\0", "video", id="mp4"),
        pytest.param(b"version https://git-lfs.example/spec/v1\noid", "git lfs pull", id="lfs"),
        pytest.param(b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif", "an AVIF", id="avif"),
        pytest.param(b"<!DOCTYPE html><html>", "a web page", id="html"),
        pytest.param(b'<?xml version="1.0"?>\n<svg xmlns="x">', "an SVG", id="svg"),
        pytest.param(
            b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///x">]><svg>&x;</svg>',
            "an SVG",
            id="svg with entities",
        ),
        pytest.param(b"%PDF-1.7", "a PDF", id="pdf"),
        pytest.param(b"PK\x03\x04", "a ZIP", id="zip"),
        pytest.param(b"\x93NUMPY\1\0", "a NumPy array", id="npy"),
        pytest.param(b"\0" * 1000, "nothing but zeros", id="zeros"),
        pytest.param(b'{"error": "not found"}\n', "a text", id="text"),
        pytest.param(b"BMI of the patients, in a text", "a text", id="text like a bmp"),
        pytest.param(b"x" + JPEG, "no known kind", id="junk in front"),
        pytest.param(bytes(2000) + JPEG, "no known kind", id="zeros in front"),
        pytest.param(b"a" * 2000 + b"\xff", "no known kind", id="text in front"),
    ],
)
def test_what_is_no_picture_is_called_by_its_name(content: bytes, reason: str) -> None:
    with pytest.raises(UnreadableImage, match=reason):
        decode_image(content)


@pytest.mark.parametrize(
    "content", [JPEG, PROGRESSIVE, PNG, WEBP], ids=["jpeg", "prog", "png", "webp"]
)
@pytest.mark.parametrize("host_is_lenient", [False, True])
def test_cut_pictures_are_refused_wherever_they_are_cut(
    content: bytes, host_is_lenient: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", host_is_lenient)
    for length in range(len(content)):
        with pytest.raises(UnreadableImage, match=r"truncated|empty|no known kind|a text"):
            decode_image(content[:length])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(PNG[:-20] + b"?" + PNG[-19:], "checksum", id="a changed byte"),
        pytest.param(png((1, 1), 8, GREY, b"\0"), "its end is missing", id="too few pixels"),
        pytest.param(png((4, 9), 8, RGB, bytes(8 * 13)), "its end is missing", id="too few rows"),
        pytest.param(
            png((9, 9), 8, GREY, bytes(2 * 3), adam7=1), "its end is missing", id="too few passes"
        ),
        pytest.param(png((4, 4), 8, PALETTE, bytes(20)), "palette is missing", id="no palette"),
        pytest.param(
            png((4, 4), 8, PALETTE, bytes(20), chunk(b"PLTE", b"")), "palette", id="empty palette"
        ),
        pytest.param(png((1, 1), 8, 5, b"\0\0"), "header makes no sense", id="colours 5"),
        pytest.param(png((1, 1), 3, GREY, b"\0\0"), "header makes no sense", id="depth 3"),
        pytest.param(
            png((1, 1), 0, GREY, b"\0\0", chunk(b"tRNS", b"\0\0")), "header", id="depth 0"
        ),
        pytest.param(
            png((1, 1), 8, RGB, b"\0abc", chunk(b"IHDR", png((9, 9), 8, RGB, b"")[16:29])),
            "two sizes",
            id="two headers",
        ),
        pytest.param(b"\xff\xd8\xff\xd9", "header makes no sense", id="jpeg of nothing"),
        pytest.param(with_segments(JPEG, segment(0xC0, b"\x08")), "two sizes", id="two frames"),
        pytest.param(b"\xff\xd8" + segment(0xC0, b"\x08"), "damaged", id="short frame"),
        pytest.param(frame(0xC0, 900, 0x11), "its end is missing", id="jpeg without data"),
        pytest.param(frame(0xC2, 900), "no components", id="jpeg without components"),
        pytest.param(
            b"RIFF\x16\0\0\0WEBPJUNK\x0a\0\0\0" + b"a" * 10,
            "header makes no sense",
            id="webp of junk",
        ),
        pytest.param(b"RIFF\x04\0\0\0WEBP", "header makes no sense", id="webp of nothing"),
    ],
)
def test_damaged_pictures_are_refused(content: bytes, reason: str) -> None:
    with pytest.raises(UnreadableImage, match=reason):
        decode_image(content)


@pytest.mark.parametrize(
    ("width", "height"),
    [(30_001, 1), (1, 30_001), (10_000, 5_001), (2**31 - 1, 2**31 - 1), (0, 1), (1, 0)],
)
def test_sizes_are_refused_by_what_the_header_claims(width: int, height: int) -> None:
    sof = segment(
        0xC0, struct.pack(">BHHB", 8, height & 0xFFFF, width & 0xFFFF, 3) + b"\1\x11\0" * 3
    )
    bombs = [png((width, height), 1, GREY, b"")]
    if max(width, height) < 2**16:
        bombs.append(b"\xff\xd8" + sof + b"\xff\xd9")
    for bomb in bombs:
        with pytest.raises(UnreadableImage, match=f"claims {width}x{height} pixels"):
            decode_image(bomb)


@pytest.mark.parametrize("size_wh", [(30_000, 1), (1, 30_000), (10_000, 5_000)])
def test_the_largest_sizes_are_accepted(size_wh: tuple[int, int]) -> None:
    width, height = size_wh
    rows = (b"\0" + b"\xff" * -(-width // 8)) * height
    assert decode_image(png(size_wh, 1, GREY, rows)).shape == (height, width, 3)


def webp_canvas(width: int, height: int) -> bytes:
    canvas = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + canvas


@pytest.mark.parametrize(
    ("largest", "too_large"),
    [
        pytest.param(webp_canvas(4183, 4183), webp_canvas(4184, 4184), id="webp"),
        pytest.param(frame(0xC0, 7071, *[0x11] * 3), frame(0xC0, 7072, *[0x11] * 3), id="baseline"),
        pytest.param(
            frame(0xC2, 7071, 0x22, 0x11, 0x11), frame(0xC2, 7072, 0x22, 0x11, 0x11), id="4:2:0"
        ),
        pytest.param(frame(0xC2, 5916, *[0x11] * 3), frame(0xC2, 5917, *[0x11] * 3), id="4:4:4"),
        pytest.param(frame(0xC2, 5400, *[0x11] * 4), frame(0xC2, 5401, *[0x11] * 4), id="cmyk"),
    ],
)
def test_what_takes_more_memory_may_have_fewer_pixels(largest: bytes, too_large: bytes) -> None:
    with pytest.raises(UnreadableImage, match="damaged"):
        decode_image(largest)
    with pytest.raises(UnreadableImage, match=r"claims .* pixels"):
        decode_image(too_large)


@pytest.mark.parametrize(
    ("colours", "depth", "largest_wh", "too_large_wh"),
    [
        pytest.param(RGB, 8, (8000, 5200), (8000, 5210), id="rgb"),
        pytest.param(RGBA, 8, (6000, 5200), (6000, 5210), id="rgba"),
        pytest.param(RGBA, 16, (3000, 5200), (3000, 5210), id="rgba of 16 bit"),
    ],
)
def test_what_unpacks_to_more_may_have_fewer_pixels(
    colours: int, depth: int, largest_wh: tuple[int, int], too_large_wh: tuple[int, int]
) -> None:
    with pytest.raises(UnreadableImage, match="its end is missing"):
        decode_image(png(largest_wh, depth, colours, b""))
    with pytest.raises(UnreadableImage, match=r"claims .* 41|claims .* 31|claims .* 15"):
        decode_image(png(too_large_wh, depth, colours, b""))


def test_a_size_that_the_data_cannot_fill_is_refused_before_decoding() -> None:
    small = encoded(Image.new("RGB", (16, 16)), "JPEG")
    start = small.index(b"\xff\xc0")
    lie = small[: start + 5] + struct.pack(">HH", 6000, 6000) + small[start + 9 :]
    with pytest.raises(UnreadableImage, match="its end is missing"):
        decode_image(lie)


def test_a_picture_of_one_colour_is_no_lie() -> None:
    for options in ({}, {"progressive": True}, {"optimize": True}, {"quality": 1}):
        content = encoded(Image.new("RGB", (800, 600)), "JPEG", **options)
        assert decode_image(content).shape == (600, 800, 3)


def test_nothing_is_not_too_large() -> None:
    with pytest.raises(UnreadableImage, match="there is nothing in it"):
        decode_image(png((0, 5), 8, GREY, b""))


def with_scans(n_scans: int, side: int) -> bytes:
    content = encoded(Image.new("L", (side, side)), "JPEG", progressive=True)
    scan = content.rindex(b"\xff\xda")
    missing = n_scans - content.count(b"\xff\xda")
    return content[:scan] + content[scan:-2] * (missing + 1) + content[-2:]


def test_too_many_scans_are_refused() -> None:
    assert decode_image(with_scans(256, side=64)).shape == (64, 64, 3)
    for bomb in (with_scans(257, side=64), with_scans(256, side=2000)):
        with pytest.raises(UnreadableImage, match=r"takes 25\d passes over .* too many"):
            decode_image(bomb)


def test_rare_codings_which_take_longer_may_pass_less_often() -> None:
    arithmetic, scan = frame(0xC9, 5000, 0x11), segment(0xDA, b"\0\0\0\0")
    with pytest.raises(UnreadableImage, match="damaged"):
        decode_image(arithmetic[:-2] + scan * 9 + arithmetic[-2:])
    with pytest.raises(UnreadableImage, match="takes 44 passes"):
        decode_image(arithmetic[:-2] + scan * 10 + arithmetic[-2:])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(with_segments(JPEG, segment(0xE5, b"") * 200_000), None, id="app markers"),
        pytest.param(with_segments(JPEG, segment(0xE5, b"") * 300_000), "too many", id="more"),
        pytest.param(
            with_segments(JPEG, segment(0xE1, b"Exif\0\0" + bytes(1000)) * 20_000), None, id="exif"
        ),
        pytest.param(with_segments(JPEG, segment(0xFE, bytes(60_000)) * 300), None, id="comments"),
        pytest.param(with_segments(JPEG, b"\xff" * 19_000_000), None, id="filling"),
        pytest.param(
            with_segments(JPEG, segment(0xDB, bytes(65)) * 200_000), "too many", id="tables"
        ),
        pytest.param(JPEG[:-2] + b"\xff\0" * 9_000_000 + JPEG[-2:], None, id="stuffed bytes"),
        pytest.param(PNG[:33] + chunk(b"abCd", b"") * 200_000 + PNG[33:], None, id="chunks"),
        pytest.param(PNG[:33] + chunk(b"abCd", b"") * 300_000 + PNG[33:], "too many", id="more"),
        pytest.param(
            PNG[:33] + chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(10**6))) * 9_000 + PNG[33:],
            None,
            id="profiles that unpack to 9 GB",
        ),
        pytest.param(
            png((1, 1), 8, RGB, b"\0abc", chunk(b"tRNS", bytes(10**7))), None, id="transparency"
        ),
    ],
)
def test_floods_are_refused_or_passed_by_quickly(content: bytes, reason: str | None) -> None:
    start = time.process_time()
    with pytest.raises(UnreadableImage, match=reason) if reason else contextlib.nullcontext():
        decode_image(content)
    assert time.process_time() - start < 2


PEAK = """
import json, resource, sys, maskwise.images
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
before = peak()
maskwise.images.read_image(sys.argv[1])
print(json.dumps(peak() - before))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in KiB on Linux alone")
@pytest.mark.parametrize(
    ("make", "most"),
    [
        pytest.param(
            lambda: encoded(Image.new("RGB", (10_000, 5_000)), "JPEG"),
            images.MAX_DECODER_BYTES,
            id="jpeg",
        ),
        pytest.param(
            lambda: png((8000, 5200), 8, RGB, bytes(24_001 * 5200)),
            BYTES_PER_PIXEL * 8000 * 5200,
            id="png",
        ),
    ],
)
def test_the_largest_picture_takes_the_memory_we_say(
    make: Callable[[], bytes], most: float, tmp_path: Path
) -> None:
    path = tmp_path / "largest"
    path.write_bytes(make())
    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(path)], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) < most + 20e6


def test_without_memory_the_reason_is_true(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object) -> None:
        raise MemoryError

    monkeypatch.setattr(images, "_upright_rgb", full)
    with pytest.raises(UnreadableImage, match="not enough memory"):
        decode_image(PNG)


def test_too_many_bytes_are_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "huge.jpg"
    with path.open("wb") as file:
        file.truncate(5 * 2**30)
    with pytest.raises(UnreadableImage, match=r"huge\.jpg: the file has 5120\.0 MiB"):
        read_image(path)
    assert len(decode_image(PNG + bytes(images.MAX_BYTES - len(PNG)))) == 60
    with pytest.raises(UnreadableImage, match="accepted are 20 MiB"):
        decode_image(PNG + bytes(images.MAX_BYTES - len(PNG) + 1))


def test_what_is_no_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    for source, reason in (
        (tmp_path, "this is a folder"),
        (tmp_path / "pipe.jpg", "not a regular file"),
        (Path("/dev/zero"), "not a regular file"),
        (tmp_path / "missing.jpg", r"missing\.jpg: No such file"),
        (tmp_path / "loop.jpg", r"loop\.jpg: Too many levels"),
        (tmp_path / "a\nb.jpg", r"a\\nb\.jpg: No such file"),
        (tmp_path / ("x" * 300), "File name too long"),
        ("nul\0.jpg", "null"),
    ):
        with pytest.raises(UnreadableImage, match=reason) as caught:
            read_image(source)
        assert "\n" not in str(caught.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_closed_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "closed.png").write_bytes(PNG)
    (tmp_path / "closed.png").chmod(0)
    with pytest.raises(UnreadableImage, match=r"closed\.png: Permission denied"):
        read_image(tmp_path / "closed.png")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        pytest.param(3, "must be a path, bytes, .* Received: int", id="number"),
        pytest.param(None, "Received: NoneType", id="none"),
        pytest.param(["a.jpg"], "Received: list", id="list"),
        pytest.param(
            GRADIENT / 255, r"must be uint8 .* Received: float64 \(60, 80, 3\)", id="float"
        ),
        pytest.param(GRADIENT.astype(np.uint16), "Received: uint16", id="16 bit"),
        pytest.param(GRADIENT > 9, "Received: bool", id="yes or no"),
        pytest.param(GRADIENT.transpose(2, 0, 1), r"Received: uint8 \(3, 60, 80\)", id="channels"),
        pytest.param(GRADIENT[..., :2], r"Received: uint8 \(60, 80, 2\)", id="two channels"),
        pytest.param(GRADIENT[None], r"Received: uint8 \(1, 60, 80, 3\)", id="batch"),
        pytest.param(GRADIENT[0, 0], r"Received: uint8 \(3,\)", id="pixel"),
        pytest.param(np.array("a.jpg"), "Received: <U5", id="text in an array"),
        pytest.param(GRADIENT[:0], "sides of 1 to 30000 .* Received: 80x0", id="empty"),
        pytest.param(GRADIENT[:, :0, 0], "Received: 0x60", id="empty grey"),
        pytest.param(np.broadcast_to(GRADIENT[:1, :1], (1, 30_001, 3)), "30001x1", id="long"),
        pytest.param(np.broadcast_to(np.uint8(1), (7100, 7100)), "50 megapixels", id="large"),
        pytest.param(Image.new("L", (1, 30_001)), "Received: 1x30001", id="long Pillow"),
        pytest.param(Image.new("L", (0, 5)), "Received: 0x5", id="empty Pillow"),
        pytest.param(gradient("F"), "8 or 16 bits .* Received: mode F", id="float Pillow"),
        pytest.param(gradient("I"), "8 or 16 bits .* Received: mode I", id="32-bit Pillow"),
    ],
)
def test_other_sources_are_wrong_input(source: Any, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason) as caught:
        read_image(source)
    assert "\n" not in str(caught.value)


def test_arrays_say_how_their_channels_are_ordered() -> None:
    bgra = np.dstack([GRADIENT[..., ::-1], np.full((60, 80), 255, np.uint8)])
    assert np.array_equal(read_image(GRADIENT[..., ::-1], colour_order="bgr"), GRADIENT)
    assert np.array_equal(read_image(bgra, colour_order="bgr"), GRADIENT)
    assert np.array_equal(read_image(PNG, colour_order="bgr"), GRADIENT)
    with pytest.raises(InvalidInput, match=r"must be rgb or bgr\. Received: 'BGR'"):
        read_image(GRADIENT, colour_order="BGR")  # type: ignore[arg-type]


def test_the_picture_that_is_read_is_another_than_the_one_given() -> None:
    for array in (GRADIENT, np.asarray(gradient()), GRADIENT[::2, ::-1], GRADIENT[..., 0]):
        read = read_image(array)
        assert read.flags.c_contiguous
        assert not np.shares_memory(read, array)
    picture = gradient()
    read_image(picture)[:] = 0
    assert np.array_equal(np.asarray(picture), GRADIENT)


@pytest.mark.parametrize("orientation", STORED)
def test_pictures_of_pillow_stand_upright(orientation: int) -> None:
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation]))
    for format, options in (("PNG", {}), ("WEBP", {"lossless": True})):
        content = encoded(stored, format, exif=exif(orientation), **options)
        picture = Image.open(io.BytesIO(content))
        assert np.array_equal(read_image(picture), UPRIGHT), format
        assert np.array_equal(read_image(picture), UPRIGHT), format  # it was not changed
        assert np.array_equal(read_image(ImageOps.exif_transpose(picture)), UPRIGHT), format


@pytest.mark.parametrize(
    ("made_by", "tolerance"),
    [
        *(((mode,), 0) for mode in ("RGBA", "RGBX", "CMYK")),
        (("RGBA", "RGBa"), 0),
        *(((mode,), 5) for mode in ("YCbCr", "HSV")),
        *((modes, 51) for modes in (("P",), ("P", "PA"))),  # a palette of six shades per channel
    ],
)
def test_pictures_of_pillow_of_every_mode_become_rgb(
    made_by: tuple[str, ...], tolerance: int
) -> None:
    picture = gradient()
    for mode in made_by:
        picture = picture.convert(mode)
    assert np.abs(read_image(picture).astype(int) - GRADIENT).max() <= tolerance


@pytest.mark.parametrize("made_by", [("L",), ("LA",), ("LA", "La"), ("1",)])
def test_grey_pictures_of_pillow_become_rgb(made_by: tuple[str, ...]) -> None:
    picture = gradient()
    for mode in made_by:
        picture = picture.convert(mode)
    grey = np.asarray(gradient("1" if made_by == ("1",) else "L").convert("L"))
    assert np.array_equal(read_image(picture), np.dstack([grey] * 3))


def test_of_16_bits_the_upper_ones_count() -> None:
    grey = np.asarray(gradient("L"))
    picture = Image.fromarray(grey.astype(np.uint16) * 256 + 255)
    assert picture.mode == "I;16"
    assert np.array_equal(read_image(picture), np.dstack([grey] * 3))


@pytest.mark.parametrize("colours", [GREY, RGB])
def test_pillow_leaves_a_transparent_colour_in_16_bits(colours: int) -> None:
    n_channels = {GREY: 1, RGB: 3}[colours]
    samples = np.random.default_rng(0).integers(256, 2**16, (4, 4, n_channels)).astype(">u2")
    rows = np.insert(samples.reshape(4, -1).view(np.uint8), 0, 0, axis=1).tobytes()
    content = png((4, 4), 16, colours, rows, chunk(b"tRNS", samples[1, 2].tobytes()))
    picture = Image.open(io.BytesIO(content))
    assert read_image(picture)[1, 2].tolist() == [128, 128, 128]
    assert np.array_equal(read_image(picture), decode_image(content))
    key = picture.info["transparency"]
    assert (key if n_channels == 1 else key[0]) > 255  # it was not changed


def test_of_pictures_of_pillow_the_frame_counts_at_which_they_stand() -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    content = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    picture = Image.open(io.BytesIO(content))
    assert read_image(picture)[0, 0].tolist() == [255, 0, 0]
    picture.seek(1)
    assert read_image(picture)[0, 0].tolist() == [0, 0, 255]
    assert picture.tell() == 1


def test_pictures_of_pillow_that_cannot_be_loaded_are_refused() -> None:
    cut = Image.open(io.BytesIO(PNG[:-30]))
    with pytest.raises(UnreadableImage, match="picture of Pillow is damaged"):
        read_image(cut)
    closed = gradient()
    closed.close()
    with pytest.raises(UnreadableImage, match="closed"):
        read_image(closed)


def test_read_bytes_gives_the_very_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(PNG)
    assert read_bytes(path) == PNG


def test_encoded_pictures_come_back_and_carry_nothing_else() -> None:
    block = exif(1)
    block[0x010E] = "secret place"
    source = decode_image(encoded(gradient(), "JPEG", exif=block, comment=b"secret place"))
    for format in ("jpeg", "png"):
        content = encode_image(source, format=format)
        assert b"secret" not in content
        assert b"Exif" not in content
        assert np.abs(decode_image(content).astype(int) - source).max() <= 12
    assert np.array_equal(decode_image(encode_image(source, format="png")), source)
    assert len(encode_image(source, format="jpeg", quality=30)) < len(
        encode_image(source, format="jpeg")
    )


@pytest.mark.parametrize(
    ("picture", "format", "reason"),
    [
        pytest.param(GRADIENT.astype(np.float32), "png", "float32", id="not uint8"),
        pytest.param(GRADIENT[..., 0], "png", r"\(60, 80\)", id="grey"),
        pytest.param(GRADIENT, "gif", "must be jpeg or png. Received: 'gif'", id="another format"),
    ],
)
def test_only_rgb_is_encoded(picture: Any, format: Any, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        encode_image(picture, format=format)


def test_threads_do_not_disturb_each_other() -> None:
    def right(index: int) -> bool:
        if index % 3:
            return np.array_equal(decode_image((PNG, WEBP)[index % 2]), GRADIENT)
        with pytest.raises(UnreadableImage):
            decode_image(PNG[:100])
        return True

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(right, range(300)))


def test_the_host_keeps_its_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    with pytest.raises(UnreadableImage, match="claims"):
        decode_image(webp_canvas(16_383, 16_383))
    decode_image(PNG)
    assert Image.MAX_IMAGE_PIXELS is None
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


SEEDS = [
    *(JPEG, PROGRESSIVE, PNG, WEBP, encoded(gradient("P")), encoded(gradient("RGBA"), "WEBP")),
    encoded(gradient(), "JPEG", exif=exif(6), comment=b"words"),
    encoded(gradient("CMYK"), "JPEG"),
]


def with_right_checksums(content: bytes) -> bytes:
    """So that damage gets past the checksums of a PNG, as that of an attacker would."""
    mended, start = content[:8], 8
    while start + 12 <= len(content):
        (n_bytes,) = struct.unpack_from(">I", content, start)
        mended += chunk(content[start + 4 : start + 8], content[start + 8 : start + 8 + n_bytes])
        start += 12 + n_bytes
    return mended


@settings(max_examples=400, deadline=None, derandomize=True)
@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=8)), max_size=6),
)
def test_no_damage_escapes_as_another_error(seed: bytes, damage: list[tuple[float, bytes]]) -> None:
    content = bytearray(seed)
    for place, patch in damage:
        start = int(place**2 * (len(content) - 1))  # mostly near the header
        content[start : start + len(patch)] = patch
    for broken in (bytes(content), with_right_checksums(bytes(content))):
        with contextlib.suppress(UnreadableImage):
            assert decode_image(broken).ndim == 3


def test_a_thumbnail_is_a_small_jpeg() -> None:
    wide = np.full((300, 1200, 3), 90, dtype=np.uint8)
    assert decode_image(thumbnail_jpeg(wide)).shape == (32, 128, 3)
    small = np.full((20, 10, 3), 90, dtype=np.uint8)
    assert decode_image(thumbnail_jpeg(small)).shape == (20, 10, 3)
    with pytest.raises(InvalidInput, match="`image_rgb` must be uint8"):
        thumbnail_jpeg(wide[:, :, 0])
