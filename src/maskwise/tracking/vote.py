"""Vote: one answer for a person, from many looks that need not agree."""

import math
from typing import Final

import numpy as np

from maskwise.labels import LABELS, UNSURE

_MEMORY_S: Final = 1.0  # how fast old looks fade
_LEAST_LOOKS: Final = 3  # that said a class, before it is said
_LEAST_SHARE: Final = 2 / 3  # of the fading looks


class Vote:
    """What a person wears, as looks at the face tell it over time.

    Every look with an answer is a vote that fades. A class is said as soon as three looks said so
    and it has two thirds of the votes, and stays said until another has: what is between changes
    nothing, so that an answer does not flicker. A look that is *unsure* is no vote.

    Attributes:
        label: What is said now; -1, *unsure*, as long as nothing could be.
    """

    def __init__(self) -> None:
        self.label = UNSURE
        self._votes = np.zeros(len(LABELS))
        self._n_looks = [0] * len(LABELS)
        self._time_s = -math.inf

    def add(self, label: int, time_s: float) -> None:
        """Take in what one look said; later than the look before.

        Args:
            label: A class number of `maskwise.LABELS`, or -1 for *unsure*.
            time_s: When it was.
        """
        if label == UNSURE:
            return
        self._votes *= math.exp((self._time_s - time_s) / _MEMORY_S)
        self._votes[label] += 1
        self._time_s = time_s
        self._n_looks[label] += 1
        leading = int(self._votes.argmax())
        is_clear = self._votes[leading] >= _LEAST_SHARE * self._votes.sum()
        if self._n_looks[leading] >= _LEAST_LOOKS and is_clear:
            self.label = leading
