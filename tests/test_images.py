"""The one decoder, on pictures drawn and broken by code."""

import contextlib
import io
import os
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from maskwise import images
from maskwise.errors import InvalidInput, UnreadableImage
from maskwise.images import decode_image, encode_image, read_bytes, read_image

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


@pytest.mark.parametrize(
    ("content", "tolerance"),
    [
        pytest.param(encoded(gradient()), 0, id="png"),
        pytest.param(encoded(gradient(), "WEBP", lossless=True), 0, id="webp"),
        pytest.param(encoded(gradient(), "JPEG", quality=95), 6, id="jpeg"),
        pytest.param(
            encoded(gradient(), "JPEG", quality=95, progressive=True), 6, id="progressive"
        ),
        pytest.param(encoded(gradient("CMYK"), "JPEG", quality=95), 12, id="cmyk"),
        pytest.param(encoded(gradient("RGBA")), 0, id="opaque alpha"),
        pytest.param(encoded(gradient()) + b"junk behind", 0, id="junk behind"),
    ],
)
def test_every_encoding_gives_the_same_picture(content: bytes, tolerance: int) -> None:
    decoded = decode_image(content)
    assert decoded.dtype == np.uint8
    assert decoded.flags.c_contiguous
    assert decoded.shape == (60, 80, 3)
    assert np.abs(decoded.astype(int) - GRADIENT).max() <= tolerance


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        pytest.param(Image.new("L", (2, 1), 77), (77, 77, 77), id="grey"),
        pytest.param(Image.new("1", (2, 1), 1), (255, 255, 255), id="one bit"),
        pytest.param(Image.fromarray(np.full((1, 2), 0x4DFF, np.uint16)), (77,) * 3, id="16 bit"),
        pytest.param(Image.new("LA", (2, 1), (10, 0)), (128,) * 3, id="see-through grey"),
        pytest.param(Image.new("RGBA", (2, 1), (0, 0, 0, 0)), (128,) * 3, id="see-through"),
        pytest.param(Image.new("RGBA", (2, 1), (255, 0, 0, 51)), (153, 102, 102), id="a fifth red"),
    ],
)
def test_every_mode_becomes_rgb(picture: Image.Image, expected: tuple[int, int, int]) -> None:
    assert decode_image(encoded(picture))[0, 1].tolist() == pytest.approx(expected, abs=1)


def test_a_palette_with_a_transparent_colour_lies_on_grey() -> None:
    picture = Image.new("P", (2, 1))
    picture.putpalette([10, 20, 30, 200, 0, 0])
    picture.putpixel((1, 0), 1)
    decoded = decode_image(encoded(picture, transparency=1))
    assert decoded[0].tolist() == [[10, 20, 30], [128, 128, 128]]


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


def test_16_bit_rgb_keeps_its_high_bytes() -> None:
    row = b"\0" + struct.pack(">3H", 0x12FF, 0x80FF, 0xFFFF)
    content = png(
        (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 16, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(row)),
        (b"IEND", b""),
    )
    assert decode_image(content).tolist() == [[[0x12, 0x80, 0xFF]]]


UPRIGHT = np.repeat(np.arange(0, 240, 40, dtype=np.uint8).reshape(2, 3, 1), 3, axis=2)


@pytest.mark.parametrize(
    ("orientation", "stored"),
    [
        pytest.param(1, UPRIGHT, id="1"),
        pytest.param(2, UPRIGHT[:, ::-1], id="2"),
        pytest.param(3, UPRIGHT[::-1, ::-1], id="3"),
        pytest.param(4, UPRIGHT[::-1], id="4"),
        pytest.param(5, UPRIGHT.transpose(1, 0, 2), id="5"),
        pytest.param(6, np.rot90(UPRIGHT), id="6"),
        pytest.param(7, UPRIGHT[::-1, ::-1].transpose(1, 0, 2), id="7"),
        pytest.param(8, np.rot90(UPRIGHT, -1), id="8"),
        pytest.param(99, UPRIGHT, id="99 means nothing"),
    ],
)
def test_pictures_stand_upright(orientation: int, stored: NDArray[np.uint8]) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = Image.fromarray(np.ascontiguousarray(stored))
    assert np.array_equal(decode_image(encoded(picture, exif=exif)), UPRIGHT)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_broken_exif_does_not_spoil_the_picture() -> None:
    content = encoded(gradient(), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xffjunk")
    assert decode_image(content).shape == (60, 80, 3)


def test_only_the_first_frame_counts() -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue", "green")]
    for format in ("PNG", "WEBP"):
        content = encoded(frames[0], format, save_all=True, append_images=frames[1:])
        assert decode_image(content)[0, 0].tolist() == pytest.approx([255, 0, 0], abs=4)


def test_the_name_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "really a PNG.jpg"
    path.write_bytes(encoded(gradient()))
    for source in (path, str(path), path.read_bytes()):
        assert np.array_equal(read_image(source), GRADIENT)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"", "empty", id="empty"),
        pytest.param(encoded(gradient(), "GIF"), "a GIF", id="gif"),
        pytest.param(encoded(gradient(), "BMP"), "a BMP", id="bmp"),
        pytest.param(encoded(gradient(), "TIFF"), "a TIFF", id="tiff"),
        pytest.param(b"\0\0\0\x18ftypheic\0\0", "a HEIC picture", id="heic"),
        pytest.param(b"\0\0\0\x18ftypisom\0\0", "video", id="mp4"),
        pytest.param(b"version https://git-lfs.example/spec/v1\noid", "git lfs pull", id="lfs"),
        pytest.param(b"<!DOCTYPE html><html>", "a web page", id="html"),
        pytest.param(b'<?xml version="1.0"?>\n<svg xmlns="x">', "an SVG", id="svg"),
        pytest.param(b"%PDF-1.7", "a PDF", id="pdf"),
        pytest.param(b"PK\x03\x04", "a ZIP", id="zip"),
        pytest.param(b"\0" * 1000, "nothing but zeros", id="zeros"),
        pytest.param(b"hello", "no known kind", id="text"),
        pytest.param(b"x" + encoded(gradient(), "JPEG"), "no known kind", id="junk in front"),
    ],
)
def test_what_is_no_picture_is_called_by_its_name(content: bytes, reason: str) -> None:
    with pytest.raises(UnreadableImage, match=reason):
        decode_image(content)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_cut_pictures_are_refused(format: str, share: float) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    content = encoded(Image.fromarray(noise), format)
    with pytest.raises(UnreadableImage, match="damaged or cut off"):
        decode_image(content[: int(len(content) * share)])


def with_size(content: bytes, at: int, width: int, height: int) -> bytes:
    header = content[12:16] + struct.pack(">II", width, height) + content[24:29]
    assert at == 16
    return content[:12] + header + struct.pack(">I", zlib.crc32(header)) + content[33:]


@pytest.mark.parametrize(
    ("width", "height"),
    [(30_001, 1), (1, 30_001), (10_000, 5_001), (2**31 - 1, 2**31 - 1)],
)
def test_too_many_pixels_are_refused_by_what_the_header_claims(width: int, height: int) -> None:
    bomb = with_size(encoded(gradient()), 16, width, height)
    with pytest.raises(UnreadableImage, match=f"claims {width}x{height} pixels"):
        decode_image(bomb)


def test_a_webp_is_measured_before_its_decoder_is_asked() -> None:
    canvas = (16_383 - 1).to_bytes(3, "little") * 2
    bomb = b"RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + canvas
    with pytest.raises(UnreadableImage, match="claims 16383x16383"):
        decode_image(bomb)


def test_exactly_the_largest_sides_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "MAX_SIDE", 80)
    monkeypatch.setattr(images, "MAX_PIXELS", 60 * 80)
    assert decode_image(encoded(gradient())).shape == (60, 80, 3)
    monkeypatch.setattr(images, "MAX_PIXELS", 60 * 80 - 1)
    with pytest.raises(UnreadableImage):
        decode_image(encoded(gradient()))


def test_too_many_scans_are_refused() -> None:
    content = encoded(gradient(), "JPEG", progressive=True)
    scan = content.rindex(b"\xff\xda")
    bomb = content[:scan] + content[scan:-2] * (images.MAX_SCANS + 1) + content[-2:]
    with pytest.raises(UnreadableImage, match="more than 256 scans"):
        decode_image(bomb)


def test_too_many_bytes_are_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "huge.jpg"
    with path.open("wb") as file:
        file.truncate(5 * 2**30)
    with pytest.raises(UnreadableImage, match=r"huge\.jpg: the file has 5120 MiB"):
        read_image(path)
    with pytest.raises(UnreadableImage, match="20 MiB; accepted"):
        decode_image(bytes(images.MAX_BYTES + 1))


def test_what_is_no_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    for source, reason in (
        (tmp_path, "this is a folder"),
        (tmp_path / "pipe.jpg", "not a regular file"),
        (Path("/dev/zero"), "not a regular file"),
        (tmp_path / "missing.jpg", r"missing\.jpg: No such file"),
        (tmp_path / "a\nb.jpg", r"a\\nb\.jpg: No such file"),
        ("nul\0.jpg", "null"),
    ):
        with pytest.raises(UnreadableImage, match=reason) as caught:
            read_image(source)
        assert "\n" not in str(caught.value)


def test_other_sources_are_wrong_input() -> None:
    with pytest.raises(InvalidInput, match=r"`source` must be a path or bytes. Received: int"):
        read_image(3)  # type: ignore[arg-type]


def test_read_bytes_gives_the_very_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encoded(gradient()))
    assert read_bytes(path) == path.read_bytes()


def test_encoded_pictures_come_back_and_carry_nothing_else() -> None:
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    source = decode_image(encoded(gradient(), "JPEG", exif=exif, comment=b"secret place"))
    for format in ("jpeg", "png"):
        content = encode_image(source, format=format)
        assert b"secret" not in content
        assert b"Exif" not in content
        assert np.abs(decode_image(content).astype(int) - source).max() <= 12
    assert np.array_equal(decode_image(encode_image(source, format="png")), source)


def test_threads_do_not_disturb_each_other() -> None:
    good, bad = encoded(gradient()), encoded(gradient())[:100]

    def right(index: int) -> bool:
        if index % 3:
            return np.array_equal(decode_image(good), GRADIENT)
        with pytest.raises(UnreadableImage):
            decode_image(bad)
        return True

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(right, range(300)))


SEEDS = [
    encoded(gradient(), "JPEG"),
    encoded(gradient(), "JPEG", progressive=True),
    encoded(gradient("P")),
    encoded(gradient(), "WEBP"),
]


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=8)), max_size=6),
)
def test_no_damage_escapes_as_another_error(seed: bytes, damage: list[tuple[float, bytes]]) -> None:
    content = bytearray(seed)
    for place, patch in damage:
        start = int(place * (len(content) - 1))
        content[start : start + len(patch)] = patch
    with contextlib.suppress(UnreadableImage):
        assert decode_image(bytes(content)).ndim == 3
