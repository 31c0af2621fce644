"""Table: a CSV file with a header, its columns known by what they mean."""

import csv
import io
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from maskwise.dataset.formats.coordinates import parse_box, shorten
from maskwise.dataset.formats.tree import BadAnnotation, Tree
from maskwise.durable import write_bytes
from maskwise.errors import InvalidInput
from maskwise.preprocess import BoxXyxy

COLUMNS: Final[Mapping[str, str]] = {
    "path": "file path filename file_name filepath file_path image image_path image_name "
    "image_file img img_path picture",
    "class": "label class class_name classname label_name category category_name",
    "face": "face",
    "whole": "whole_picture",
    "left": "xmin x_min left x1 bbox_xmin box_left",
    "top": "ymin y_min top y1 bbox_ymin box_top",
    "right": "xmax x_max right x2 bbox_xmax box_right",
    "bottom": "ymax y_max bottom y2 bbox_ymax box_bottom",
    "x": "x bbox_x box_x",
    "y": "y bbox_y box_y",
    "box_width": "w bbox_width box_width bbox_w box_w",
    "box_height": "h bbox_height box_height bbox_h box_h",
    "width": "width image_width img_width",
    "height": "height image_height img_height",
}
"""Names of columns by meaning. Case does not count, spaces and hyphens are underscores.

If several columns mean the same, the name that stands first here is taken. `width` and `height`
are those of the picture; beside `x` and `y` and without `w` and `h`, those of the box. Every other
column is an attribute.
"""

_MEANING_OF: Final = {name: key for key, names in COLUMNS.items() for name in names.split()}
_RANK: Final = {name: rank for rank, name in enumerate(_MEANING_OF)}
_CORNERS: Final = ("left", "top", "right", "bottom")
_SIZED: Final = ("x", "y", "box_width", "box_height")
_ATTRIBUTE: Final = "attribute:"  # before an attribute that is called like another column
_MAX_BYTES: Final = 256 * 2**20
_MAX_CELL: Final = 131_072  # characters, as the csv module has it
_DELIMITERS: Final = ",;\t"


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table.

    Attributes:
        where: The file and the line.
        cells: What it says, by meaning, as in `COLUMNS`; empty cells are left out.
        attributes: What else it says, by the names of the columns; empty cells are left out.
    """

    where: str
    cells: Mapping[str, str]
    attributes: Mapping[str, str]

    def box_xyxy(self) -> BoxXyxy | None:
        """The box; None if it has none.

        Raises:
            ValueError: A part of it is missing or no number.
        """
        for edges in (_CORNERS, _SIZED):
            values = [self.cells.get(edge) for edge in edges]
            if any(values):
                if not all(values):
                    raise ValueError(f"the box has no {edges[values.index(None)]}")
                left, top, third, fourth = parse_box(values)
                if edges is _CORNERS:
                    return left, top, third, fourth
                return left, top, left + third, top + fourth
        return None


@dataclass(frozen=True, slots=True)
class Table:
    """A CSV file.

    Attributes:
        path: Where it lies, relative to the data folder.
        columns: What each column means; None for an attribute.
        names: What each column is called.
    """

    path: str
    columns: tuple[str | None, ...]
    names: tuple[str, ...]
    _text: str
    _delimiter: str

    @classmethod
    def read(cls, tree: Tree, path: str, known: Collection[str]) -> Self:
        """Read a table and its header.

        Commas, semicolons or tabs stand between cells: those that a column of files is found with,
        or else the most frequent. The encoding is UTF-8.

        Args:
            tree: What lies in the data folder.
            path: Where the table lies in it.
            known: What columns may mean here, as in `COLUMNS`; the others are attributes.

        Raises:
            BadAnnotation: It is too large or has no header.
        """
        text = tree.read(path, _MAX_BYTES).decode("utf-8-sig", "surrogateescape")
        headers = {delimiter: _header(text, delimiter) for delimiter in _DELIMITERS}
        delimiter, names = max(
            headers.items(), key=lambda item: ("path" in _meanings(item[1], known), len(item[1]))
        )
        if not any(names):
            raise BadAnnotation(f"{path}:1", "must begin with a line that names the columns")
        return cls(path, _meanings(names, known), names, text, delimiter)

    def rows(self) -> Iterator[Row | BadAnnotation]:
        """Yield each line that is not blank, or what is wrong with it."""
        reader = csv.reader(io.StringIO(self._text, newline=""), delimiter=self._delimiter)
        line = 0
        while True:
            begins = line + 1
            try:
                values = next(reader, None)
            except csv.Error as error:
                yield BadAnnotation(f"{self.path}:{begins}", f"is broken CSV: {error}")
                values = []
            line = reader.line_num
            if values is None:
                return
            if begins == 1 or not any(values):
                continue
            where = f"{self.path}:{begins}"
            if len(values) != len(self.names):
                yield BadAnnotation(
                    where, f"the line has {len(values)} cells instead of {len(self.names)}"
                )
            else:
                yield self._row(where, values)

    def _row(self, where: str, values: Sequence[str]) -> Row:
        cells: dict[str, str] = {}
        attributes: dict[str, str] = {}
        for column, name, value in zip(self.columns, self.names, values, strict=True):
            if not value:
                continue
            if column is not None:
                cells[column] = value
            elif name.removeprefix(_ATTRIBUTE):
                attributes.setdefault(name.removeprefix(_ATTRIBUTE), value)
        return Row(where, cells, attributes)


def _header(text: str, delimiter: str) -> tuple[str, ...]:
    try:
        header = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
    except csv.Error:
        return ()
    return tuple(name.strip() for name in header)


def _meanings(names: Sequence[str], known: Collection[str]) -> tuple[str | None, ...]:
    plain = [re.sub(r"[\s-]+", "_", name.lower()) for name in names]
    best: dict[str, str] = {}
    for name in sorted((name for name in plain if name in _RANK), key=_RANK.__getitem__):
        if _MEANING_OF[name] in known:
            best.setdefault(_MEANING_OF[name], name)
    if {"x", "y", "width", "height"} <= best.keys() and not {"box_width", "left"} & best.keys():
        best["box_width"], best["box_height"] = best.pop("width"), best.pop("height")
    meaning_of = {name: meaning for meaning, name in best.items()}
    # Of two columns of the same name, the first is meant.
    return tuple(
        meaning_of.get(name) if name not in plain[:index] else None
        for index, name in enumerate(plain)
    )


def write_table(
    path: Path, columns: Sequence[str], rows: Sequence[tuple[Sequence[str], Mapping[str, str]]]
) -> None:
    """Write a table.

    Args:
        path: The file.
        columns: What it is called and means, in order.
        rows: Of each, the cells of these columns, and attributes, which get columns of their own.

    Raises:
        InvalidInput: A cell would be too long to be read back.
        OutputFailed: It cannot be written.
    """
    names = sorted({name for _, attributes in rows for name in attributes})
    file = io.StringIO(newline="")
    writer = csv.writer(file)  # as RFC 4180 has it: of line breaks, it quotes only its own
    lines = [[*columns, *map(_column_of, names)]]
    lines += [[*cells, *(attributes.get(name, "") for name in names)] for cells, attributes in rows]
    for line in lines:
        longest = max(line, key=len)
        if len(longest) > _MAX_CELL:
            raise InvalidInput(
                f"A cell of {path.name} holds at most {_MAX_CELL} characters. Received "
                f"{len(longest)} beside {line[0]!r}: {shorten(longest)}. Shorten that attribute."
            )
        writer.writerow(line)
    write_bytes(path, file.getvalue().encode("utf-8", "surrogateescape"))


def _column_of(attribute: str) -> str:
    plain = re.sub(r"[\s-]+", "_", attribute.strip().lower())
    is_taken = plain in _MEANING_OF or attribute.startswith(_ATTRIBUTE)
    return _ATTRIBUTE + attribute if is_taken else attribute
