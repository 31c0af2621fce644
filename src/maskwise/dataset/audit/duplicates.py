"""Duplicates: which pictures of a set are the same shot, re-encoded, resized, cropped, and so on.

Candidates come from a search by coarse shape. Each pair is then laid over each other, and only if
the details agree is it one shot. Pictures without details are compared by their colours.
"""

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from maskwise.dataset.audit.alignment import align, compare, texture
from maskwise.dataset.audit.candidates import (
    N_VIEWS,
    VIEW_IS_MIRRORED,
    VIEW_WINDOWS,
    describe,
    find_candidates,
    find_views,
)
from maskwise.dataset.audit.fingerprint import FINGERPRINT
from maskwise.errors import InvalidInput

_COARSE_SIDE: Final = 16
_FINE_SIDE: Final = 32
_STEPS: Final = 2

# Chosen on one half of 9,895 real faces and copies of them; benchmarks/duplicates.py reports on
# the other half.
_LEAST_COARSE: Final = 0.7
_LEAST_OVERALL: Final = 0.8
_LEAST_AGREED: Final = 0.9

_LEAST_TEXTURE: Final = 2.0  # grey levels
_PLAIN_RADIUS: Final = 3.0  # colour levels, root of the mean square
_MOST_LINKS: Final = 2
_N_STEPS: Final = 2 * N_VIEWS + 1
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
class NearDuplicates:
    """What `find_near_duplicates` found.

    Attributes:
        groups: Indices of pictures that are one shot, at least two a group, ascending.
        pairs: The evidence, ascending. Plain pictures and those with equal fingerprints are
            grouped without; of the latter only the first appears here.
    """

    groups: tuple[tuple[int, ...], ...]
    pairs: tuple[DuplicatePair, ...]


def find_near_duplicates(
    fingerprints: NDArray[np.void], *, on_progress: Callable[[int, int], None] | None = None
) -> NearDuplicates:
    """Find pictures that are the same shot.

    Found are copies that were re-encoded (JPEG quality 30 and better), resized, squeezed,
    mirrored, made brighter, darker or grey, changed in contrast, cropped by up to a tenth of each
    side, or several of these; and many of those on which a small part was painted over, such as
    by a mask. Different photos are told apart even when they show the same person. Pictures without
    texture are one group only if they have the same colours, to about 1 %.

    A chain of pairs makes no group: each picture is a copy of the group's centre, or a copy of
    such a copy. The answer is the same every time, and for any order of the pictures.

    Args:
        fingerprints: Of all pictures, `(n,)` of type `FINGERPRINT`.
        on_progress: Called with how many steps are done and how many there are.

    Raises:
        InvalidInput: `fingerprints` are of another shape or type.
    """
    if fingerprints.dtype != FINGERPRINT or fingerprints.ndim != 1:
        raise InvalidInput(
            "`fingerprints` must be an array (n,) of FINGERPRINT; stack what take_fingerprint "
            f"returns. Received: shape {fingerprints.shape} of {fingerprints.dtype}."
        )
    firsts, first_of = _unify(fingerprints)
    is_plain = texture(fingerprints["grey"])[firsts] < _LEAST_TEXTURE
    plain, textured = firsts[is_plain], firsts[~is_plain]

    groups, proofs = _group_textured(fingerprints[textured], on_progress)
    shot = np.arange(len(fingerprints))
    for group in groups:
        shot[textured[group]] = textured[group[0]]
    for group in _group_plain(fingerprints["colour"][plain]):
        shot[plain[group]] = plain[group[0]]

    pictures = defaultdict(list)
    for index, name in enumerate(shot[first_of].tolist()):
        pictures[name].append(index)
    return NearDuplicates(
        groups=tuple(sorted(tuple(same) for same in pictures.values() if len(same) > 1)),
        pairs=proofs.to_pairs(textured),
    )


def _unify(fingerprints: NDArray[np.void]) -> tuple[Indices, Indices]:
    """The first of each kind of equal fingerprints, and for each fingerprint the one it equals.

    The order of the former, `(m,)`, depends on the fingerprints alone.
    """
    by_digest: dict[bytes, list[int]] = defaultdict(list)
    for index, fingerprint in enumerate(fingerprints):
        by_digest[hashlib.blake2b(fingerprint.tobytes(), digest_size=16).digest()].append(index)
    first_of = np.zeros(len(fingerprints), dtype=np.int64)
    for same in by_digest.values():
        first_of[same] = same[0]
    return np.array([by_digest[key][0] for key in sorted(by_digest)], dtype=np.int64), first_of


def _group_plain(colour: NDArray[np.uint8]) -> list[Indices]:
    """Each picture that is left becomes a centre, and takes what is left of its neighbours."""
    if not len(colour):
        return []
    points = colour.reshape(len(colour), -1).astype(np.float64)
    tree = cKDTree(points)
    radius = _PLAIN_RADIUS * np.sqrt(points.shape[1])
    is_left = np.ones(len(points), dtype=np.bool_)
    groups = []
    for centre in range(len(points)):
        if is_left[centre]:
            near = np.sort(tree.query_ball_point(points[centre], radius))
            groups.append(near[is_left[near]])
            is_left[near] = False
    return groups


@dataclass(frozen=True, slots=True)
class _Proofs:
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


class _Prover:
    """Lays pairs of pictures over each other."""

    def __init__(self, fingerprints: NDArray[np.void]) -> None:
        self._greys = fingerprints["grey"]
        self._is_small = fingerprints["size_hw"].min(axis=1, initial=_FINE_SIDE) < _FINE_SIDE
        self.shapes = describe(self._greys)

    def prove(self, pairs: Indices, on_share: Callable[[float], object] | None = None) -> _Proofs:
        """Which of the pairs `(m, 2)` are one shot.

        Args:
            pairs: Indices of pictures.
            on_share: Called with the share of pairs that are done, again and again up to 1.
        """
        parts = [pairs[at : at + _PAIRS_AT_ONCE] for at in range(0, len(pairs), _PAIRS_AT_ONCE)]
        proofs = [_Proofs(pairs[:0], np.zeros(0, np.float32), np.zeros(0, np.bool_))]
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            for part in threads.map(self._prove_part, parts):
                proofs.append(part)
                if on_share is not None:
                    on_share((len(proofs) - 1) / len(parts))
        return _Proofs.joined(proofs)

    def _prove_part(self, pairs: Indices) -> _Proofs:
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
        return _Proofs(pairs, agreed, is_mirrored).where(is_same)


def _group_textured(
    fingerprints: NDArray[np.void], on_progress: Callable[[int, int], None] | None
) -> tuple[list[Indices], _Proofs]:
    """Groups, and the proofs within them."""

    def tell(n_done: float) -> None:
        if on_progress is not None:
            on_progress(int(n_done), _N_STEPS)

    prover = _Prover(fingerprints)
    pairs = find_candidates(prover.shapes, on_view=tell)
    proofs = prover.prove(pairs, on_share=lambda share: tell(N_VIEWS * (1 + share)))

    n = len(fingerprints)
    shot = np.arange(n)
    left = proofs.pairs
    while len(left):
        centre = _centres(left, n)
        more = prover.prove(_untried_spokes(left, centre))
        proofs = _Proofs.joined([proofs, more])
        known = np.concatenate([left, more.pairs])
        is_near = np.zeros(n, dtype=np.bool_)
        is_near[centre[left]] = True
        for _ in range(_MOST_LINKS):
            is_near[known[is_near[known].any(axis=1)]] = True
        near = np.flatnonzero(is_near)
        shot[near] = centre[near]
        left = left[~is_near[left].any(axis=1)]
    order = np.argsort(shot, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(shot[order])) + 1) if n else []
    first, second = shot[proofs.pairs].T
    tell(_N_STEPS)
    return groups, proofs.where(first == second)


def _centres(pairs: Indices, n: int) -> Indices:
    """Of every picture, the one that has most pairs among all it hangs together with, `(n,)`."""
    links = coo_array((np.ones(len(pairs), dtype=np.bool_), pairs.T), shape=(n, n))
    _, component = connected_components(links, directed=False)
    n_pairs = np.bincount(pairs.ravel(), minlength=n)
    order = np.lexsort((-n_pairs, component))
    _, first = np.unique(component[order], return_index=True)
    centre: Indices = order[first][component]
    return centre


def _untried_spokes(pairs: Indices, centre: Indices) -> Indices:
    """From every picture in a pair to its centre, unless that is a pair already; `(m, 2)`."""
    n = len(centre)
    ends = np.unique(pairs)
    ends = ends[ends != centre[ends]]
    spokes = np.sort(np.stack([ends, centre[ends]], axis=1), axis=1)
    return np.stack(np.divmod(np.setdiff1d(spokes @ [n, 1], pairs @ [n, 1]), n), axis=1)
