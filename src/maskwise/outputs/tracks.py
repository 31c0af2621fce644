"""Tracks: who was seen in a video, when, where and with what, as files and programs have it."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, Protocol, Self

from maskwise.intervals import wilson
from maskwise.labels import LABELS, UNSURE, WITH_MASK, label_name, label_words
from maskwise.outputs.csv_text import safe, to_csv
from maskwise.results import Faces
from maskwise.tracking.people import Person

COLUMNS: Final = (
    *("source", "frame", "time_s", "person", "x_min", "y_min", "x_max", "y_max", "label"),
    *("label_of_look", *(f"probability_{name}" for name in LABELS)),
    *("detector_score", "quality"),
)
"""Names of the columns of a table of tracks. They are public and stay; later ones may follow."""


@dataclass(frozen=True, slots=True)
class Summary:
    """How many people wore what.

    Attributes:
        counts: How many people of each label, *unsure* (-1) among them.
        seconds: How long was watched.
    """

    counts: Mapping[int, int]
    seconds: float

    @classmethod
    def of(cls, people: Iterable[Person], seconds: float) -> Self:
        """Count people by what was said of them at last."""
        counts = dict.fromkeys((*range(len(LABELS)), UNSURE), 0)
        for person in people:
            counts[person.label] += 1
        return cls(counts, seconds)

    @property
    def n_people(self) -> int:
        """How many people there were."""
        return sum(self.counts.values())

    @property
    def n_decided(self) -> int:
        """Of how many something was said."""
        return self.n_people - self.counts[UNSURE]

    @property
    def compliance(self) -> tuple[float, float, float] | None:
        """The share with a mask worn rightly among these, and its 95 % interval; None of nobody.

        The interval is that of Wilson (1927) and takes people as independent of each other.
        """
        if not self.n_decided:
            return None
        n_masked = self.counts[WITH_MASK]
        return (n_masked / self.n_decided, *wilson(n_masked, self.n_decided))

    def to_dict(self) -> Mapping[str, Any]:
        """Plain values for JSON."""
        compliance = self.compliance
        return {
            "people": self.n_people,
            **{label_name(label): n for label, n in self.counts.items()},
            "compliance": compliance and round(compliance[0], 4),
            "compliance_95": compliance and [round(edge, 4) for edge in compliance[1:]],
            "seconds": round(self.seconds, 3),
        }

    def to_words(self) -> str:
        """For people to read."""
        said = ", ".join(f"{n} {label_words(label)}" for label, n in self.counts.items() if n)
        n = self.n_people
        words = f"{n} {'person' if n == 1 else 'people'} in {self.seconds:.1f} s"
        words += f": {said}" if said else ""
        if self.compliance is None:
            return words
        share, low, high = self.compliance
        return f"{words}; masked {share:.0%} [{low:.0%}, {high:.0%}]"


def to_line(source: str | None, values: Mapping[str, Any]) -> str:
    """A line of JSON on something in a video, or in all of them, with its line end, in ASCII."""
    named = {} if source is None else {"source": source}
    return json.dumps({**named, **values}) + "\n"


class TrackWriter(Protocol):
    """Writes the tracks of videos, one after the other, into a file."""

    def look(self, source: str, frame: int, time_s: float, answered: Faces, faces: Faces) -> None:
        """Take in a look.

        Args:
            source: The video.
            frame: Its number, from 0.
            time_s: When it is shown.
            answered: What this look alone said of its faces.
            faces: The same faces with `track_id` and what is said of each person.
        """

    def end_video(self, source: str, people: Sequence[Person], summary: Summary) -> None:
        """Take in that a video has ended, and who was in it."""

    def end(self) -> None:
        """Write what is not written yet."""


class CsvTracks:
    """A row for each face of each look, as spreadsheets and data frames have it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._write([COLUMNS])

    def look(self, source: str, frame: int, time_s: float, answered: Faces, faces: Faces) -> None:
        """Write a row for each face; see `TrackWriter`."""
        self._write(_rows(safe(source), frame, time_s, answered, faces))

    def end_video(self, source: str, people: Sequence[Person], summary: Summary) -> None:
        """Nothing is left to write."""

    def end(self) -> None:
        """Nothing is left to write."""

    def _write(self, rows: Iterable[Sequence[Any]]) -> None:
        self._file.write(to_csv(rows).encode("utf-8"))


class JsonTracks:
    """One document: of each video its summary and its people, and of each where they were."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._videos: list[Mapping[str, Any]] = []
        self._places: dict[int, list[Sequence[float]]] = {}

    def look(self, source: str, frame: int, time_s: float, answered: Faces, faces: Faces) -> None:
        """Keep where each person was; see `TrackWriter`."""
        del source, frame, answered
        for face in faces.to_dicts():
            place = [round(time_s, 3), *face["box_xyxy"]]
            self._places.setdefault(face["track_id"], []).append(place)

    def end_video(self, source: str, people: Sequence[Person], summary: Summary) -> None:
        """Put a video into the document."""
        tracks = [
            {**person.to_dict(), "times_and_boxes": self._places[person.number]}
            for person in sorted(people, key=lambda person: person.number)
        ]
        self._videos.append({"source": source, "summary": summary.to_dict(), "people": tracks})
        self._places = {}

    def end(self) -> None:
        """Write the document."""
        self._file.write(json.dumps({"videos": self._videos}, indent=1).encode("ascii"))


WRITERS: Final[Mapping[str, Callable[[BinaryIO], TrackWriter]]] = {
    ".csv": CsvTracks,
    ".json": JsonTracks,
}
"""By how the name of the file ends."""


def _rows(
    source: str, frame: int, time_s: float, answered: Faces, faces: Faces
) -> Iterator[Sequence[Any]]:
    for face, label in zip(faces.to_dicts(), answered.label.tolist(), strict=True):
        cells = {
            "source": source,
            "frame": frame,
            "time_s": round(time_s, 3),
            "person": face["track_id"],
            **dict(zip(("x_min", "y_min", "x_max", "y_max"), face["box_xyxy"], strict=True)),
            "label": face["label"],
            "label_of_look": label_name(label),
            **{f"probability_{name}": value for name, value in face["probability"].items()},
            "detector_score": face["detector_score"],
            "quality": " ".join(face.get("quality", ())),
        }
        yield [cells.get(name) for name in COLUMNS]
