"""Schedule: at which times of the week a camera is watched."""

import re
from dataclasses import dataclass
from datetime import datetime, time
from typing import Final, Self

from maskwise.errors import InvalidInput

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FORM: Final = re.compile(
    r"(?:([a-z]{3})(?:-([a-z]{3}))? )?(\d\d):(\d\d)-(\d\d):(\d\d)", re.IGNORECASE
)
_MIDNIGHT_NEXT: Final = 24 * 60


@dataclass(frozen=True, slots=True)
class Hours:
    """Some hours on some days of the week, in local time.

    Attributes:
        days: Numbers from 0, Monday, on which they begin.
        begin_min: In minutes since midnight.
        end_min: The same, not included; up to 24:00. Before `begin_min`, it is on the next day.
    """

    days: frozenset[int]
    begin_min: int
    end_min: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read such as `Mon-Fri 07:00-19:00`, `Sat 22:00-06:00` or `08:00-17:30`.

        Raises:
            InvalidInput: It has another form, or such hours are none.
        """
        found = _FORM.fullmatch(text.strip())
        try:
            if not found:
                raise ValueError
            first, last, *numbers = found.groups()
            begin_min, end_min = _minutes(*numbers[:2]), _minutes(*numbers[2:])
            days = range(7)
            if first:
                start = _DAYS.index(first.lower())
                end = _DAYS.index((last or first).lower())
                days = range(start, end + 1 if end >= start else end + 8)
            if begin_min in (end_min, _MIDNIGHT_NEXT):
                raise ValueError
        except ValueError:
            raise InvalidInput(
                "Hours must look like Mon-Fri 07:00-19:00, Sat 22:00-06:00 or 08:00-17:30. "
                f"Received: {text!r}."
            ) from None
        return cls(frozenset(day % 7 for day in days), begin_min, end_min)

    def include(self, moment: datetime) -> bool:
        """Whether a moment in local time is in them."""
        now_min = moment.hour * 60 + moment.minute
        today = moment.weekday()
        if self.begin_min < self.end_min:
            return today in self.days and self.begin_min <= now_min < self.end_min
        yesterday = (today - 1) % 7
        began_today = today in self.days and now_min >= self.begin_min
        return began_today or (yesterday in self.days and now_min < self.end_min)


def _minutes(hours: str, minutes: str) -> int:
    if (hours, minutes) == ("24", "00"):
        return _MIDNIGHT_NEXT
    moment = time(int(hours), int(minutes))
    return moment.hour * 60 + moment.minute
