"""CSV: tables with a line for each face; `table.COLUMNS` has the names of its columns."""

import posixpath
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from maskwise.dataset.formats.annotated import AnnotatedPicture
from maskwise.dataset.formats.coordinates import format_coordinate, parse_coordinate
from maskwise.dataset.formats.listing import ClassOf, Listing
from maskwise.dataset.formats.sides import SideBook, side_named
from maskwise.dataset.formats.table import COLUMNS, Row, Table, write_table
from maskwise.dataset.formats.tree import BadAnnotation, NoSuchPicture, Tree
from maskwise.dataset.samples import Candidate
from maskwise.labels import LABELS

_KNOWN: Final = COLUMNS.keys() - {"face", "whole"}  # those belong to a manifest
_WRITTEN: Final = ("file", "label", "xmin", "ymin", "xmax", "ymax", "width", "height")


def find_csv(tree: Tree) -> list[str]:
    """The CSV files of pictures and classes, in the data folder itself or with a side's name."""
    found = []
    for path in tree.named(".csv"):
        if "/" in path and side_named(path) is None:
            continue
        try:
            if {"path", "class"} <= {*Table.read(tree, path, _KNOWN).columns}:
                found.append(path)
        except BadAnnotation:
            continue
    return found


def list_csv(tree: Tree, class_of: ClassOf, files: Sequence[str]) -> Listing:
    """Find every face that tables tell of.

    A line without a box speaks of the whole picture; one without class and box says that the
    picture shows no face. What no column is known for becomes an attribute, as does the `side`
    that the name of a file speaks of.

    Args:
        tree: What lies in the data folder.
        class_of: From the name of a class to its number.
        files: The tables, relative to the data folder.
    """
    listing = Listing(problems=list(tree.problems))
    book = SideBook()
    for file in files:
        _list_table(tree, file, class_of, book, listing)
    book.add_to(listing, files[0] if files else "")
    listing.finish(tree)
    return listing


def _list_table(tree: Tree, file: str, class_of: ClassOf, book: SideBook, listing: Listing) -> None:
    side = side_named(file)
    lines_of: Counter[str] = Counter()
    try:
        table = Table.read(tree, file, _KNOWN)
        for column in ("path", "class"):
            if column not in table.columns:
                raise BadAnnotation(
                    f"{file}:1",
                    f"no column is called as that of the {column} would be; there are "
                    f"{', '.join(table.names)}",
                )
        for row in table.rows():
            if isinstance(row, BadAnnotation):
                listing.problems.append(row.problem)
                continue
            try:
                picture = tree.find(row.cells.get("path", ""), posixpath.dirname(file))
            except NoSuchPicture as error:
                listing.complain(row.where, f"{error}: the line is not used")
                continue
            lines_of[picture] += 1
            _list_row(picture, row, lines_of[picture], class_of, listing)
            if side is not None:
                book.put(picture, side)
    except BadAnnotation as error:
        listing.problems.append(error.problem)


def _list_row(picture: str, row: Row, number: int, class_of: ClassOf, listing: Listing) -> None:
    try:
        box = row.box_xyxy()
        size_hw = _size_hw(row)
    except ValueError as error:
        listing.complain(row.where, f"{error}: the line is not used")
        return
    name = row.cells.get("class", "")
    label = class_of(name)
    if label is not None:
        listing.candidates.append(
            Candidate(picture, label, box, row.attributes, size_hw, row.where, number)
        )
    elif name:
        listing.leave_out(name, row.where)
    elif box is None:
        listing.faceless[picture] = row.attributes
    else:
        listing.complain(row.where, "the box has no class: the line is not used")


def _size_hw(row: Row) -> tuple[int, int] | None:
    if "width" not in row.cells or "height" not in row.cells:
        return None
    height, width = (parse_coordinate(row.cells[edge]) for edge in ("height", "width"))
    return (int(height), int(width)) if height > 0 and width > 0 else None


def write_csv(root: Path, pictures: Sequence[AnnotatedPicture]) -> None:
    """Write `annotations.csv`, which holds everything.

    Args:
        root: The data folder.
        pictures: What is to be said of them.
    """
    rows: list[tuple[Sequence[str], Mapping[str, str]]] = []
    for picture in pictures:
        size = [str(edge) for edge in reversed(picture.size_hw)]
        if not picture.faces:
            rows.append(([picture.path, *[""] * 5, *size], picture.attributes))
        for face in picture.faces:
            box = ["" for _ in range(4)]
            if face.box_xyxy is not None:
                box = [format_coordinate(edge) for edge in face.box_xyxy]
            rows.append(([picture.path, LABELS[face.label], *box, *size], face.attributes))
    write_table(root / "annotations.csv", _WRITTEN, rows)
