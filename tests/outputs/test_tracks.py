"""Tracks and summaries say what was seen, in CSV and JSON."""

import csv
import io
import json

import pytest

from looks import look, person
from maskwise.labels import INCORRECT, UNSURE, WITH_MASK, WITHOUT_MASK
from maskwise.outputs.tracks import COLUMNS, CsvTracks, JsonTracks, Summary, TrackWriter, to_line
from maskwise.tracking.people import People


def test_a_summary_counts_people_by_what_was_said_at_last() -> None:
    labels = [WITH_MASK] * 6 + [WITHOUT_MASK] * 2 + [UNSURE, INCORRECT]
    summary = Summary.of([person(n, label) for n, label in enumerate(labels)], 12.3456)
    said = summary.to_dict()
    assert said == {
        "people": 10,
        "without_mask": 2,
        "with_mask": 6,
        "incorrect": 1,
        "unsure": 1,
        "compliance": pytest.approx(6 / 9, abs=1e-4),
        "compliance_95": [pytest.approx(0.354, abs=1e-3), pytest.approx(0.879, abs=1e-3)],
        "seconds": 12.346,
    }
    assert summary.to_words() == (
        "10 people in 12.3 s: 2 no mask, 6 mask, 1 mask worn wrongly, 1 unsure; "
        "masked 67% [35%, 88%]"
    )


def test_a_summary_of_nobody_claims_nothing() -> None:
    summary = Summary.of([], 3.0)
    assert summary.to_dict()["compliance"] is None
    assert summary.to_words() == "0 people in 3.0 s"


def test_a_line_holds_any_name() -> None:
    line = to_line("a\n\udce9.mp4", {"people": 1})
    assert line.count("\n") == 1
    assert json.loads(line) == {"source": "a\n\udce9.mp4", "people": 1}


def write(writer: TrackWriter) -> None:
    people = People()
    for index in range(5):
        answered = look((0, WITH_MASK), (100, UNSURE))
        faces = people.update(answered, index / 10)
        writer.look("=a.mp4", 3 * index, index / 10, answered, faces)
    everybody = list(people.leave())
    writer.end_video("=a.mp4", everybody, Summary.of(everybody, 0.5))
    writer.end()


def test_a_table_has_a_row_for_each_face_of_each_look() -> None:
    file = io.BytesIO()
    write(CsvTracks(file))
    rows = list(csv.DictReader(io.StringIO(file.getvalue().decode(), newline="")))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == 10
    last = rows[-2]
    assert (last["source"], last["frame"], last["time_s"], last["person"]) == (
        *("'=a.mp4", "12", "0.4", "1"),
    )
    assert (rows[0]["label"], rows[0]["label_of_look"]) == ("unsure", "with_mask")
    assert (last["label"], last["x_max"]) == ("with_mask", "40.0")


def test_a_document_has_everybody_and_where_they_were() -> None:
    file = io.BytesIO()
    write(JsonTracks(file))
    (video,) = json.loads(file.getvalue())["videos"]
    assert video["source"] == "=a.mp4"
    assert video["summary"]["people"] == 2
    first, second = video["people"]
    assert (first["label"], second["label"]) == ("with_mask", "unsure")
    assert first["times_and_boxes"][1] == [0.1, 0.0, 0.0, 40.0, 40.0]
    assert len(second["times_and_boxes"]) == 5
