"""Every event arrives, in order, whatever happens on the way."""

import json
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from maskwise.streams.event import Event
from maskwise.streams.sinks import delivery as delivery_module
from maskwise.streams.sinks.delivery import Delivery, NotDelivered
from maskwise.streams.sinks.spool import Spool


class Receiver:
    """Takes events, unless it is down."""

    def __init__(self) -> None:
        self.is_down = False
        self.got: list[int] = []

    def __call__(self, text: str) -> None:
        if self.is_down:
            raise NotDelivered("receiver: it is down")
        self.got.append(json.loads(text)["person"])


def event(number: int) -> Event:
    return Event("person_with_mask", "door", {"person": number})


def wait_for(what: Callable[[], bool]) -> None:
    until_s = time.monotonic() + 10
    while not what():
        assert time.monotonic() < until_s, "it did not come true"
        time.sleep(0.01)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery_module, "_PAUSES_S", (0.05,))


def test_events_are_delivered_in_order(tmp_path: Path) -> None:
    receiver = Receiver()
    sink = Delivery(tmp_path / "a.sqlite", receiver)
    for number in range(20):
        sink.write(event(number))
    wait_for(lambda: len(receiver.got) == 20)
    sink.close()
    assert receiver.got == list(range(20))


def test_a_receiver_that_is_down_costs_no_event_and_no_time(tmp_path: Path) -> None:
    receiver = Receiver()
    receiver.is_down = True
    sink = Delivery(tmp_path / "a.sqlite", receiver)
    began_s = time.monotonic()
    for number in range(50):
        sink.write(event(number))
    assert time.monotonic() - began_s < 5
    wait_for(lambda: sink.trouble == "receiver: it is down")
    assert sink.n_waiting == 50
    receiver.is_down = False
    wait_for(lambda: len(receiver.got) == 50)
    assert receiver.got == list(range(50))
    wait_for(lambda: sink.trouble == "")
    sink.close()


def test_what_is_not_delivered_is_after_a_restart(tmp_path: Path) -> None:
    receiver = Receiver()
    receiver.is_down = True
    sink = Delivery(tmp_path / "a.sqlite", receiver)
    for number in range(5):
        sink.write(event(number))
    sink.close()
    receiver.is_down = False
    again = Delivery(tmp_path / "a.sqlite", receiver)
    again.write(event(5))
    wait_for(lambda: len(receiver.got) == 6)
    again.close()
    assert receiver.got == [0, 1, 2, 3, 4, 5]


def test_closing_delivers_what_can_be_delivered(tmp_path: Path) -> None:
    receiver = Receiver()
    sink = Delivery(tmp_path / "a.sqlite", receiver)
    for number in range(20):
        sink.write(event(number))
    sink.close()
    assert receiver.got == list(range(20))


def test_a_disk_that_cannot_be_written_to_loses_nothing(tmp_path: Path) -> None:
    (tmp_path / "state").touch()  # where the folder should be
    receiver = Receiver()
    sink = Delivery(tmp_path / "state" / "a.sqlite", receiver)
    sink.write(event(0))
    assert sink.trouble
    assert sink.n_waiting == 1
    (tmp_path / "state").unlink()
    sink.write(event(1))
    wait_for(lambda: receiver.got == [0, 1])
    sink.close()


def test_a_disk_that_is_full_between_loses_nothing_and_sends_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver = Receiver()
    sink = Delivery(tmp_path / "a.sqlite", receiver)
    sink.write(event(0))
    wait_for(lambda: receiver.got == [0])
    remove = Spool.remove

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(Spool, "remove", full)
    monkeypatch.setattr(Spool, "put", full)
    for number in (1, 2, 3):
        sink.write(event(number))
    wait_for(lambda: "disk is full" in sink.trouble)
    monkeypatch.undo()
    monkeypatch.setattr(delivery_module, "_PAUSES_S", (0.05,))
    assert Spool.remove is remove
    sink.write(event(4))
    wait_for(lambda: len(receiver.got) == 5 and sink.trouble == "")
    sink.close()
    assert receiver.got == [0, 1, 2, 3, 4]
