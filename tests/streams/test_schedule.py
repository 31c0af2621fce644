from datetime import datetime

import pytest

from maskwise.errors import InvalidInput
from maskwise.streams.schedule import Hours


def on(day: int, hour: int, minute: int = 0) -> datetime:
    """A day of a week in which the first was a Monday."""
    return datetime(2026, 6, day, hour, minute)


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("Mon-Fri 07:00-19:00", [on(1, 7), on(5, 18, 59)], [on(1, 6, 59), on(1, 19), on(6, 12)]),
        ("08:00-17:30", [on(1, 8), on(7, 17, 29)], [on(1, 7), on(7, 17, 30)]),
        ("Sat 22:00-06:00", [on(6, 23), on(7, 5, 59)], [on(6, 21), on(7, 6), on(7, 23), on(6, 5)]),
        ("sat-mon 00:00-24:00", [on(6, 0), on(7, 12), on(1, 23, 59)], [on(2, 0), on(5, 23)]),
        ("Sun 22:00-02:00", [on(7, 22), on(1, 1)], [on(2, 1), on(7, 1)]),
    ],
)
def test_hours_include_what_they_say(
    text: str, inside: list[datetime], outside: list[datetime]
) -> None:
    hours = Hours.parse(text)
    assert all(hours.include(moment) for moment in inside)
    assert not any(hours.include(moment) for moment in outside)


@pytest.mark.parametrize(
    "text", ["", "Mon", "7-19", "Mon 7:00-19:00", "Xyz 07:00-19:00", "25:00-26:00", "08:00-08:00"]
)
def test_other_forms_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="Hours must look like"):
        Hours.parse(text)
