"""Manifest: `manifest.csv`, a table of what annotation files have no place for.

It may lie in the data folder beside annotations of any format, or beside class folders. A line
speaks of one picture (column `file`) or one face of it (column `face`, counted from 1 in the order
of the annotation, with those that cannot be used). `whole_picture` is 1 if the face has no box of
its own and fills the picture. Every other column is an attribute. So the annotation files that are
written hold what every tool understands, pictures, classes, boxes and sides, and nothing else is
lost, in any format.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from maskwise.dataset.formats.annotated import AnnotatedPicture
from maskwise.dataset.formats.listing import ClassOf, Listing
from maskwise.dataset.formats.table import Row, Table, write_table
from maskwise.dataset.formats.tree import BadAnnotation, NoSuchPicture, Tree
from maskwise.labels import LABELS

MANIFEST: Final = "manifest.csv"

_KNOWN: Final = ("path", "class", "face", "whole")


def add_manifest(tree: Tree, listing: Listing, class_of: ClassOf) -> None:
    """Add to each face, and picture without one, what the manifest says of it, if there is one.

    Where the class of a line contradicts the annotation or folder, the line is not used.

    Args:
        tree: What lies in the data folder.
        listing: What its annotations or folders say; its attributes are changed.
        class_of: From the name of a class to its number.
    """
    if MANIFEST not in tree.annotations:
        return
    try:
        table = Table.read(tree, MANIFEST, _KNOWN)
        if "path" not in table.columns:
            raise BadAnnotation(f"{MANIFEST}:1", "has no column `file`: not used")
    except BadAnnotation as error:
        listing.problems.append(error.problem)
        listing.finish(tree)
        return
    faces_of = defaultdict(list)
    for index, candidate in enumerate(listing.candidates):
        faces_of[candidate.path].append(index)
    said: dict[int | str, str] = {}
    for row in table.rows():
        if isinstance(row, BadAnnotation):
            listing.problems.append(row.problem)
            continue
        try:
            picture = tree.find(row.cells.get("path", ""))
            if picture in listing.faceless:
                _add_to_picture(row, picture, said, listing, class_of)
            else:
                _add(row, _faces(row, faces_of[picture], listing), said, listing, class_of)
        except (NoSuchPicture, ValueError) as error:
            listing.complain(row.where, f"{error}: the line is not used")
    listing.finish(tree)


def _add_to_picture(
    row: Row, picture: str, said: dict[int | str, str], listing: Listing, class_of: ClassOf
) -> None:
    if "face" in row.cells or class_of(row.cells.get("class", "")) is not None:
        raise ValueError(f"speaks of a face, but {picture!r} is said to show none")
    _require_first(row, picture, said)
    listing.faceless[picture] = {**listing.faceless[picture], **row.attributes}


def _require_first(row: Row, key: int | str, said: dict[int | str, str]) -> None:
    if said.setdefault(key, row.where) != row.where:
        raise ValueError(f"the same face or picture is spoken of in {said[key]}")


def _faces(row: Row, indices: Sequence[int], listing: Listing) -> Sequence[int]:
    """Which of the faces of a picture a line speaks of."""
    number = row.cells.get("face", "")
    if not number:
        return indices
    by_number = {str(listing.candidates[index].number): index for index in indices}
    if number not in by_number:
        raise ValueError(f"none of the {len(indices)} faces that are used is number {number!r}")
    return [by_number[number]]


def _add(
    row: Row,
    faces: Sequence[int],
    said: dict[int | str, str],
    listing: Listing,
    class_of: ClassOf,
) -> None:
    label = class_of(row.cells.get("class", ""))
    for index in faces:
        candidate = listing.candidates[index]
        if label is not None and label != candidate.label:
            raise ValueError(
                f"calls {candidate.path!r} {LABELS[label]}, but it is {LABELS[candidate.label]}"
            )
        _require_first(row, index, said)
        listing.candidates[index] = replace(
            candidate,
            box_xyxy=None if row.cells.get("whole") == "1" else candidate.box_xyxy,
            attributes={**candidate.attributes, **row.attributes},
        )


def write_manifest(
    root: Path, pictures: Sequence[AnnotatedPicture], *, in_class_folders: bool = False
) -> None:
    """Write `manifest.csv`, if there is something to say.

    Args:
        root: The data folder.
        pictures: What is to be said of them.
        in_class_folders: Whether they lie in class folders, each with a single face that fills it.
    """
    columns = ["file", "label"] if in_class_folders else ["file", "face", "whole_picture"]
    rows: list[tuple[Sequence[str], Mapping[str, str]]] = []
    for picture in pictures:
        if picture.attributes and not picture.faces:
            rows.append(((picture.path, *[""] * (len(columns) - 1)), picture.attributes))
        for number, face in enumerate(picture.faces, start=1):
            whole = "" if face.box_xyxy else "1"
            cells = (LABELS[face.label],) if in_class_folders else (str(number), whole)
            rows.append(((picture.path, *cells), face.attributes))
    has_whole = not in_class_folders and any(cells[-1] for cells, _ in rows)
    if has_whole or any(attributes for _, attributes in rows):
        write_table(root / MANIFEST, columns, rows)
