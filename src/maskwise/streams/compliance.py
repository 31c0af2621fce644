"""Compliance: how many wear their masks, over times so long that it is about nobody."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from maskwise.intervals import wilson
from maskwise.labels import LABELS, UNSURE, WITH_MASK
from maskwise.tracking.people import Person

LEAST_PEOPLE: Final = 10
"""Of fewer people no share is told."""


class Compliance:
    """Counts people by what was decided, and tells the share with masks now and then."""

    def __init__(self, interval_s: float, now_s: float) -> None:
        """Begin to count.

        Args:
            interval_s: How long is counted before it is told.
            now_s: What time it is, by a clock that never leaps.
        """
        self._interval_s = interval_s
        self._began_s = now_s
        self._counts: Counter[int] = Counter()

    def add(self, person: Person) -> None:
        """Count somebody who has left."""
        self._counts[person.label] += 1

    @property
    def share(self) -> float | None:
        """The share with masks since counting began; None of fewer than ten people."""
        n = self._counts.total() - self._counts[UNSURE]
        return self._counts[WITH_MASK] / n if n >= LEAST_PEOPLE else None

    def due(self, now_s: float) -> Mapping[str, Any] | None:
        """What there is to tell, if the time has come; counting then begins anew."""
        if now_s - self._began_s < self._interval_s:
            return None
        return self.tell(now_s)

    def tell(self, now_s: float) -> Mapping[str, Any]:
        """What there is to tell: how many people, how many decided on, and the share with masks.

        Of fewer than ten people the share is withheld, and so is the number of each class.
        """
        n_people = self._counts.total()
        n = n_people - self._counts[UNSURE]
        told: dict[str, Any] = {
            "seconds": round(now_s - self._began_s, 1),
            "people": n_people,
            "n": n,
            "share": None,
            "share_95": None,
        }
        if (share := self.share) is not None:
            told["share"] = round(share, 4)
            told["share_95"] = [round(edge, 4) for edge in wilson(self._counts[WITH_MASK], n)]
            told |= {name: self._counts[label] for label, name in enumerate(LABELS)}
        self._counts.clear()
        self._began_s = now_s
        return told
