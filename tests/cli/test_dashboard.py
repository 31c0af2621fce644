"""A terminal shows how each camera does, what happened, and what is in trouble."""

import time
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from maskwise.cli.dashboard import Dashboard, _duration
from maskwise.streams.camera import Health
from maskwise.streams.event import Event


def shown(watching: Any, told: list[Event]) -> str:
    console = Console(width=120)
    with console.capture() as captured:
        for part in Dashboard(watching, told)._parts():
            console.print(part)
    return captured.get()


def test_each_camera_has_a_row_with_its_state() -> None:
    health = Health(state="offline", n_dropped=7, n_lost=3, since_s=time.monotonic() - 130)
    dead = SimpleNamespace(
        camera=SimpleNamespace(health=health), fps=0.0, delay_s=0.0, n_present=0, compliance=0.75
    )
    closed = SimpleNamespace(camera=None)
    watching = SimpleNamespace(posts={"door": dead, "gate": closed}, troubles=["webhook: down"])
    told = [Event("person_without_mask", "door", {"person": 4, "label": "without_mask"})]
    text = shown(watching, told)
    assert "door" in text
    assert "offline 2 min" in text
    assert "75%" in text
    assert "not its hours" in text
    assert "door: person_without_mask (person 4, label without_mask)" in text
    assert "webhook: down" in text


@pytest.mark.parametrize(
    ("seconds", "words"), [(5, "5 s"), (130, "2 min"), (7300, "2 h"), (2 * 86_400, "2 d")]
)
def test_times_are_told_in_a_unit_that_fits(seconds: float, words: str) -> None:
    assert _duration(seconds) == words
