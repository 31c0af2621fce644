"""Metrics: whether the faces of whole pictures are found, and what is then said of them.

What can go wrong with a face is kept apart: the detector misses it, or puts its box so that it
overlaps the face by less than half, or it is found and misnamed. Average precision (AP) judges all
at once, as detectors are compared in the field.

An answer names one class, as those of most detectors do: it ranks in that class alone, with
detector score x probability of the class. An *unsure* face ranks in none: for AP it is missed, for
the detector it is found. `matching.py` tells how answers and faces are paired.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from maskwise.evaluation.scenes.matching import (
    MIN_IOU,
    Match,
    Ranking,
    SizeRange,
    match_faces,
)
from maskwise.evaluation.scenes.scene import Scene
from maskwise.intervals import CONFIDENCE, Estimate, bootstrap, share_of
from maskwise.labels import LABELS, UNSURE, label_name

_SIZE_EDGES_PX: Final = (0.0, 16.0, 32.0, 64.0, math.inf)
_RESAMPLES: Final = 1000
_MISSED: Final = -3  # below the labels and UNSURE
_DISPLACED: Final = -2


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneClassMetrics:
    """What became of the faces of one class.

    Attributes:
        label: The true class by number in `LABELS`.
        support: How many such faces there are.
        called: Of those found, how many were called what: in the order of `LABELS`, then *unsure*.
        displaced: How many were not found, though an answer lies on them: it overlaps too little.
        average_precision: Of the answers that name this class; undefined without such a face.
        detector_recall: Share of the faces that were found.
        accuracy: Of the faces found, the share named rightly; *unsure* is not right.
    """

    label: int
    support: int
    called: tuple[int, ...]
    displaced: int
    average_precision: Estimate
    detector_recall: Estimate
    accuracy: Estimate

    @property
    def found(self) -> int:
        """How many were found, whatever was then said of them."""
        return sum(self.called)

    @property
    def missed(self) -> int:
        """How many the detector overlooked: no answer lies on them."""
        return self.support - self.found - self.displaced

    @property
    def right(self) -> int:
        """How many were found and named rightly."""
        return self.called[self.label]

    @property
    def unsure(self) -> int:
        """How many were found and left open."""
        return self.called[UNSURE]

    @property
    def misnamed(self) -> int:
        """How many were found and called another class."""
        return self.found - self.right - self.unsure

    def to_dict(self) -> Mapping[str, Any]:
        """Plain values for JSON."""
        return {
            "label": label_name(self.label),
            "support": self.support,
            "missed": self.missed,
            "displaced": self.displaced,
            "right": self.right,
            "misnamed": self.misnamed,
            "unsure": self.unsure,
            "average_precision": self.average_precision.to_dict(),
            "detector_recall": self.detector_recall.to_dict(),
            "accuracy": self.accuracy.to_dict(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeMetrics:
    """What became of the faces of one range of sizes.

    Attributes:
        size: The range.
        per_class: In the order of `LABELS`.
        mean_average_precision: Over the classes that have a face of this size.
        detector_recall: Share of the faces that were found.
        accuracy: Of the faces found, the share named rightly; *unsure* is not right.
        false_alarms: How many answers of this size lie on no face, not even loosely.
        false_alarms_per_picture: The same by picture.
    """

    size: SizeRange
    per_class: tuple[SceneClassMetrics, ...]
    mean_average_precision: Estimate
    detector_recall: Estimate
    accuracy: Estimate
    false_alarms: int
    false_alarms_per_picture: Estimate

    @property
    def support(self) -> int:
        """How many faces were judged on."""
        return sum(each.support for each in self.per_class)

    @property
    def found(self) -> int:
        """How many of them were found, whatever was then said of them."""
        return sum(each.found for each in self.per_class)

    @property
    def right(self) -> int:
        """How many of them were found and named rightly."""
        return sum(each.right for each in self.per_class)

    @property
    def confusion(self) -> tuple[tuple[int, ...], ...]:
        """Of the faces found, how many of each class (row) were called what (last: *unsure*)."""
        return tuple(each.called for each in self.per_class)

    def to_dict(self) -> Mapping[str, Any]:
        """Plain values for JSON."""
        return {
            **self.size.to_dict(),
            "support": self.support,
            "found": self.found,
            "false_alarms": self.false_alarms,
            "mean_average_precision": self.mean_average_precision.to_dict(),
            "detector_recall": self.detector_recall.to_dict(),
            "accuracy": self.accuracy.to_dict(),
            "false_alarms_per_picture": self.false_alarms_per_picture.to_dict(),
            "confusion": [list(row) for row in self.confusion],
            "per_class": [each.to_dict() for each in self.per_class],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneMetrics:
    """What the answers on whole pictures are worth.

    Attributes:
        n: How many pictures were judged on.
        overall: All faces that were to be judged.
        by_size: The same faces by the shorter side of their box, from small to large.
    """

    n: int
    overall: SizeMetrics
    by_size: tuple[SizeMetrics, ...]

    def to_dict(self) -> Mapping[str, Any]:
        """Plain values for JSON; null where the pictures do not define a figure.

        `n`, `min_iou`, `confidence`, `labels` (the columns of each `confusion`), `overall`, and
        `by_size`, a list of the same shape.
        """
        return {
            "n": self.n,
            "min_iou": MIN_IOU,
            "confidence": CONFIDENCE,
            "labels": [*LABELS, label_name(UNSURE)],
            "overall": self.overall.to_dict(),
            "by_size": [each.to_dict() for each in self.by_size],
        }


def measure_scenes(scenes: Sequence[Scene], *, min_size_px: float = 0.0) -> SceneMetrics:
    """Compare the answers on whole pictures with the truth.

    Shares of faces carry Wilson's interval, in which the faces of one picture count as the number
    of independent faces that they are worth; AP and false alarms carry one from drawing whole
    pictures anew. AP has none where so few pictures hold the class that a draw missed it. Filling
    the dents of the curve favours chance, so on few pictures AP and its interval lean upwards, the
    more the less the scores tell.

    Args:
        scenes: One for each picture; pictures without faces count, for their false alarms.
        min_size_px: Faces whose shorter side is below this are ignored: finding one is not
            counted, missing one is no fault.

    Returns:
        All figures; what the pictures do not define, such as AP of a class that none shows, is
        None.

    Raises:
        InvalidInput: `min_size_px` is negative or not finite.
    """
    judged = SizeRange(min_size_px)
    sizes = [
        SizeRange(max(low, min_size_px), high)
        for low, high in pairwise(_SIZE_EDGES_PX)
        if min_size_px < high
    ]
    return SceneMetrics(
        n=len(scenes),
        overall=_measure_size(scenes, judged),
        by_size=tuple(_measure_size(scenes, size) for size in sizes),
    )


def _measure_size(scenes: Sequence[Scene], size: SizeRange) -> SizeMetrics:
    rankings = [_rank(scenes, label, size) for label in range(len(LABELS))]
    matches = [scene.match(size) for scene in scenes]
    loose = [scene.match_loosely(match) for scene, match in zip(scenes, matches, strict=True)]
    false_alarms = np.array(
        [(match.is_false & (face < 0)).sum() for match, face in zip(matches, loose, strict=True)],
        dtype=np.int64,
    )
    *average_precision, mean, alarm_rate = _estimate(rankings, false_alarms)
    faces = _JudgedFaces.of(scenes, matches, loose)
    return SizeMetrics(
        size=size,
        per_class=tuple(
            _measure_class(faces.of_class(label), label, average_precision[label])
            for label in range(len(LABELS))
        ),
        mean_average_precision=mean,
        detector_recall=faces.detector_recall(),
        accuracy=faces.accuracy(),
        false_alarms=int(false_alarms.sum()),
        false_alarms_per_picture=alarm_rate,
    )


def _measure_class(
    faces: "_JudgedFaces", label: int, average_precision: Estimate
) -> SceneClassMetrics:
    return SceneClassMetrics(
        label=label,
        support=len(faces.label),
        called=tuple(int((faces.called == each).sum()) for each in (*range(len(LABELS)), UNSURE)),
        displaced=int((faces.called == _DISPLACED).sum()),
        average_precision=average_precision,
        detector_recall=faces.detector_recall(),
        accuracy=faces.accuracy(),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _JudgedFaces:
    """The faces of one size `(n,)`: on which picture, of which class, and what they were called."""

    picture: NDArray[np.int64]
    label: NDArray[np.int64]
    called: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        scenes: Sequence[Scene],
        matches: Sequence[Match],
        loose: Sequence[NDArray[np.int64]],
    ) -> Self:
        picture, label, called = [], [], []
        for number, (scene, match, on) in enumerate(zip(scenes, matches, loose, strict=True)):
            answer = np.full(len(scene.truth_label), _MISSED, dtype=np.int64)
            answer[on[on >= 0]] = _DISPLACED
            found = match.face >= 0
            answer[match.face[found]] = scene.answer.label[found]
            picture.append(np.full(int(match.is_judged.sum()), number, dtype=np.int64))
            label.append(scene.truth_label[match.is_judged])
            called.append(answer[match.is_judged])
        none = np.zeros(0, dtype=np.int64)
        return cls(*(np.concatenate([none, *each]) for each in (picture, label, called)))

    def of_class(self, label: int) -> Self:
        kept = self.label == label
        return replace(
            self, picture=self.picture[kept], label=self.label[kept], called=self.called[kept]
        )

    def detector_recall(self) -> Estimate:
        return share_of(self.called >= UNSURE, self.picture)

    def accuracy(self) -> Estimate:
        found = self.called >= UNSURE
        return share_of((self.called == self.label)[found], self.picture[found])


def _rank(scenes: Sequence[Scene], label: int, size: SizeRange) -> Ranking:
    """All answers that name one class."""
    picture: list[int] = []
    score: list[float] = []
    is_right: list[bool] = []
    n_faces = np.zeros(len(scenes), dtype=np.int64)
    for number, scene in enumerate(scenes):
        named = np.flatnonzero(scene.answer.label == label)
        probability = scene.answer.probability[named, scene.answer.label[named]]
        scores = scene.answer.detector_score[named] * probability.astype(np.float64)
        truth_xyxy = scene.truth_xyxy[scene.truth_label == label]
        match = match_faces(
            *(scores, scene.answer.xyxy[named], truth_xyxy, size), ignored_xyxy=scene.ignored_xyxy
        )
        is_ranked = (match.face >= 0) | match.is_false
        picture.extend([number] * int(is_ranked.sum()))
        score.extend(scores[is_ranked].tolist())
        is_right.extend((match.face[is_ranked] >= 0).tolist())
        n_faces[number] = match.is_judged.sum()
    return Ranking.of(
        np.array(picture, dtype=np.int64),
        np.array(score, dtype=np.float64),
        np.array(is_right, dtype=np.bool_),
        n_faces,
    )


def _estimate(rankings: Sequence[Ranking], false_alarms: NDArray[np.int64]) -> list[Estimate]:
    """AP of each class, its mean over the classes seen, and false alarms per picture."""
    n = len(false_alarms)
    is_seen = [ranking.n_faces.any() for ranking in rankings]

    def figures(drawn: NDArray[np.int64]) -> NDArray[np.float64]:
        per_class = np.array([ranking.average_precision(drawn) for ranking in rankings])
        mean = per_class[is_seen].mean() if any(is_seen) else math.nan
        return np.array([*per_class, mean, drawn @ false_alarms / n if n else math.nan])

    ends = bootstrap(
        lambda draws: np.array([figures(drawn) for drawn in draws]),
        stratum=np.zeros(n, dtype=np.int64),
        resamples=_RESAMPLES,
    )
    values = figures(np.ones(n, dtype=np.int64)).tolist()
    return [Estimate.of(value, pair) for value, pair in zip(values, ends.tolist(), strict=True)]
