import csv
import io
import re
from pathlib import Path

import pytest

from maskwise.outputs.outcome import Outcome
from maskwise.outputs.table import COLUMNS, header_row, to_rows
from outcomes import ODD_NAMES, some_outcomes

FORMULA = tuple("=+-@\t\r\n")


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def original(cell: str) -> str:
    """What docs/outputs.md says of how to get a text back."""
    if not cell.startswith("'"):
        return cell
    return re.sub(
        r"\\(\\|u([0-9a-f]{4}))", lambda m: chr(int(m[2], 16)) if m[2] else "\\", cell[1:]
    )


def everything() -> str:
    return header_row() + "".join(map(to_rows, some_outcomes()))


def test_each_face_has_a_row_and_each_picture_at_least_one() -> None:
    one, two, three, empty, bad = read(everything())
    assert [row["face"] for row in (one, two, three)] == ["1", "2", "3"]
    assert {row["source"] for row in (one, two, three)} == {"a/street.jpg"}
    edges = [float(one[edge]) for edge in ("x_min", "y_min", "x_max", "y_max")]
    assert edges == [10, 20, 42.12, 60.5]
    assert (one["width"], one["height"], one["label"]) == ("120", "100", "with_mask")
    assert [float(two[f"probability_{name}"]) for name in ("incorrect", "with_mask")] == [0.7, 0.1]
    assert (three["label"], three["quality"]) == ("unsure", "too_small cut_off")
    assert empty["source"] == "a/empty.png"
    assert not empty["face"] + empty["label"] + empty["error"]
    assert bad["error"] == "bad.jpg: this is a text; save the picture as JPEG"
    assert not bad["width"] + bad["face"]


def test_data_frames_read_numbers_as_numbers() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.read_csv(io.StringIO(everything()))
    assert tuple(frame.columns) == COLUMNS
    assert frame["x_max"].dtype == frame["detector_score"].dtype == "float64"
    assert frame["probability_with_mask"].sum() == pytest.approx(1.4)
    assert frame["error"].notna().sum() == 1


@pytest.mark.parametrize("name", ODD_NAMES, ids=ascii)
def test_every_name_survives_and_none_is_run_as_a_formula(name: str, tmp_path: Path) -> None:
    outcomes = [Outcome(name, error=name), Outcome("plain.jpg", error="no")]
    path = tmp_path / "answers.csv"
    path.write_bytes((header_row() + "".join(map(to_rows, outcomes))).encode("utf-8"))
    odd, plain = read(path.read_bytes().decode("utf-8"))
    for cell in (odd["source"], odd["error"]):
        assert not cell.startswith(FORMULA)
        assert original(cell) == name
    assert plain["source"] == "plain.jpg"


def test_ordinary_names_stand_as_they_are() -> None:
    for name in ("C:\\photos\\a b.jpg", "Straße-口罩.jpg", "a=b-c.jpg", "https://x.org/a.jpg"):
        (row,) = read(header_row() + to_rows(Outcome(name, error="no")))
        assert row["source"] == name
