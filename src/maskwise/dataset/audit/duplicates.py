"""Duplicates: which pictures of a set are the same shot, re-encoded, resized, cropped, and so on.

Candidates come from a search by coarse shape. Each pair is then laid over each other, and only if
the details agree is it one shot. Pictures without details are compared by their colours.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from maskwise.dataset.audit.alignment import texture
from maskwise.dataset.audit.candidates import N_VIEWS, find_candidates
from maskwise.dataset.audit.fingerprint import FINGERPRINT
from maskwise.dataset.audit.proofs import DuplicatePair, Indices, Proofs, Prover
from maskwise.errors import InvalidInput

_LEAST_TEXTURE: Final = 2.0  # grey levels
_PLAIN_RADIUS: Final = 3.0  # colour levels, root of the mean square
_MOST_LINKS: Final = 2
_N_STEPS: Final = 2 * N_VIEWS + 1


@dataclass(frozen=True, slots=True)
class NearDuplicates:
    """What `find_near_duplicates` found.

    Attributes:
        groups: Indices of pictures that are one shot, at least two a group, ascending.
        pairs: The evidence, ascending. Plain pictures and those with equal fingerprints are
            grouped without; of the latter only the first appears here. A pair may reach from one
            group into another: neighbours in a film do, of which the first and the last frame
            have nothing in common.
    """

    groups: tuple[tuple[int, ...], ...]
    pairs: tuple[DuplicatePair, ...]

    @property
    def ties(self) -> tuple[tuple[int, ...], ...]:
        """All that no split may part: the groups and the pairs, which overlap."""
        return (*self.groups, *((pair.first, pair.second) for pair in self.pairs))


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
    such a copy. What splits must not part is in `ties`, chains included. The answer is the same
    every time, and for any order of the pictures.

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


def _group_textured(
    fingerprints: NDArray[np.void], on_progress: Callable[[int, int], None] | None
) -> tuple[list[Indices], Proofs]:
    """Groups, and all proofs."""

    def tell(n_done: float) -> None:
        if on_progress is not None:
            on_progress(int(n_done), _N_STEPS)

    prover = Prover(fingerprints)
    n = len(fingerprints)
    tried = find_candidates(prover.shapes, on_view=tell)
    proofs = prover.prove(tried, on_share=lambda share: tell(N_VIEWS * (1 + share)))
    centre, proofs = _gather(prover, proofs, n)
    while True:
        # Who has many copies of one look finds only these: so each group asks once more, as one.
        among, size = np.unique(centre, return_counts=True)
        pairs = find_candidates(prover.shapes, among=among, of=among[size > 1])
        pairs, tried = _without(pairs, tried, n), np.concatenate([tried, pairs])
        more = prover.prove(pairs)
        n_parts = _components(proofs.pairs, n)[0]
        proofs = Proofs.joined([proofs, more])
        if _components(proofs.pairs, n)[0] == n_parts:
            break
        centre, proofs = _gather(prover, proofs, n)
    order = np.argsort(centre, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(centre[order])) + 1) if n else []
    tell(_N_STEPS)
    return groups, proofs


def _gather(prover: Prover, proofs: Proofs, n: int) -> tuple[Indices, Proofs]:
    """Of each of `n` pictures the centre of its group, `(n,)`, and the proofs with those added.

    A chain of pairs makes no group: a picture is at most `_MOST_LINKS` pairs away from its centre.
    """
    centre_of = np.arange(n)
    left = proofs.pairs
    while len(left):
        centre = _centres(left, n)
        more = prover.prove(_untried_spokes(left, centre))
        proofs = Proofs.joined([proofs, more])
        known = np.concatenate([left, more.pairs])
        is_near = np.zeros(n, dtype=np.bool_)
        is_near[centre[left]] = True
        for _ in range(_MOST_LINKS):
            is_near[known[is_near[known].any(axis=1)]] = True
        near = np.flatnonzero(is_near)
        centre_of[near] = centre[near]
        left = left[~is_near[left].any(axis=1)]
    return centre_of, proofs


def _components(pairs: Indices, n: int) -> tuple[int, Indices]:
    """How many parts pictures make that hang together over pairs, and of each its part, `(n,)`."""
    links = coo_array((np.ones(len(pairs), dtype=np.bool_), pairs.T), shape=(n, n))
    n_parts, part = connected_components(links, directed=False)
    return int(n_parts), part


def _centres(pairs: Indices, n: int) -> Indices:
    """Of every picture, the one that has most pairs among all it hangs together with, `(n,)`."""
    _, part = _components(pairs, n)
    n_pairs = np.bincount(pairs.ravel(), minlength=n)
    order = np.lexsort((-n_pairs, part))
    _, first = np.unique(part[order], return_index=True)
    centre: Indices = order[first][part]
    return centre


def _untried_spokes(pairs: Indices, centre: Indices) -> Indices:
    """From every picture in a pair to its centre, unless that is a pair already; `(m, 2)`."""
    ends = np.unique(pairs)
    ends = ends[ends != centre[ends]]
    spokes = np.sort(np.stack([ends, centre[ends]], axis=1), axis=1)
    return _without(spokes, pairs, len(centre))


def _without(pairs: Indices, known: Indices, n: int) -> Indices:
    """Those of the pairs `(m, 2)` of `n` pictures that are not known; each once, sorted."""
    return np.stack(np.divmod(np.setdiff1d(pairs @ [n, 1], known @ [n, 1]), max(n, 1)), axis=1)
