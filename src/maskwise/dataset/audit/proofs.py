"""Proofs: which pairs of pictures are the same shot, as their details agree."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from maskwise.dataset.audit.alignment import align, compare
from maskwise.dataset.audit.candidates import (
    VIEW_IS_MIRRORED,
    VIEW_WINDOWS,
    describe,
    find_views,
)

_COARSE_SIDE: Final = 16
_FINE_SIDE: Final = 32
_STEPS: Final = 2

# Chosen on one half of 9,895 real faces and copies of them; benchmarks/duplicates.py reports on
# the other half.
_LEAST_COARSE: Final = 0.7
_LEAST_OVERALL: Final = 0.8
_LEAST_AGREED: Final = 0.9

_PAIRS_AT_ONCE: Final = 256

Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class DuplicatePair:
    """Two pictures that were laid over each other and found to be the same shot.

    Attributes:
        first: Index of a picture.
        second: Index of the other one, higher than `first`.
        similarity: The correlation that 65 % of their texture reaches, from 0.9 to 1.
        is_mirrored: Whether one shows the other mirrored.
    """

    first: int
    second: int
    similarity: float
    is_mirrored: bool


@dataclass(frozen=True, slots=True)
class Proofs:
    """Pairs `(m, 2)` that were proved; similarity and whether mirrored, each `(m,)`."""

    pairs: Indices
    similarity: NDArray[np.float32]
    is_mirrored: NDArray[np.bool_]

    def where(self, wanted: NDArray[np.bool_]) -> Self:
        """Some of them."""
        return type(self)(self.pairs[wanted], self.similarity[wanted], self.is_mirrored[wanted])

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """All of several, in this order."""
        return cls(
            np.concatenate([part.pairs for part in parts]),
            np.concatenate([part.similarity for part in parts]),
            np.concatenate([part.is_mirrored for part in parts]),
        )

    def to_pairs(self, index_of: Indices) -> tuple[DuplicatePair, ...]:
        """The same for users, in whose indices picture `i` is `index_of[i]`."""
        ends = np.sort(index_of[self.pairs], axis=1)
        return tuple(
            DuplicatePair(first, second, similarity, is_mirrored)
            for first, second, similarity, is_mirrored in sorted(
                zip(
                    *ends.T.tolist(),
                    self.similarity.tolist(),
                    self.is_mirrored.tolist(),
                    strict=True,
                )
            )
        )


class Prover:
    """Lays pairs of pictures over each other."""

    def __init__(self, fingerprints: NDArray[np.void]) -> None:
        self._greys = fingerprints["grey"]
        self._is_small = fingerprints["size_hw"].min(axis=1, initial=_FINE_SIDE) < _FINE_SIDE
        self.shapes = describe(self._greys)

    def prove(self, pairs: Indices, on_share: Callable[[float], object] | None = None) -> Proofs:
        """Which of the pairs `(m, 2)` are one shot.

        Args:
            pairs: Indices of pictures.
            on_share: Called with the share of pairs that are done, again and again up to 1.
        """
        parts = [pairs[at : at + _PAIRS_AT_ONCE] for at in range(0, len(pairs), _PAIRS_AT_ONCE)]
        proofs = [Proofs(pairs[:0], np.zeros(0, np.float32), np.zeros(0, np.bool_))]
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            for part in threads.map(self._prove_part, parts):
                proofs.append(part)
                if on_share is not None:
                    on_share((len(proofs) - 1) / len(parts))
        return Proofs.joined(proofs)

    def _prove_part(self, pairs: Indices) -> Proofs:
        view, is_of_second, _ = find_views(self.shapes, pairs)
        shown, showing = np.where(is_of_second, pairs.T[::-1], pairs.T)
        is_mirrored = VIEW_IS_MIRRORED[view]
        first = self._greys[shown].astype(np.float32)
        first[is_mirrored] = first[is_mirrored, :, ::-1]
        second = self._greys[showing].astype(np.float32)
        windows = align(first, second, VIEW_WINDOWS[view], side=_COARSE_SIDE, steps=_STEPS)
        overall, agreed = compare(first, second, windows, side=_COARSE_SIDE)

        # What small pictures do not hold must not be asked of them.
        is_fine = ~self._is_small[pairs].any(axis=1) & (overall >= _LEAST_COARSE)
        first, second, windows = first[is_fine], second[is_fine], windows[is_fine]
        windows = align(first, second, windows, side=_FINE_SIDE, steps=_STEPS)
        overall[is_fine], agreed[is_fine] = compare(first, second, windows, side=_FINE_SIDE)
        is_same = (overall >= _LEAST_OVERALL) & (agreed >= _LEAST_AGREED)
        return Proofs(pairs, agreed, is_mirrored).where(is_same)
