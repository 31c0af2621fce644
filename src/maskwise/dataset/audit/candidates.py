"""Candidates: which pairs of pictures are worth to be laid over each other.

Of every picture a few numbers are kept that describe its coarse shape, and as many for each of 16
ways to crop it, all of them also mirrored. Candidates of a picture are its nearest neighbours in a
k-d tree of the whole pictures. How many is bounded, so that thousands of portraits of one style
cost no more than other pictures.
"""

import itertools
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

# Trimmed by these shares, a picture is at most a fortieth off any crop of up to a tenth a side.
_TRIMS: Final = (0.025, 0.075)
_WHOLE: Final = (0.0, 1.0, 0.0, 1.0)
_WINDOWS: Final = (
    _WHOLE,
    *(
        (top, 1 - bottom, left, 1 - right)
        for top, bottom, left, right in itertools.product(_TRIMS, repeat=4)
    ),
)
_VIEWS: Final = tuple(itertools.product((False, True), _WINDOWS))
N_VIEWS: Final = len(_VIEWS)
VIEW_WINDOWS: Final = np.array([window for _, window in _VIEWS])
"""Top, bottom, left and right of each view, as shares; of the mirrored picture if it is one."""

VIEW_IS_MIRRORED: Final = np.array([is_mirrored for is_mirrored, _ in _VIEWS])

_WAVES: Final = tuple((u, v) for u in range(4) for v in range(4) if 0 < u * u + v * v <= 12)
_NEIGHBOURS: Final = 8
_RADIUS: Final = 0.3
_SLACK: Final = 2.0
_PICTURES_AT_ONCE: Final = 2048
_PAIRS_AT_ONCE: Final = 4096


def describe(greys: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The coarse shape of every view of every picture.

    A shape is the lowest frequencies of the cosine transform, without the mean and brought to
    norm 1, so that brightness and contrast do not matter.

    Args:
        greys: Pictures `(n, side, side)`.

    Returns:
        Shapes `(N_VIEWS, n, 12)`; the first view is the whole picture.
    """
    down, right = np.array(_WAVES).T
    shapes = np.empty((N_VIEWS, len(greys), len(_WAVES)), dtype=np.float32)
    for start in range(0, len(greys), _PICTURES_AT_ONCE):
        part = greys[start : start + _PICTURES_AT_ONCE].astype(np.float32)
        for view, (is_mirrored, (top, bottom, left, end)) in enumerate(_VIEWS):
            rows = _cosines(top, bottom, part.shape[1])
            columns = _cosines(left, end, part.shape[2])
            if is_mirrored:
                columns = columns[:, ::-1]
            waves = (rows @ (part @ np.ascontiguousarray(columns.T)))[:, down, right]
            norm = np.linalg.norm(waves, axis=1, keepdims=True)
            shapes[view, start : start + len(part)] = waves / np.maximum(norm, 1e-6)
    return shapes


def _cosines(low: float, high: float, size: int) -> NDArray[np.float32]:
    """Four waves over the part from `low` to `high` of a line of `size` pixels, `(4, size)`."""
    edges = np.arange(size + 1) / size
    covered = np.maximum(np.minimum(edges[1:], high) - np.maximum(edges[:-1], low), 0)
    covered /= high - low
    place = ((edges[1:] + edges[:-1]) / 2 - low) / (high - low)
    waves = np.cos(np.pi * np.arange(4)[:, None] * np.clip(place, 0, 1)) * np.sqrt(2)
    waves[0] = 1
    waves[1:] -= (waves[1:] @ covered)[:, None]
    cosines: NDArray[np.float32] = (waves * covered).astype(np.float32)
    return cosines


def find_candidates(
    shapes: NDArray[np.float32],
    *,
    among: NDArray[np.int64] | None = None,
    of: NDArray[np.int64] | None = None,
    on_view: Callable[[int], object] | None = None,
) -> NDArray[np.int64]:
    """Pairs of pictures of which one looks, from afar, like a view of the other.

    Args:
        shapes: As `describe` returns them.
        among: Indices of the pictures that may be neighbours, sorted; None for all.
        of: Indices of the pictures, some of `among`, whose neighbours are looked for.
        on_view: Called with how many of the views are done.

    Returns:
        Indices `(m, 2)`, the lower one first, sorted. Of each asked picture its eight nearest, and
        those whose nearest it is if these were asked, too.
    """
    n = shapes.shape[1]
    among = np.arange(n) if among is None else among
    of = among if of is None else of
    tree = cKDTree(shapes[0, among])
    found = []
    for done, view in enumerate(shapes, start=1):
        # One neighbour more, as a picture finds itself. The slack leaves out branches of the tree
        # that hardly help: among thousands of look-alikes an exact search would look at all.
        _, neighbour = tree.query(
            view[of],
            k=_NEIGHBOURS + 1,
            eps=_SLACK,
            distance_upper_bound=_RADIUS,
            workers=-1,
        )
        row, place = np.nonzero(neighbour < len(among))
        picture, other = of[row], among[neighbour[row, place]]
        key = np.minimum(picture, other) * n + np.maximum(picture, other)
        found.append(np.unique(key[picture != other]))
        if on_view is not None:
            on_view(done)
    pairs = np.stack(np.divmod(np.unique(np.concatenate(found)), max(n, 1)), axis=1)
    is_asked = np.isin(np.arange(n), of)
    return pairs[_are_nearest(pairs, find_views(shapes, pairs)[2], is_asked)]


def _are_nearest(
    pairs: NDArray[np.int64], distance: NDArray[np.float32], is_asked: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Which pairs are among the eight nearest of at least one of the two that was asked."""
    picture = pairs.T.ravel()
    row = np.tile(np.arange(len(pairs)), 2)
    order = np.lexsort((row, distance[row], picture))
    _, first = np.unique(picture[order], return_index=True)
    rank = np.arange(len(order)) - np.repeat(first, np.diff(np.append(first, len(order))))
    nearest = np.zeros(len(pairs), dtype=np.bool_)
    nearest[row[order[(rank < _NEIGHBOURS) & is_asked[picture[order]]]]] = True
    return nearest


def find_views(
    shapes: NDArray[np.float32], pairs: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.float32]]:
    """By which view one picture of each pair looks most like the other one.

    Returns:
        The view, whether it is one of the second picture (instead of the first), and how far the
        shapes are apart; each `(m,)`.
    """
    best = np.zeros(len(pairs), dtype=np.int64)
    distance = np.zeros(len(pairs), dtype=np.float32)
    for start in range(0, len(pairs), _PAIRS_AT_ONCE):
        part = slice(start, start + _PAIRS_AT_ONCE)
        first, second = pairs[part].T
        apart = np.concatenate(
            [
                np.linalg.norm(shapes[:, one] - shapes[0, other], axis=2)
                for one, other in ((first, second), (second, first))
            ]
        )
        best[part] = apart.argmin(axis=0)
        distance[part] = apart.min(axis=0)
    return best % N_VIEWS, best >= N_VIEWS, distance
