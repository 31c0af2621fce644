"""Table: a row of CSV per face, as spreadsheets and data frames have it."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from maskwise.labels import LABELS
from maskwise.outputs.outcome import Outcome

COLUMNS: Final = (
    *("source", "width", "height", "face", "x_min", "y_min", "x_max", "y_max", "label"),
    *(f"probability_{name}" for name in LABELS),
    *("detector_score", "quality", "error"),
)
"""Names of the columns. They are public and stay; later ones may follow."""

_ESCAPE: Final = "'"
_TO_ESCAPE: Final = re.compile(rf"^[=+\-@\t\r\n{_ESCAPE}]|[\ud800-\udfff]")


def header_row() -> str:
    """The first line, with its line end."""
    return _to_csv([COLUMNS])


def to_rows(outcome: Outcome) -> str:
    r"""The lines of a picture, with their line ends: one per face, one if it has none or an error.

    It is CSV as RFC 4180 has it, UTF-8, all text quoted. A text that a spreadsheet would run as a
    formula, since it begins with one of `= + - @` or a tab or line break, gets an apostrophe in
    front, as does one that begins with an apostrophe, and one with bytes that are not UTF-8. In
    these, and only these, a backslash is doubled and such a byte written like `\udce9`.
    """
    return _to_csv(_rows(outcome))


def _rows(outcome: Outcome) -> Iterator[Sequence[Any]]:
    source = _safe(outcome.source)
    if outcome.faces is None or outcome.size_hw is None:
        yield _row(source=source, error=_safe(outcome.error or ""))
        return
    height, width = outcome.size_hw
    picture = {"source": source, "width": width, "height": height}
    faces = outcome.faces.to_dicts()
    if not faces:
        yield _row(**picture)
    for number, face in enumerate(faces, start=1):
        probability = {f"probability_{name}": p for name, p in face["probability"].items()}
        yield _row(
            **picture,
            face=number,
            **dict(zip(("x_min", "y_min", "x_max", "y_max"), face["box_xyxy"], strict=True)),
            label=face["label"],
            **probability,
            detector_score=face["detector_score"],
            quality=" ".join(face.get("quality", ())),
        )


def _row(**cells: Any) -> Sequence[Any]:
    return [cells.get(name) for name in COLUMNS]


def _safe(text: str) -> str:
    if not _TO_ESCAPE.search(text):
        return text
    doubled = text.replace("\\", "\\\\")
    return _ESCAPE + doubled.encode("utf-8", "backslashreplace").decode("utf-8")


def _to_csv(rows: Iterable[Sequence[Any]]) -> str:
    file = io.StringIO(newline="")
    csv.writer(file, quoting=csv.QUOTE_NONNUMERIC).writerows(rows)
    return file.getvalue()
