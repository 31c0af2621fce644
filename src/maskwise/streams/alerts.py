"""Alerts: what is told of people, once for each and not too often."""

from collections.abc import Iterator
from typing import Any

from maskwise.labels import label_name
from maskwise.streams.event import PERSON_KINDS, Event
from maskwise.tracking.people import Person


class Alerts:
    """Makes events of decisions on people before one camera.

    Of each person each kind of event is told once. After one, none of its kind follows for the time
    of a cool-down; the next says how many were left out.
    """

    def __init__(self, camera: str, cooldown_s: float) -> None:
        """Begin.

        Args:
            camera: Its name.
            cooldown_s: How long after an event none of its kind follows.
        """
        self._camera = camera
        self._cooldown_s = cooldown_s
        self._told: dict[int, set[int]] = {}  # by person: the labels that were told
        self._last_s: dict[int, float] = {}  # by label
        self._left_out: dict[int, int] = {}

    def look(self, people: list[Person], now_s: float) -> Iterator[Event]:
        """What there is to tell of who is there.

        Args:
            people: Who is there; whoever is not is forgotten.
            now_s: What time it is, by a clock that never leaps.
        """
        self._told = {person.number: self._told.get(person.number, set()) for person in people}
        for person in people:
            label = person.label
            if label not in PERSON_KINDS or label in self._told[person.number]:
                continue
            self._told[person.number].add(label)
            if now_s - self._last_s.get(label, -self._cooldown_s) < self._cooldown_s:
                self._left_out[label] = self._left_out.get(label, 0) + 1
                continue
            self._last_s[label] = now_s
            data: dict[str, Any] = {"person": person.number, "label": label_name(label)}
            if left_out := self._left_out.pop(label, 0):
                data["left_out"] = left_out
            yield Event(PERSON_KINDS[label], self._camera, data)
