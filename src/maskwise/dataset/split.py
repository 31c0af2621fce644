"""Split: which samples are trained on, watched during training, and judged at the end."""

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from maskwise.dataset.samples import SIDES, Sample, Split
from maskwise.errors import BadDataset, InvalidInput
from maskwise.labels import LABELS
from maskwise.preprocess import BoxXyxy

_HASH_RANGE: Final = 2**64
_LARGE: Final = 0.5  # of what a side should have


def split_randomly(
    samples: Sequence[Sample], *, test_share: float, validation_share: float, seed: int
) -> Split:
    """Split as the reference system does: stratified at random, then the tail for validation.

    The validation side is the last share of the shuffled rest, just as Keras takes it with
    `validation_split`. Near-duplicates may fall on two sides: figures from such a split flatter.

    Args:
        samples: At least a handful of each class.
        test_share: Share of all samples to judge on, in (0, 1).
        validation_share: Share of the remaining samples, in (0, 1).
        seed: Same samples and seed, same split.
    """
    rest, test = train_test_split(
        list(samples),
        test_size=test_share,
        stratify=[sample.label for sample in samples],
        random_state=seed,
    )
    n_train = math.floor(len(rest) * (1 - validation_share))
    return Split(tuple(rest[:n_train]), tuple(rest[n_train:]), tuple(test))


def split_by_group(
    samples: Sequence[Sample], *, test_share: float, validation_share: float, seed: int
) -> Split:
    """Split so that no `group` of samples stands on two sides.

    Where a group goes follows from the bytes of its pictures and the seed. So every class and
    every source is shared out alike but for chance, and when files are added, all others stay
    where they are. Three kinds of groups may move: those that the new files join; those that are
    larger than half of what their side should have, and train instead; and those that stand in
    where chance has left a side without a class.

    Args:
        samples: With a `group` each, as `Dataset.grouped` gives it; without, each is its own.
        test_share: Share to judge on, in (0, 1).
        validation_share: Share of the remaining samples, in (0, 1).
        seed: Same samples and seed, same split.

    Raises:
        BadDataset: A class has fewer groups than there are sides, or groups that hold several
            classes cannot be shared out so that each side has each class.
    """
    sides = {
        "test": test_share,
        "validation": (1 - test_share) * validation_share,
        "train": (1 - test_share) * (1 - validation_share),
    }
    return _share_out(samples, sides, seed)


def hold_out_source(
    samples: Sequence[Sample], source: str, *, validation_share: float, seed: int
) -> Split:
    """Split so that one source is judged on and all others are trained on.

    A sample of another source whose group reaches into the held-out one is left out altogether.

    Args:
        samples: With a `source` each, and a `group` as `Dataset.grouped` gives it.
        source: The one to judge on.
        validation_share: Share of the other samples that is only watched, in (0, 1).
        seed: Same samples and seed, same split.

    Raises:
        InvalidInput: There is no such source; the message names those that there are.
        BadDataset: The other sources do not suffice to train on.
    """
    sources = sorted({sample.source for sample in samples} - {""})
    if source not in sources:
        raise InvalidInput(
            f"`hold_out_source` must be one of {', '.join(sources)}. Received: {source!r}."
            if sources
            else f"`hold_out_source` was {source!r}, but the data names no source. "
            "Give each picture one in a column `source` of manifest.csv."
        )
    test = tuple(sample for sample in samples if sample.source == source)
    touched = {group_of(sample) for sample in test}
    others = [sample for sample in samples if group_of(sample) not in touched]
    sides = {"validation": validation_share, "train": 1 - validation_share}
    left_out = [s for s in samples if s.source != source and group_of(s) in touched]
    return replace(_share_out(others, sides, seed), test=test, left_out=tuple(left_out))


def split_as_given(samples: Sequence[Sample], *, validation_share: float, seed: int) -> Split:
    """Split as the data set itself says.

    Where it names only two sides, the other one is judged on, and groups of the training side are
    set aside for validation. What is on no side, or an unknown one, is left out. Near-duplicates
    that stand on two sides stay there; `find_leaks` tells of them.

    Args:
        samples: With a `side` each.
        validation_share: Share of the training side that is only watched, in (0, 1), if the data
            set names no validation side beside a test side.
        seed: Same samples and seed, same split.

    Raises:
        BadDataset: No training side is named, or nothing to judge on.
    """
    named: dict[str, list[Sample]] = {side: [] for side in SIDES}
    for sample in samples:
        named.get(sample.attributes.get("side", ""), named["left_out"]).append(sample)
    test = named["test"] or named["validation"]
    if not named["train"] or not test:
        raise BadDataset(
            "The data set names no sides to train and to judge on. Give them by folders called "
            "train and test or by a column `side`, or choose another --split."
        )
    if named["test"] and named["validation"]:
        train, validation = tuple(named["train"]), tuple(named["validation"])
    else:
        sides = {"validation": validation_share, "train": 1 - validation_share}
        shared = _share_out(named["train"], sides, seed)
        train, validation = shared.train, shared.validation
    return Split(train, validation, tuple(test), tuple(named["left_out"]))


def group_of(sample: Sample) -> str:
    """The group of a sample; its own if the data set names none."""
    return sample.attributes.get("group") or f"{sample.path} {sample.box_xyxy}"


def number_groups(samples: Sequence[Sample]) -> NDArray[np.int64]:
    """The groups of samples as numbers `(n,)`, counted in the order in which they appear."""
    number_of: dict[str, int] = {}
    numbers = [number_of.setdefault(group_of(sample), len(number_of)) for sample in samples]
    return np.array(numbers, dtype=np.int64)


def find_leaks(split: Split) -> Mapping[str, Sequence[Sample]]:
    """The test samples whose group also stands on the train or validation side, by group."""
    seen = {group_of(sample) for sample in (*split.train, *split.validation)}
    leaks: dict[str, list[Sample]] = defaultdict(list)
    for sample in split.test:
        if group_of(sample) in seen:
            leaks[group_of(sample)].append(sample)
    return leaks


def _share_out(samples: Sequence[Sample], sides: Mapping[str, float], seed: int) -> Split:
    groups: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        groups[group_of(sample)].append(sample)
    at = {name: _position(members, seed) for name, members in groups.items()}
    most = {side: max(1.0, _LARGE * share * len(samples)) for side, share in sides.items()}
    side_of = {name: _side_at(position, sides) for name, position in at.items()}
    for name, members in groups.items():
        if len(members) > most[side_of[name]]:
            side_of[name] = "train"
    _fill_empty_sides(groups, at, side_of, sides, most)
    chosen: dict[str, list[Sample]] = {"train": [], "validation": [], "test": []}
    for name, members in groups.items():
        chosen[side_of[name]].extend(members)
    return Split(**{side: tuple(sorted(found, key=_order)) for side, found in chosen.items()})


def _order(sample: Sample) -> tuple[str, BoxXyxy | tuple[()]]:
    return sample.path, sample.box_xyxy or ()


def _position(members: Sequence[Sample], seed: int) -> float:
    """Where in [0, 1) a group stands, by its bytes and the seed."""
    first = min(f"{sample.sha256} {sample.box_xyxy or ''}" for sample in members)
    digest = hashlib.sha256(f"{seed} {first}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / _HASH_RANGE


def _side_at(position: float, sides: Mapping[str, float]) -> str:
    *firsts, last = sides
    for side in firsts:
        position -= sides[side]
        if position < 0:
            return side
    return last


def _fill_empty_sides(
    groups: Mapping[str, Sequence[Sample]],
    at: Mapping[str, float],
    side_of: dict[str, str],
    sides: Mapping[str, float],
    most: Mapping[str, float],
) -> None:
    """Where chance has left a side without a class, move the group there that was nearest to it.

    No group is moved that leaves its side without one of its classes: so this comes to an end.
    """
    labels_of = {name: {s.label for s in members} for name, members in groups.items()}
    _require_groups(labels_of, sides)
    ends = dict(zip(sides, accumulate(sides.values()), strict=True))
    places = [(label, side) for label in sorted(set().union(*labels_of.values())) for side in sides]
    while True:
        n = Counter((label, side_of[name]) for name in groups for label in labels_of[name])
        lacking = [place for place in places if not n[place]]
        if not lacking:
            return
        free = [
            name for name in groups if all(n[own, side_of[name]] > 1 for own in labels_of[name])
        ]
        for label, side in lacking:
            movable = [name for name in free if label in labels_of[name]]
            if movable:
                centre, limit = ends[side] - sides[side] / 2, most[side]
                distance = {name: abs(at[name] - centre) for name in movable}
                nearest = min((len(groups[name]) > limit, distance[name], name) for name in movable)
                side_of[nearest[-1]] = side
                break
        else:
            label, side = lacking[0]
            raise BadDataset(
                f"No picture of {LABELS[label]} can go to the side {side} without taking the last "
                "of another class from its own, as near-duplicates and scenes hold several "
                "classes. Add pictures of it, or choose another --split."
            )


def _require_groups(labels_of: Mapping[str, Collection[int]], sides: Collection[str]) -> None:
    n_having = Counter(label for own in labels_of.values() for label in own)
    for label, n in sorted(n_having.items()):
        if n < len(sides):
            raise BadDataset(
                f"{LABELS[label]} has {n} pictures that are no near-duplicates or of one "
                f"scene, but {' and '.join(sides)} need one each. Add pictures of it."
            )
