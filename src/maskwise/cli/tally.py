"""Tally: what came of many pictures, in numbers."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from maskwise.cli.console import complain
from maskwise.labels import label_words
from maskwise.outputs.outcome import Outcome


class Tally:
    """Counts what came of pictures, and says so; those that failed are complained about."""

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self.n_failed = 0
        self._n_pictures = 0
        self._labels: Counter[int] = Counter()
        self._clock_s = clock_s
        self._began_s = clock_s()

    def counting(self, outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
        """The same outcomes, counted as they pass."""
        for outcome in outcomes:
            self._n_pictures += 1
            if outcome.faces is None:
                self.n_failed += 1
                complain(outcome.error or "")
            else:
                self._labels.update(outcome.faces.label.tolist())
            yield outcome

    def to_words(self, n_before: int = 0) -> str:
        """How many pictures and faces there were, and how many pictures a second.

        Args:
            n_before: How many of the pictures were decided on before the clock began.
        """
        rate = (self._n_pictures - n_before) / max(self._clock_s() - self._began_s, 1e-6)
        faces = ", ".join(f"{n} {label_words(label)}" for label, n in sorted(self._labels.items()))
        failed = f"; {self.n_failed} could not be read" if self.n_failed else ""
        n_faces = self._labels.total()
        return (
            f"{self._n_pictures} picture{'s' * (self._n_pictures != 1)}, "
            f"{n_faces} face{'s' * (n_faces != 1)}{': ' if faces else ''}{faces}{failed}; "
            f"{rate:.1f} pictures/s"
        )
