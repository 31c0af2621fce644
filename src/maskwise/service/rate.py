"""Rate: how often each key may ask."""

import time
from collections.abc import Callable
from typing import Final

_MOST_KNOWN: Final = 10_000  # of who asked lately; the rest is forgotten


class RateLimit:
    """A bucket of tokens for each who asks; so many drip in a second, and a request takes one.

    Source: the token bucket of Turner (1986), "New directions in communications (or which way to
    the information age?)", IEEE Communications Magazine 24(10):8.
    """

    def __init__(
        self, per_s: float, *, burst: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Begin with full buckets.

        Args:
            per_s: How many requests a second each may make for long; 0 for as many as they like.
            burst: How many at once.
            clock: Tells seconds.
        """
        self._per_s = per_s
        self._burst = max(1, burst)
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}

    def wait_s(self, who: str) -> float:
        """Take a token.

        Returns:
            0 if there was one; else how long it takes until there is.
        """
        if not self._per_s:
            return 0.0
        now_s = self._clock()
        left, at_s = self._left.pop(who, (float(self._burst), now_s))
        left = min(float(self._burst), left + (now_s - at_s) * self._per_s)
        is_there = left >= 1
        self._left[who] = (left - is_there, now_s)  # at the end: the first asked longest ago
        if len(self._left) > _MOST_KNOWN:
            del self._left[next(iter(self._left))]
        return 0.0 if is_there else (1 - left) / self._per_s
