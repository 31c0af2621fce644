"""Sides: which pictures a data set wants trained on, watched and judged on."""

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from maskwise.dataset.formats.coordinates import shorten
from maskwise.dataset.formats.listing import Listing
from maskwise.dataset.formats.tree import BadAnnotation, Tree
from maskwise.durable import write_bytes
from maskwise.errors import InvalidInput

SIDES: Final = ("train", "validation", "test")
"""Values of the attribute `side`."""

FILE_NAMES: Final = {"train": "train", "validation": "val", "test": "test"}
"""How the files are called that list or hold a side."""

_COLUMNS: Final = ("side", "split", "subset")
_MAX_LIST_BYTES: Final = 64 * 2**20
_WORDS: Final = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
}


def side_named(path: str) -> str | None:
    """The side that the name of a file, or of the folders that it is in, speaks of.

    >>> side_named("annotations/instances_train2017.json"), side_named("coco.json")
    ('train', None)
    """
    words = re.split(r"[^a-z]+", path.lower())
    return next((_WORDS[word] for word in reversed(words) if word in _WORDS), None)


def read_names(tree: Tree, path: str, listing: Listing) -> Iterator[tuple[int, str]]:
    """The names in a list of pictures, with the number of their line; none if it is unreadable."""
    try:
        text = tree.read(path, _MAX_LIST_BYTES).decode("utf-8-sig", "surrogateescape")
    except BadAnnotation as error:
        listing.problems.append(error.problem)
        return
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield number, line.removesuffix("\r")


def write_names(path: Path, names: Sequence[str]) -> None:
    """Write a list of pictures, a line each.

    Raises:
        InvalidInput: A name does not fit on a line.
        OutputFailed: The list cannot be written.
    """
    for name in names:
        if "\n" in name or name.endswith("\r") or not name.strip():
            raise InvalidInput(
                f"`format` voc and yolo list the pictures of a side by name, a line each. "
                f"Received: {name!r}. Rename that picture, or choose coco or csv."
            )
    write_bytes(path, "".join(f"{name}\n" for name in names).encode("utf-8", "surrogateescape"))


@dataclass(slots=True)
class SideBook:
    """Which sides each picture is listed on."""

    _sides_of: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def put(self, path: str, side: str) -> None:
        """Note that a picture is listed on a side."""
        self._sides_of[path].add(side)

    def add_to(self, listing: Listing, where: str) -> None:
        """Give each face, and picture without one, the attribute `side` that it is listed on.

        A data set of a single side is not split. A picture on two sides is given none.

        Args:
            listing: Its attributes are changed.
            where: What is named if pictures stand on two sides.
        """
        if len(set().union(*self._sides_of.values())) < 2:
            return
        side_of = {path: min(sides) for path, sides in self._sides_of.items() if len(sides) == 1}
        torn = sorted(set(self._sides_of) - set(side_of))
        if torn and side_of:  # if all are, as with `val` the same folder as `train`, none is split
            listing.complain(
                where,
                f"{len(torn)} pictures are on two sides of the split, among them {torn[0]!r}: "
                "they are taken as on none",
            )
        listing.revise(
            lambda path, said: {"side": side_of[path], **said} if path in side_of else said
        )


def add_named_sides(listing: Listing) -> None:
    """Give each face, and picture without one, the `side` that its columns or folders name.

    An attribute `side`, `split` or `subset` speaks of sides if any of its values does; its other
    values are problems. A data set of a single side is not split.

    Args:
        listing: Its attributes are changed.
    """
    said = [(face.path, face.where, face.attributes) for face in listing.candidates]
    said += [(path, path, attributes) for path, attributes in listing.faceless.items()]
    columns = [
        name
        for name in _COLUMNS
        if any(_side_called(attributes.get(name)) for *_, attributes in said)
    ]
    for name in columns:
        _complain_of_other_words(name, said, listing)

    def side_of(path: str, attributes: Mapping[str, str]) -> str | None:
        called = (_side_called(attributes.get(name)) for name in columns)
        return next(filter(None, called), None) or side_named(posixpath.dirname(path))

    def with_side(path: str, attributes: Mapping[str, str]) -> Mapping[str, str]:
        side = side_of(path, attributes)
        return {**attributes, "side": side} if side else attributes

    if len({side_of(path, attributes) for path, _, attributes in said} - {None}) > 1:
        listing.revise(with_side)


def _side_called(word: str | None) -> str | None:
    return _WORDS.get((word or "").strip().lower())


def _complain_of_other_words(
    name: str, said: Sequence[tuple[str, str, Mapping[str, str]]], listing: Listing
) -> None:
    places_of = defaultdict(list)
    for path, where, attributes in said:
        if name in attributes and not _side_called(attributes[name]):
            places_of[attributes[name]].append(where or path)
    for word, places in places_of.items():
        listing.complain(
            places[0],
            f"the {name} {shorten(word)}, of {len(places)} faces or pictures, is none of "
            f"{', '.join(SIDES)}: it does not count",
        )
