"""Balance: how often each picture is shown, so that no source or class drowns the others."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from maskwise.dataset.samples import Sample

_SHARES: Final = (0.54, 0.38, 0.08)
"""Of the classes. Bare faces are more, as masks are painted on some."""


def chances(samples: Sequence[Sample]) -> NDArray[np.float64]:
    """The chance of each sample to be drawn next, `(n,)`; they sum to 1.

    The classes get fixed shares. Within a class a source of four times the pictures is drawn twice
    as often: half way between a source's weight being its size and all being equal.
    """
    label = np.array([sample.label for sample in samples])
    source = np.array([sample.source or "" for sample in samples])
    chance = np.zeros(len(samples))
    for each in np.unique(label):
        members = np.flatnonzero(label == each)
        _, of_source, n = np.unique(source[members], return_inverse=True, return_counts=True)
        weight = n[of_source] ** -0.5
        chance[members] = _SHARES[each] * weight / weight.sum()
    balanced: NDArray[np.float64] = chance / chance.sum()
    return balanced
