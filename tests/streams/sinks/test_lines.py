"""A file of events is whole after kills and full disks, and does not grow without end."""

import errno
import json
import os
from pathlib import Path

import pytest

from maskwise.streams.event import Event
from maskwise.streams.sinks.lines import LinesSink


def event(number: int) -> Event:
    return Event("person_with_mask", "door", {"person": number})


def numbers(path: Path) -> list[int]:
    return [json.loads(line)["person"] for line in path.read_text().splitlines()]


def test_each_event_is_a_line_at_once(tmp_path: Path) -> None:
    path = tmp_path / "new" / "events.jsonl"
    sink = LinesSink(path, max_bytes=10**6, keep=2)
    for number in range(3):
        sink.write(event(number))
        assert numbers(path) == list(range(number + 1))
    first = json.loads(path.read_text().splitlines()[0])
    assert first["event"] == "person_with_mask"
    assert first["camera"] == "door"
    assert first["time"].endswith("+00:00")
    assert sink.trouble == ""


def test_it_is_turned_over_and_the_oldest_goes(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    sink = LinesSink(path, max_bytes=600, keep=2)
    for number in range(30):
        sink.write(event(number))
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["events.jsonl", "events.jsonl.1", "events.jsonl.2"]
    assert all(file.stat().st_size <= 600 for file in files)
    kept = [number for file in reversed(files) for number in numbers(file)]
    assert kept == list(range(kept[0], 30))


def test_without_older_ones_only_the_file_stays(tmp_path: Path) -> None:
    sink = LinesSink(tmp_path / "events.jsonl", max_bytes=300, keep=0)
    for number in range(10):
        sink.write(event(number))
    assert len(list(tmp_path.iterdir())) == 1
    assert numbers(tmp_path / "events.jsonl")[-1] == 9


def test_half_a_line_of_a_kill_goes_and_the_rest_stays(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    LinesSink(path, max_bytes=10**6, keep=0).write(event(0))
    with path.open("ab") as file:
        file.write(b'{"event": "per')
    LinesSink(path, max_bytes=10**6, keep=0).write(event(1))
    assert numbers(path) == [0, 1]


def test_a_full_disk_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "events.jsonl"
    sink = LinesSink(path, max_bytes=10**6, keep=0)
    sink.write(event(0))
    write = os.write

    def half(descriptor: int, content: bytes) -> int:
        return write(descriptor, content[: len(content) // 2])

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for broken in (half, full):
        monkeypatch.setattr(os, "write", broken)
        sink.write(event(1 if broken is half else 2))
        assert "no space left" in sink.trouble
    monkeypatch.setattr(os, "write", write)
    sink.write(event(3))
    assert sink.trouble == ""
    assert numbers(path) == [0, 1, 2, 3]
