"""The same picture, however it is named, gives the same pixels."""

import io
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from maskwise.images import decode_image
from maskwise.sources.download import download
from maskwise.sources.named import find_sources
from pictures import draw_picture
from server import answer, serving


def as_jpeg_on_its_side() -> bytes:
    turned = Image.Exif()
    turned[0x0112] = 6
    file = io.BytesIO()
    draw_picture(1, masked=True).save(file, "JPEG", exif=turned)
    return file.getvalue()


def as_see_through_png() -> bytes:
    picture = draw_picture(2, masked=False)
    picture.putalpha(picture.getchannel("G"))
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def as_grey_png() -> bytes:
    file = io.BytesIO()
    draw_picture(3, masked=True).convert("L").save(file, "PNG")
    return file.getvalue()


def as_webp() -> bytes:
    file = io.BytesIO()
    draw_picture(4, masked=False).save(file, "WEBP")
    return file.getvalue()


CONTENTS = {
    "jpeg on its side": as_jpeg_on_its_side(),
    "see-through png": as_see_through_png(),
    "grey png": as_grey_png(),
    "webp": as_webp(),
}
Name = Callable[[bytes], Any]


def file(name: str) -> Name:
    def write(content: bytes) -> str:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(content)
        return name

    return write


def through(write: Name, named: Any) -> Name:
    """What is named once a file is written."""

    def name(content: bytes) -> Any:
        write(content)
        return named

    return name


def listed(content: bytes) -> str:
    file("photos/a b.jpg")(content)
    Path("photos/list.txt").write_text("# ours\na b.jpg\n", encoding="utf-8")
    return "photos/list.txt"


def pillow(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def loaded_pillow(content: bytes) -> Image.Image:
    picture = pillow(content)
    picture.load()
    return picture


SOURCES: dict[str, Name] = {
    "path": file("a.jpg"),
    "Path": lambda content: Path(file("a.jpg")(content)),
    "absolute path": lambda content: str(Path(file("a.jpg")(content)).absolute()),
    "several paths": lambda content: [file("a.jpg")(content)],
    "folder": through(file("photos/sub/a.jpg"), "photos"),
    "folder as Path": through(file("photos/a.jpg"), Path("photos")),
    "pattern": through(file("photos/a.jpg"), "photos/*.jpg"),
    "pattern through folders": through(file("photos/b/c/a.jpg"), "photos/**/*.jpg"),
    "list": listed,
    "standard input": lambda content: "-",
    "bytes": bytes,
    "bytearray": bytearray,
    "memoryview": memoryview,
    "picture of Pillow": pillow,
    "loaded picture of Pillow": loaded_pillow,
    "array": decode_image,
    "array that may not be written to": lambda content: np.asarray(
        Image.fromarray(decode_image(content))
    ),
    "upper case": through(file("photos/A.JPG"), "photos"),
    "no suffix": file("photo"),
    "spaces": file("my photos/a b.jpg"),
    "letters": file("Фото/ü 顔 😷.jpg"),
    "brackets": file("photos [1]/a[0-9]*?.jpg"),
    "folder with brackets": through(file("photos [1]/a.jpg"), "photos [1]"),
    "a hash": file("#a.jpg"),
    "bytes that are no text": file("a\udcff.jpg"),
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def read(named: Any, **options: Any) -> NDArray[np.uint8]:
    (source,) = find_sources(named, **options)
    return source.read_rgb()


@pytest.mark.parametrize("content", CONTENTS.values(), ids=list(CONTENTS))
@pytest.mark.parametrize("kind", SOURCES)
def test_every_source_gives_the_same_pixels(
    kind: str, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))
    pixels = read(SOURCES[kind](content))
    assert np.array_equal(pixels, decode_image(content))
    assert pixels.dtype == np.uint8
    assert pixels.flags.c_contiguous
    assert pixels.flags.writeable


@pytest.mark.parametrize("content", CONTENTS.values(), ids=list(CONTENTS))
def test_so_does_a_url(content: bytes) -> None:
    fetch = partial(download, is_allowed=lambda address: True)
    with serving(lambda target: answer(content)) as server:
        url = f"http://127.0.0.1:{server.port}/a.jpg"
        assert np.array_equal(read(url, allow_url=True, fetch=fetch), decode_image(content))
        Path("list.txt").write_text(url)
        assert np.array_equal(read("list.txt", allow_url=True, fetch=fetch), decode_image(content))


def test_so_do_arrays_in_all_their_shapes() -> None:
    rgb = decode_image(CONTENTS["jpeg on its side"])
    opaque = np.full((*rgb.shape[:2], 1), 255, np.uint8)
    assert np.array_equal(read(rgb[..., ::-1], colour_order="bgr"), rgb)
    assert np.array_equal(read(np.dstack([rgb, opaque])), rgb)
    assert np.array_equal(read(np.dstack([rgb[..., ::-1], opaque]), colour_order="bgr"), rgb)
    assert np.array_equal(read(rgb[..., 0]), np.repeat(rgb[..., :1], 3, axis=2))
    see_through = np.asarray(Image.open(io.BytesIO(CONTENTS["see-through png"])))
    assert np.array_equal(read(see_through), decode_image(CONTENTS["see-through png"]))
