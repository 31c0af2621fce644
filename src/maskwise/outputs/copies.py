"""Copies: where the files that are made of pictures go."""

import hashlib
import os
import re
import unicodedata
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path
from typing import Final

from maskwise.durable import PARTIAL_SUFFIX
from maskwise.errors import InvalidInput
from maskwise.names import legible

SUFFIX: Final = ".answer.jpg"
"""Ends the name of a copy with answers."""

_LONGEST_NAME: Final = 255  # in bytes, on most disks
_URL: Final = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)


def copy_paths(
    sources: Sequence[str], folder: Path, *, suffix: str = SUFFIX, option: str = "save"
) -> list[Path]:
    """Where the annotated copy of each picture goes: no two alike, none over a picture.

    Below `folder` the copies keep the folders that the pictures have below their common one, and
    are named after them: `a.png` becomes `a.png.answer.jpg`. A URL has no folder and is named after
    its last part, `-` after standard input. Where that would give a name that is taken, be it by
    one in other capitals, which many disks take for the same, a number is added:
    `a.png.2.answer.jpg`. The same sources in the same order always get the same paths.

    Args:
        sources: Paths, URLs or `-`; one that is named twice gets two copies.
        folder: Where the copies are to lie.
        suffix: Ends the name of each copy.
        option: Which option of the command line named `folder`.

    Raises:
        InvalidInput: A copy would take the place of one of the pictures.
    """
    places = _places(sources)
    taken = {_key(place[:end]) for place in places for end in range(1, len(place))}  # by folders
    copies = []
    for *parents, name in places:
        copy_name = _first_free(parents, name, suffix, taken)
        copies.append(folder.joinpath(*parents, copy_name))
    originals = {_key([os.path.realpath(source)]) for source in sources if _is_path(source)}
    for copy in copies:
        if _key([os.path.realpath(copy)]) in originals:
            raise InvalidInput(
                f"`{option}` must be a folder where no copy replaces a picture. "
                f"Received: {legible(folder)}, where {legible(copy)} would."
            )
    return copies


def is_copy(path: Path, folder: Path) -> bool:
    """Whether a picture is called like a copy with answers and lies below the folder of these."""
    inside = Path(os.path.realpath(folder)) in Path(os.path.realpath(path)).parents
    return inside and path.name.endswith(SUFFIX)


def _is_path(source: str) -> bool:
    return source != "-" and not _URL.match(source)


def _places(sources: Sequence[str]) -> list[Sequence[str]]:
    """The folders, below the common one, and the name of each source."""
    parts_of = {source: _parts(source) for source in sources if _is_path(source)}
    folders = [parts[:-1] for parts in parts_of.values()]
    levels = takewhile(lambda level: len(set(level)) == 1, zip(*folders, strict=False))
    n_common = len(list(levels))
    return [
        parts_of[source][n_common:] if source in parts_of else [_name_without_folder(source)]
        for source in sources
    ]


def _parts(path: str) -> list[str]:
    absolute = Path(os.path.normpath(Path(path).absolute()))  # keeps the names of links
    return [absolute.drive.strip("\\/:"), *absolute.parts[1:]]


def _name_without_folder(source: str) -> str:
    if source == "-":
        return "stdin"
    place = re.split("[?#]", _URL.sub("", source, count=1))[0]  # what follows may be secret
    host, *parts = [part for part in place.split("/") if part] or ["url"]
    name = parts[-1] if parts else host.rsplit("@")[-1]
    return re.sub(r"[^\w.-]", "_", name)


def _first_free(parents: Sequence[str], name: str, suffix: str, taken: set[str]) -> str:
    """The name of a copy that is not taken in its folder; it is then."""
    number = 1
    while True:
        copy_name = _copy_name(name, suffix if number == 1 else f".{number}{suffix}")
        key = _key([*parents, copy_name])
        if key not in taken:
            taken.add(key)
            return copy_name
        number += 1


def _copy_name(name: str, suffix: str) -> str:
    if len(os.fsencode(name + suffix + PARTIAL_SUFFIX)) > _LONGEST_NAME:
        name = hashlib.sha256(os.fsencode(name)).hexdigest()
    return name + suffix


def _key(parts: Sequence[str]) -> str:
    """What a disk that minds neither capitals nor how accents are written knows a path by."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", "/".join(parts)).casefold())
