import json
import os
from pathlib import Path

import pytest

from maskwise.errors import InvalidInput, OutputFailed
from maskwise.outputs.lines import appending, read_lines, to_line
from maskwise.outputs.outcome import Outcome
from outcomes import ODD_NAMES, some_outcomes


def test_lines_read_back_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    with appending(path) as add:
        for outcome in some_outcomes():
            add(outcome)
            assert list(map(to_line, read_lines(path)))[-1] == to_line(outcome)
    assert list(map(to_line, read_lines(path))) == list(map(to_line, some_outcomes()))


@pytest.mark.parametrize("name", ODD_NAMES, ids=ascii)
def test_every_name_survives_on_one_line(name: str) -> None:
    line = to_line(Outcome(name, error=f"{name}: no"))
    assert line.isascii()
    assert line.count("\n") == 1
    assert os.fsencode(json.loads(line)["source"]) == os.fsencode(name)


def test_a_missing_file_holds_nothing(tmp_path: Path) -> None:
    assert list(read_lines(tmp_path / "none.jsonl")) == []


def test_wherever_a_kill_cuts_whole_lines_are_kept_and_going_on_gives_the_same_file(
    tmp_path: Path,
) -> None:
    path = tmp_path / "answers.jsonl"
    outcomes = some_outcomes()
    lines = [to_line(outcome).encode() for outcome in outcomes]
    whole = b"".join(lines)
    for end in range(0, len(whole) + 1, 7):
        path.write_bytes(whole[:end])
        n_kept = len(list(read_lines(path)))
        assert n_kept == whole[:end].count(b"\n")
        with appending(path) as add:
            for outcome in outcomes[n_kept:]:
                add(outcome)
        assert path.read_bytes() == whole


def test_a_line_of_something_else_is_named(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    for foreign in ("[1, 2]", "no JSON", '{"source": "a.jpg"}', "[" * 100_000):
        path.write_text(to_line(some_outcomes()[0]) + foreign + "\n")
        with pytest.raises(InvalidInput, match=r"answers\.jsonl:2 is no line of maskwise"):
            list(read_lines(path))


def test_what_cannot_be_read_or_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="Could not read"):
        list(read_lines(tmp_path))
    with pytest.raises(OutputFailed), appending(tmp_path / "no" / "answers.jsonl"):
        pass
