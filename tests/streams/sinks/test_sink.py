"""What every sink keeps to: the conformance suite."""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from maskwise.streams.event import Event
from maskwise.streams.sinks import delivery as delivery_module
from maskwise.streams.sinks.command import CommandSink
from maskwise.streams.sinks.delivery import Delivery, NotDelivered
from maskwise.streams.sinks.lines import LinesSink
from maskwise.streams.sinks.sink import Sink


@dataclass
class Place:
    """Where events end up, unless it is broken."""

    folder: Path
    sent: list[str] = field(default_factory=list)
    is_broken: bool = False

    @property
    def file(self) -> Path:
        return self.folder / "in" / "events.jsonl"

    def send(self, text: str) -> None:
        if self.is_broken:
            raise NotDelivered("nobody is there")
        self.sent.append(text)

    def break_down(self) -> None:
        self.is_broken = True
        (self.folder / "in").rename(self.folder / "away")
        (self.folder / "in").touch()  # a file where the folder was

    def mend(self) -> None:
        self.is_broken = False
        (self.folder / "in").unlink()
        (self.folder / "away").rename(self.folder / "in")

    def people(self) -> list[int]:
        """Of whom events have arrived."""
        lines = self.file.read_text().splitlines() if self.file.is_file() else []
        return [json.loads(line)["person"] for line in (*lines, *self.sent)]


def _lines(place: Place) -> Sink:
    return LinesSink(place.file, max_bytes=10**6, keep=1)


def _delivery(place: Place) -> Sink:
    return Delivery(place.folder / "spool.sqlite", place.send)


def _command(place: Place) -> Sink:
    code = f"import sys; open({str(place.file)!r}, 'a').write(sys.stdin.read() + '\\n')"
    return CommandSink([sys.executable, "-c", code], timeout_s=20)


SINKS: dict[str, Callable[[Place], Sink]] = {
    "lines": _lines,
    "delivery": _delivery,
    "command": _command,
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr(delivery_module, "_PAUSES_S", (0.05,))
    (tmp_path / "in").mkdir()
    return Place(tmp_path)


@pytest.fixture(params=SINKS)
def sink(request: pytest.FixtureRequest, place: Place) -> Sink:
    return SINKS[request.param](place)


def event(person: int) -> Event:
    return Event("person_without_mask", "door", {"person": person})


def wait_for(what: Callable[[], object]) -> None:
    until_s = time.monotonic() + 20
    while not what():
        assert time.monotonic() < until_s, "it did not come true"
        time.sleep(0.02)


def test_events_arrive_in_their_order(sink: Sink, place: Place) -> None:
    for person in range(3):
        sink.write(event(person))
    sink.close()
    assert place.people() == [0, 1, 2]
    assert sink.trouble == ""


def test_nobody_waits_for_it_and_nothing_is_raised_when_it_breaks(sink: Sink, place: Place) -> None:
    place.break_down()
    began_s = time.monotonic()
    for person in range(3):
        sink.write(event(person))
    assert time.monotonic() - began_s < 3
    wait_for(lambda: sink.trouble)
    assert "\n" not in sink.trouble
    began_s = time.monotonic()
    sink.close()
    assert time.monotonic() - began_s < 10


def test_trouble_ends_when_it_is_mended(sink: Sink, place: Place) -> None:
    place.break_down()
    sink.write(event(0))
    wait_for(lambda: sink.trouble)
    place.mend()
    sink.write(event(1))
    wait_for(lambda: place.people()[-1:] == [1])
    wait_for(lambda: not sink.trouble)
    sink.close()
