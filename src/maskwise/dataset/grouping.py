"""Grouping: which samples belong together, so that no split may part them."""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from maskwise.dataset.audit.duplicates import find_near_duplicates
from maskwise.dataset.audit.fingerprint import FINGERPRINT, take_fingerprint
from maskwise.dataset.dataset import Dataset
from maskwise.dataset.reading import Progress
from maskwise.dataset.samples import Sample
from maskwise.dataset.threads import map_in_threads


def group_samples(data: Dataset, *, on_progress: Progress | None = None) -> Dataset:
    """The same data, each sample with a `group` that holds all that belongs to it.

    That are near-duplicates, over any number of copies, faces of one picture, faces of one
    `scene`, and what the data set itself calls a `group`. A group is called after the first of its
    pictures.

    Args:
        data: Its pictures are read once more, unless it is grouped already.
        on_progress: Told after each picture.

    Raises:
        BadDataset: A picture has changed since it was listed.
    """
    if data.is_grouped:
        return data
    return join_groups(data, find_near_duplicates(_take_fingerprints(data, on_progress)).ties)


def group_beside(
    data: Dataset, others: NDArray[np.void], *, on_progress: Progress | None = None
) -> tuple[Dataset, frozenset[str]]:
    """As `group_samples`, and which of the pictures are near-duplicates of others.

    Args:
        data: Its pictures are read once more.
        others: Fingerprints of pictures that are not in it, `(n,)` of type `FINGERPRINT`.
        on_progress: Told after each picture.

    Returns:
        The grouped data, and the paths of its pictures that show the same shot as one of `others`,
        or are tied to such a picture by a chain of near-duplicates.

    Raises:
        BadDataset: A picture has changed since it was listed.
    """
    prints = _take_fingerprints(data, on_progress)
    ties = find_near_duplicates(np.concatenate([prints, others])).ties
    first_of = _join(_invert(ties, len(prints) + len(others)))
    seen = set(first_of[len(prints) :].tolist())
    paths = _picture_paths(data)
    own = zip(paths, first_of.tolist(), strict=False)  # those of `others` come behind
    return join_groups(data, ties), frozenset(path for path, first in own if first in seen)


def _take_fingerprints(data: Dataset, on_progress: Progress | None) -> NDArray[np.void]:
    pictures = {sample.path: sample for sample in data.samples}
    prints = np.zeros(len(pictures), dtype=FINGERPRINT)
    found = map_in_threads(lambda s: take_fingerprint(data.read(s)), list(pictures.values()))
    for index, fingerprint in enumerate(found):
        prints[index] = fingerprint
        if on_progress is not None:
            on_progress(index + 1, len(pictures))
    return prints


def _picture_paths(data: Dataset) -> list[str]:
    return list(dict.fromkeys(sample.path for sample in data.samples))


def join_groups(data: Dataset, near_duplicates: Sequence[Sequence[int]]) -> Dataset:
    """As `group_samples`, where the near-duplicates are known already.

    Args:
        data: As it is.
        near_duplicates: Numbers of pictures that belong together, counted in the order of their
            first sample; where two of these sets overlap, all of both belong together.
    """
    paths = _picture_paths(data)
    shots = dict(zip(paths, _invert(near_duplicates, len(paths)), strict=True))
    name_of = _join([list(_ties(sample, shots[sample.path])) for sample in data.samples])
    named = (
        replace(sample, attributes={**sample.attributes, "group": data.samples[first].path})
        for sample, first in zip(data.samples, name_of.tolist(), strict=True)
    )
    return replace(data, samples=tuple(named), is_grouped=True)


def _invert(sets: Sequence[Sequence[int]], n: int) -> Sequence[Sequence[int]]:
    """For each of the first `n` numbers the sets in which it is, by their number."""
    found: list[list[int]] = [[] for _ in range(n)]
    for number, members in enumerate(sets):
        for member in members:
            if member < n:
                found[member].append(number)
    return found


def _ties(sample: Sample, shots: Sequence[int]) -> Iterator[Hashable]:
    """All that a sample may share with others of its group."""
    yield "picture", sample.path
    for shot in shots:
        yield "shot", shot
    for name in ("scene", "group"):
        if value := sample.attributes.get(name):
            yield name, value


def _join(ties: Sequence[Sequence[Hashable]]) -> NDArray[np.int64]:
    """For each sample the first one that it hangs together with over any number of ties."""
    first_with: dict[Hashable, int] = {}
    links = [
        (index, first_with.setdefault(tie, index)) for index, own in enumerate(ties) for tie in own
    ]
    if not links:
        return np.zeros(0, dtype=np.int64)
    rows, columns = np.array(links).T
    graph = coo_array(
        (np.ones(len(links), dtype=np.bool_), (rows, columns)), shape=(len(ties),) * 2
    )
    _, component = connected_components(graph, directed=False)
    _, first, place = np.unique(component, return_index=True, return_inverse=True)
    firsts: NDArray[np.int64] = first[place].astype(np.int64)
    return firsts
