"""CSV: a table with a line for each face; `table.COLUMNS` has the names of its columns."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from maskwise.dataset.formats.annotated import AnnotatedPicture
from maskwise.dataset.formats.coordinates import format_coordinate, parse_coordinate
from maskwise.dataset.formats.listing import ClassOf, Listing
from maskwise.dataset.formats.table import COLUMNS, Row, Table, write_table
from maskwise.dataset.formats.tree import BadAnnotation, NoSuchPicture, Tree
from maskwise.dataset.samples import Candidate
from maskwise.labels import LABELS

_KNOWN: Final = COLUMNS.keys() - {"face", "whole"}  # those belong to a manifest
_WRITTEN: Final = ("file", "label", "xmin", "ymin", "xmax", "ymax", "width", "height")


def find_csv(tree: Tree) -> list[str]:
    """The CSV files in the data folder itself that name pictures and classes."""
    found = []
    for path in tree.named(".csv"):
        try:
            if "/" not in path and {"path", "class"} <= {*Table.read(tree, path, _KNOWN).columns}:
                found.append(path)
        except BadAnnotation:
            continue
    return found


def list_csv(tree: Tree, class_of: ClassOf, file: str) -> Listing:
    """Find every face that a table tells of.

    A line without a box speaks of the whole picture; one without class and box says that the
    picture shows no face. What no column is known for becomes an attribute.

    Args:
        tree: What lies in the data folder.
        class_of: From the name of a class to its number.
        file: The table, relative to the data folder.
    """
    listing = Listing(problems=list(tree.problems))
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
            else:
                _list_row(tree, row, class_of, listing)
    except BadAnnotation as error:
        listing.problems.append(error.problem)
    listing.finish(tree)
    return listing


def _list_row(tree: Tree, row: Row, class_of: ClassOf, listing: Listing) -> None:
    try:
        picture = tree.find(row.cells.get("path", ""))
        box = row.box_xyxy()
        size_hw = _size_hw(row)
    except (NoSuchPicture, ValueError) as error:
        listing.complain(row.where, f"{error}: the line is not used")
        return
    name = row.cells.get("class", "")
    label = class_of(name)
    if label is not None:
        listing.candidates.append(
            Candidate(picture, label, box, row.attributes, size_hw, row.where)
        )
    elif name:
        listing.leave_out(name, row.where)
    elif box is None:
        listing.faceless.append(picture)
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
            rows.append(([picture.path, *[""] * 5, *size], {}))
        for face in picture.faces:
            box = ["" for _ in range(4)]
            if face.box_xyxy is not None:
                box = [format_coordinate(edge) for edge in face.box_xyxy]
            rows.append(([picture.path, LABELS[face.label], *box, *size], face.attributes))
    write_table(root / "annotations.csv", _WRITTEN, rows)
