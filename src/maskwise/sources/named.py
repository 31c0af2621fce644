"""Named: what people name becomes an ordered list of sources."""

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from maskwise.errors import InvalidInput, UnreadableImage
from maskwise.images import MAX_BYTES, Readable, decode_image, read_image
from maskwise.names import legible
from maskwise.sources import list_file
from maskwise.sources.folder import pictures_below
from maskwise.sources.mode import is_folder, mode_of
from maskwise.sources.pattern import is_pattern, pictures_matching
from maskwise.sources.source import Source
from maskwise.sources.url import Url, is_url

STANDARD_INPUT: Final = "-"

_Pixels = NDArray[np.uint8]
_Found = tuple[str, Path | None, Callable[[], _Pixels]]


def _download(url: str) -> bytes:
    from maskwise.sources.download import download  # what speaks http takes long to load

    return download(url)


def find_sources(
    named: Readable | Iterable[Readable],
    *,
    allow_url: bool = False,
    follow_links: bool = False,
    colour_order: Literal["rgb", "bgr"] = "rgb",
    fetch: Callable[[str], bytes] = _download,
) -> list[Source]:
    """Find the pictures that are named, without reading any.

    Each thing named gives its pictures in the order of naming: a file; a folder, with all below
    it; a pattern such as `photos/**/*.jpg`, unless a file is called just so; a list (`.txt`) with
    a path or URL per line; `-`, for the bytes of one picture on standard input; a URL of http or
    https; or a value that `read_image` accepts. What is found rather than named counts as a
    picture by the end of its name, and is listed in natural order. `docs/sources.md` has the
    details.

    Args:
        named: One or several of these.
        allow_url: Fetch URLs.
        follow_links: Follow links that lead out of a folder, and to folders.
        colour_order: How the channels of arrays are ordered.
        fetch: Gives what lies at a URL.

    Returns:
        The sources. One that does not exist or cannot be read costs only itself: it says so when
        it is read.

    Raises:
        InvalidInput: Nothing is found where something should be; a list cannot be read; a URL is
            named but not allowed, or is none that is fetched; `-` is named twice; or a value is
            none that `read_image` accepts.
    """
    things = _things(named)
    if sum(isinstance(one, str) and one == STANDARD_INPUT for one in things) > 1:
        raise InvalidInput("`-` must be named once: standard input holds one picture.")
    finder = _Finder(allow_url, follow_links, colour_order, fetch)
    found = [
        found for place, one in enumerate(things, start=1) for found in finder.find(one, place)
    ]
    keys = _keys([name for name, _, _ in found])
    return [
        Source(name, key, path, read) for key, (name, path, read) in zip(keys, found, strict=True)
    ]


def _things(named: Readable | Iterable[Readable]) -> list[Readable]:
    if isinstance(named, str | os.PathLike):
        return [named]
    if isinstance(named, bytes | bytearray | memoryview | Image.Image | np.ndarray):
        return [named]
    if not isinstance(named, Iterable):
        raise _no_source(named)
    return list(named)


@dataclass(frozen=True, slots=True)
class _Finder:
    allow_url: bool
    follow_links: bool
    colour_order: Literal["rgb", "bgr"]
    fetch: Callable[[str], bytes]

    def find(self, one: Readable, place: int) -> Iterator[_Found]:
        """What the thing named at a place, counted from 1, stands for."""
        if isinstance(one, str) and one == STANDARD_INPUT:
            yield one, None, partial(_read_as, "standard input", _read_standard_input)
        elif isinstance(one, str) and is_url(one):
            yield self._at_url(one)
        elif isinstance(one, str | os.PathLike):
            yield from self._below(os.fsdecode(one))
        elif isinstance(one, bytes | bytearray | memoryview | Image.Image | np.ndarray):
            name = f"picture {place}"
            read = partial(read_image, one, colour_order=self.colour_order)
            yield name, None, partial(_read_as, name, read)
        else:
            raise _no_source(one)

    def _below(self, text: str) -> Iterator[_Found]:
        path = Path(text)
        if not text:
            raise InvalidInput("A path must not be empty; `.` names the working folder.")
        if is_folder(path):
            for file, reason in pictures_below(path, follow_links=self.follow_links):
                yield _file(str(file), reason)
        elif not os.path.lexists(path) and is_pattern(text):
            for file in pictures_matching(text, follow_links=self.follow_links):
                yield _file(str(file))
        elif path.suffix.lower() == list_file.SUFFIX and mode_of(path):
            yield from self._listed(path)
        else:
            yield _file(text)

    def _listed(self, path: Path) -> Iterator[_Found]:
        for number, line in list_file.read_list(path):
            if not is_url(line):
                yield _file(str(path.parent / line))
                continue
            try:
                yield self._at_url(line)
            except InvalidInput as error:
                raise InvalidInput(f"{legible(path)}, line {number}: {error}") from error

    def _at_url(self, text: str) -> _Found:
        url = Url.parse(text)
        if not self.allow_url:
            raise InvalidInput(
                "A URL is only fetched if that is allowed (`allow_url`, on the command line "
                f"`--allow-url`). Received: {legible(str(url))}."
            )
        name = str(url)
        return name, None, partial(_read_url, text, name, self.fetch)


def _file(text: str, reason: str = "") -> _Found:
    """A file; with the reason, one that is known not to be readable."""
    read = partial(_refuse, text, reason) if reason else partial(read_image, text)
    return text, Path(text), read


def _read_as(name: str, read: Callable[[], _Pixels]) -> _Pixels:
    """Read, so that errors say which picture is meant."""
    try:
        return read()
    except (UnreadableImage, InvalidInput) as error:
        raise type(error)(f"{name}: {error}") from error


def _read_standard_input() -> _Pixels:
    try:
        content = sys.stdin.buffer.read(MAX_BYTES + 1)
    except (AttributeError, OSError, ValueError) as error:  # the first and last if it is closed
        raise UnreadableImage("it cannot be read") from error
    return decode_image(content)


def _read_url(url: str, shown: str, fetch: Callable[[str], bytes]) -> _Pixels:
    content = fetch(url)
    return _read_as(shown, partial(decode_image, content))


def _refuse(path: str, reason: str) -> _Pixels:
    raise UnreadableImage(f"{legible(path)}: {reason}")


def _keys(names: Sequence[str]) -> list[str]:
    """The names, those that come again with a number behind."""
    keys: dict[str, None] = {}
    times: Counter[str] = Counter()
    for name in names:
        key = name
        while key in keys:
            times[name] += 1
            key = f"{name}#{times[name] + 1}"
        keys[key] = None
    return list(keys)


def _no_source(value: object) -> InvalidInput:
    return InvalidInput(
        "A source must be a path, a URL, bytes, a picture of Pillow or a NumPy array. "
        f"Received: {type(value).__name__}."
    )
