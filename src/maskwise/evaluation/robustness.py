"""Robustness: how answers hold on worse pictures, and whether they rest on the face at all."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from maskwise.dataset.reading import Progress
from maskwise.errors import InvalidInput
from maskwise.evaluation.corruptions import CORRUPTIONS, STRENGTHS, corrupt
from maskwise.evaluation.probes import hide_face, replace_border
from maskwise.inference.decision import decide
from maskwise.intervals import CONFIDENCE, Estimate, bootstrap, share_of

Classifier = Callable[[Iterable[NDArray[np.uint8]]], NDArray[np.float32]]
"""From faces, RGB uint8 `(h, w, 3)`, to probabilities `(n, classes)`; as `MaskClassifier`."""

ReadFace = Callable[[int], NDArray[np.uint8]]
"""From the number of a face to its picture, RGB uint8 `(h, w, 3)`."""

_MAX_SIZE: Final = 512  # pixels; bounds what a face costs, and no classifier looks more closely
N_VARIANTS: Final = 1 + len(CORRUPTIONS) * len(STRENGTHS) + 2
"""How many answers are given on each face: as it is, corrupted, and for the two probes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Robustness:
    """What becomes of the answers when the pictures change. All figures are of the same faces.

    Attributes:
        n: How many faces were looked at.
        majority: Share of the commonest class: what is right without looking.
        clean: Accuracy on the pictures as they are.
        corrupted: By the names of `CORRUPTIONS`, the accuracy at the strengths 1 to 5.
        mean_loss_points: By how many percentage points accuracy falls at each strength, in the
            mean over all corruptions.
        hidden_face: Accuracy with the face covered. A network that looks at nothing but the face
            can do no better than `majority`.
        replaced_border: Share of the answers that change when the border is that of a picture
            of another class; undefined if there is only one class.
    """

    n: int
    majority: float
    clean: Estimate
    corrupted: Mapping[str, tuple[Estimate, ...]]
    mean_loss_points: tuple[Estimate, ...]
    hidden_face: Estimate
    replaced_border: Estimate

    @property
    def sees_beside_the_face(self) -> bool:
        """Whether answers with the face covered beat `majority`, beyond the interval."""
        return self.hidden_face.low is not None and self.hidden_face.low > self.majority

    def to_dict(self) -> Mapping[str, Any]:
        """Plain values for JSON.

        `n`, `majority` and `confidence`; `clean`, `hidden_face` and `replaced_border` as
        `{value, low, high}`, the last with null for what is undefined; `corrupted`, by name a
        list of `{strength, level, value, low, high}` whose levels count what `unit` of
        `maskwise.evaluation.corruptions.CORRUPTIONS` says; `mean_loss_points`, one
        `{value, low, high}` for each strength; `sees_beside_the_face`, true or false.
        """
        return {
            "n": self.n,
            "majority": self.majority,
            "confidence": CONFIDENCE,
            "clean": self.clean.to_dict(),
            "corrupted": {
                name: [
                    {"strength": strength, "level": level, **accuracy.to_dict()}
                    for strength, level, accuracy in zip(
                        STRENGTHS, CORRUPTIONS[name].levels, curve, strict=True
                    )
                ]
                for name, curve in self.corrupted.items()
            },
            "mean_loss_points": [loss.to_dict() for loss in self.mean_loss_points],
            "hidden_face": self.hidden_face.to_dict(),
            "sees_beside_the_face": self.sees_beside_the_face,
            "replaced_border": self.replaced_border.to_dict(),
        }


def measure_robustness(
    classifier: Classifier,
    read_face: ReadFace,
    label: NDArray[np.int64],
    *,
    group: NDArray[np.int64] | None = None,
    seed: int = 0,
    limit: int = 500,
    on_progress: Progress | None = None,
) -> Robustness:
    """Let a classifier answer on faces as they are, corrupted 8x5 ways, and with each probe.

    Each face costs 43 answers and is read about twice; no more than a few are in memory at once.
    Faces larger than 512 pixels are first brought down to that.

    Args:
        classifier: A `MaskClassifier`, or whatever answers as it does.
        read_face: Reads the face of a number from 0 to n - 1.
        label: The truth, class numbers `(n,)` of `maskwise.LABELS`.
        group: Which faces depend on each other, `(n,)`; None: no two of them.
        seed: Decides which faces are looked at and what the corruptions leave to chance.
        limit: Look at so many faces at most, in the shares that the classes have in `label`.
        on_progress: Told after each face.

    Returns:
        Accuracies over the faces looked at, with 95 % intervals: Wilson's, with groups at their
        effective size; that of the mean loss from a bootstrap, with groups by group.

    Raises:
        InvalidInput: There are no faces, or a number is out of range.
    """
    _require_sensible(label, seed=seed, limit=limit)
    random = np.random.default_rng(seed)
    chosen = _stratified_sample(label, limit, random)
    partner = _draw_partners(label[chosen], random)

    def read(index: int) -> NDArray[np.uint8]:
        picture = Image.fromarray(read_face(index))
        picture.thumbnail((_MAX_SIZE, _MAX_SIZE))
        return np.asarray(picture)

    def pictures() -> Iterator[NDArray[np.uint8]]:
        pairs = zip(chosen.tolist(), chosen[partner].tolist(), strict=True)
        for done, (index, other) in enumerate(pairs, start=1):
            yield from _variants(read(index), read(other), seed=(seed, index))
            if on_progress is not None:
                on_progress(done, len(chosen))

    answer = decide(classifier(pictures())).reshape(len(chosen), N_VARIANTS)
    return _summarise(answer, label[chosen], None if group is None else group[chosen])


def _variants(
    face_rgb: NDArray[np.uint8], other_rgb: NDArray[np.uint8], seed: Sequence[int]
) -> Iterator[NDArray[np.uint8]]:
    yield face_rgb
    for name in CORRUPTIONS:
        for strength in STRENGTHS:
            yield corrupt(face_rgb, name, strength, seed)
    yield hide_face(face_rgb)
    yield replace_border(face_rgb, other_rgb)


def _summarise(
    answer: NDArray[np.int64], label: NDArray[np.int64], group: NDArray[np.int64] | None
) -> Robustness:
    n = len(label)
    _, class_counts = np.unique(label, return_counts=True)
    right = answer == label[:, None]
    clean, hidden_face = right[:, 0], right[:, -2]
    corrupted = right[:, 1:-2].reshape(n, len(CORRUPTIONS), len(STRENGTHS))
    changed = answer[:, -1] != answer[:, 0]
    return Robustness(
        n=n,
        majority=int(class_counts.max()) / n,
        clean=share_of(clean, group),
        corrupted={
            name: tuple(share_of(right_at, group) for right_at in corrupted[:, row].T)
            for row, name in enumerate(CORRUPTIONS)
        },
        mean_loss_points=_mean_points(clean[:, None] - corrupted.mean(axis=1), label, group),
        hidden_face=share_of(hidden_face, group),
        replaced_border=share_of(changed, group) if len(class_counts) > 1 else Estimate(),
    )


def _mean_points(
    loss: NDArray[np.float64], label: NDArray[np.int64], group: NDArray[np.int64] | None
) -> tuple[Estimate, ...]:
    """The mean of each column `(n, strengths)`, in percentage points."""

    def statistic(counts: NDArray[np.int64]) -> NDArray[np.float64]:
        means: NDArray[np.float64] = 100 * (counts @ loss) / counts.sum(axis=1, keepdims=True)
        return means

    (means,) = statistic(np.ones((1, len(loss)), dtype=np.int64)).tolist()
    ends = bootstrap(statistic, label, group=group).tolist()
    return tuple(Estimate.of(mean, pair) for mean, pair in zip(means, ends, strict=True))


def _stratified_sample(
    label: NDArray[np.int64], limit: int, random: np.random.Generator
) -> NDArray[np.int64]:
    """Numbers of at most `limit` faces, ascending; each class has its share, give or take one."""
    place = np.empty(len(label))  # of each face among those of its class, in random order
    for value in np.unique(label):
        members = np.flatnonzero(label == value)
        place[random.permutation(members)] = (np.arange(len(members)) + 0.5) / len(members)
    return np.sort(np.argsort(place, kind="stable")[:limit])


def _draw_partners(label: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.int64]:
    """For each face another one of another class, or itself if there is none."""
    partner = np.arange(len(label))
    for value in np.unique(label):
        others = np.flatnonzero(label != value)
        if len(others):
            members = label == value
            partner[members] = random.choice(others, size=int(members.sum()))
    return partner


def _require_sensible(label: NDArray[np.int64], *, seed: int, limit: int) -> None:
    if label.ndim != 1 or not len(label):
        raise InvalidInput(f"`label` must be a class number per face. Received: {label.shape}.")
    if seed < 0:
        raise InvalidInput(f"`seed` must be at least 0. Received: {seed}.")
    if limit < 1:
        raise InvalidInput(f"`limit` must be at least 1. Received: {limit}.")
