"""Of each person each kind is told once, and not too often."""

from looks import person
from maskwise.labels import UNSURE, WITH_MASK, WITHOUT_MASK
from maskwise.streams.alerts import Alerts
from maskwise.tracking.people import Person


def told(alerts: Alerts, people: list[Person], now_s: float) -> list[tuple[str, int]]:
    return [(event.kind, event.data["person"]) for event in alerts.look(people, now_s)]


def test_each_person_is_told_of_once() -> None:
    alerts = Alerts("door", cooldown_s=0)
    people = [person(1, WITHOUT_MASK), person(2, WITH_MASK), person(3, UNSURE)]
    assert told(alerts, people, 0.0) == [("person_without_mask", 1), ("person_with_mask", 2)]
    assert told(alerts, people, 100.0) == []


def test_who_puts_a_mask_on_is_told_of_again_and_only_once() -> None:
    alerts = Alerts("door", cooldown_s=0)
    one = person(1, WITHOUT_MASK)
    assert told(alerts, [one], 0.0) == [("person_without_mask", 1)]
    for index in range(30):
        one.see(WITH_MASK, 0.9, 1 + index / 10)
    assert told(alerts, [one], 4.0) == [("person_with_mask", 1)]
    for index in range(30):
        one.see(WITHOUT_MASK, 0.9, 5 + index / 10)
    assert told(alerts, [one], 8.0) == []


def test_a_crowd_is_one_alarm_and_the_next_says_how_many_were_left_out() -> None:
    alerts = Alerts("door", cooldown_s=10)
    crowd = [person(number, WITHOUT_MASK) for number in (1, 2, 3)]
    assert told(alerts, crowd, 0.0) == [("person_without_mask", 1)]
    (event,) = alerts.look([*crowd, person(4, WITHOUT_MASK)], 10.0)
    assert event.data == {"person": 4, "label": "without_mask", "left_out": 2}
    assert event.camera == "door"


def test_kinds_cool_down_apart() -> None:
    alerts = Alerts("door", cooldown_s=10)
    assert told(alerts, [person(1, WITHOUT_MASK)], 0.0) == [("person_without_mask", 1)]
    assert told(alerts, [person(2, WITH_MASK)], 1.0) == [("person_with_mask", 2)]
