"""Answers: what came of the pictures of a part, as one Parquet file.

OUT/answers/000000/000000041.parquet holds the answers of part 41: a row for each picture, followed
by a row for each of its faces. `docs/score.md` describes the columns.
"""

import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

import pyarrow as pa
import pyarrow.parquet as pq

from maskwise.distributed.stores.store import join, open_store
from maskwise.errors import InvalidInput, UnreadableImage
from maskwise.labels import LABELS
from maskwise.names import legible

SCHEMA: Final = pa.schema(
    [
        pa.field("row", pa.dictionary(pa.int8(), pa.string()), nullable=False),
        pa.field("part", pa.int32(), nullable=False),
        pa.field("place", pa.int32(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("width", pa.int32()),
        pa.field("height", pa.int32()),
        pa.field("faces", pa.int32()),
        pa.field("error", pa.string()),
        pa.field("face", pa.int32()),
        *(pa.field(f"{edge}_{side}", pa.float32()) for side in ("min", "max") for edge in "xy"),
        pa.field("label", pa.dictionary(pa.int8(), pa.string())),
        *(pa.field(f"probability_{name}", pa.float32()) for name in LABELS),
        pa.field("detector_score", pa.float32()),
        pa.field("quality", pa.string()),
    ]
)
"""Names and types of the columns. They are public and stay; later ones may follow."""

_PARTS_A_FOLDER: Final = 1000
_TOTALS: Final = b"maskwise"


@dataclass(frozen=True, slots=True)
class Totals:
    """What came of many pictures, in numbers.

    Attributes:
        pictures: How many there are.
        errors: How many of them could not be read.
        faces: How many faces the others show.
        labels: How many faces have each answer, by its name.
    """

    pictures: int = 0
    errors: int = 0
    faces: int = 0
    labels: Mapping[str, int] = field(default_factory=dict)

    @property
    def error_share(self) -> float:
        """How many of the pictures could not be read, 0 to 1."""
        return self.errors / self.pictures if self.pictures else 0.0

    def __add__(self, other: "Totals") -> "Totals":
        labels = Counter(self.labels) + Counter(other.labels)
        return Totals(
            self.pictures + other.pictures,
            self.errors + other.errors,
            self.faces + other.faces,
            dict(sorted(labels.items())),
        )

    def to_dict(self) -> Mapping[str, Any]:
        """Plain values for JSON."""
        return {
            **{"pictures": self.pictures, "errors": self.errors, "faces": self.faces},
            "labels": dict(self.labels),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The totals that `to_dict` described.

        Raises:
            KeyError, TypeError, ValueError: These are none.
        """
        labels = {str(name): int(n) for name, n in values["labels"].items()}
        return cls(int(values["pictures"]), int(values["errors"]), int(values["faces"]), labels)


def write_answers(folder: str, part: int, outcomes: Sequence[Mapping[str, Any]]) -> Totals:
    """Write what came of the pictures of a part, whole or not at all.

    The same outcomes give the same bytes, so it does no harm if two write them.

    Args:
        folder: The address of all answers.
        part: Its number.
        outcomes: Of each of its pictures, in order, as `Outcome.to_dict` tells them.

    Raises:
        OutputFailed: They cannot be written.
    """
    totals = _count(outcomes)
    rows = [row for place, one in enumerate(outcomes) for row in _rows(part, place, one)]
    table = pa.Table.from_pylist(rows, schema=SCHEMA)
    told = {_TOTALS: json.dumps(totals.to_dict()).encode()}
    content = io.BytesIO()
    pq.write_table(table.replace_schema_metadata(told), content, compression="zstd")
    address = answers_address(folder, part)
    open_store(address).write(address, content.getvalue())
    return totals


def read_totals(folder: str, part: int) -> Totals:
    """What stands in the answers of a part.

    Raises:
        InvalidInput: They are missing or damaged.
        StoreFailed: They cannot be reached.
    """
    address = answers_address(folder, part)
    try:
        with open_store(address).open(address) as file:
            told = pq.read_schema(file).metadata[_TOTALS]
        return Totals.from_dict(json.loads(told))
    except (pa.ArrowException, OSError, UnreadableImage, KeyError, TypeError, ValueError) as error:
        raise InvalidInput(
            f"{legible(address)} is missing or damaged. Remove it, and run the same command again."
        ) from error


def parts_answered(folder: str) -> Iterator[int]:
    """The numbers of the parts that have answers.

    Raises:
        StoreFailed: They cannot be listed.
    """
    store = open_store(folder)
    if store.is_folder(folder):
        for address in store.walk(folder):
            name = address.rpartition("/")[2].removesuffix(".parquet")
            if name.isascii() and name.isdigit():
                yield int(name)


def answers_address(folder: str, part: int) -> str:
    """Where the answers of a part lie."""
    return join(folder, f"{part // _PARTS_A_FOLDER:06d}/{part:09d}.parquet")


def _count(outcomes: Sequence[Mapping[str, Any]]) -> Totals:
    faces = [face for one in outcomes for face in one.get("faces", ())]
    labels = Counter(face["label"] for face in faces)
    n_errors = sum("error" in one for one in outcomes)
    return Totals(len(outcomes), n_errors, len(faces), dict(sorted(labels.items())))


def _rows(part: int, place: int, outcome: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    of = {"part": part, "place": place, "source": _as_text(outcome["source"])}
    if "error" in outcome:
        yield {"row": "picture", **of, "error": legible(outcome["error"])}
        return
    faces = outcome["faces"]
    size = {"width": outcome["width"], "height": outcome["height"]}
    yield {"row": "picture", **of, **size, "faces": len(faces)}
    for number, face in enumerate(faces, start=1):
        yield {
            "row": "face",
            **of,
            **size,
            "face": number,
            **dict(zip(("x_min", "y_min", "x_max", "y_max"), face["box_xyxy"], strict=True)),
            "label": face["label"],
            **{f"probability_{name}": p for name, p in face["probability"].items()},
            "detector_score": face["detector_score"],
            "quality": " ".join(face.get("quality", ())) or None,
        }


def _as_text(name: str) -> str:
    # A Parquet holds UTF-8 alone; other names are written with escapes.
    try:
        name.encode()
    except UnicodeEncodeError:
        return legible(name)
    return name
