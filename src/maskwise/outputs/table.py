"""Table: a row of CSV per face, as spreadsheets and data frames have it."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from maskwise.labels import LABELS
from maskwise.outputs.csv_text import safe, to_csv
from maskwise.outputs.outcome import Outcome

COLUMNS: Final = (
    *("source", "width", "height", "face", "x_min", "y_min", "x_max", "y_max", "label"),
    *(f"probability_{name}" for name in LABELS),
    *("detector_score", "quality", "error"),
)
"""Names of the columns. They are public and stay; later ones may follow."""


def header_row() -> str:
    """The first line, with its line end."""
    return to_csv([COLUMNS])


def to_rows(outcome: Outcome) -> str:
    """The lines of a picture, with their line ends: one per face, one if it has none or an error.

    Texts are safe in spreadsheets; see `maskwise.outputs.csv_text`.
    """
    return to_csv(_rows(outcome))


def _rows(outcome: Outcome) -> Iterator[Sequence[Any]]:
    source = safe(outcome.source)
    if outcome.faces is None or outcome.size_hw is None:
        yield _row(source=source, error=safe(outcome.error or ""))
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
