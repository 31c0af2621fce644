"""Matching: which answer found which face, and the average precision that follows.

- **Matching** is that of COCO at an IoU of 0.5: answers choose in descending order of score, each
  takes the free face that it overlaps most, and each face is taken once.
- **A range of sizes** is judged as by COCO's `areaRng`, though on the shorter side of the box:
  faces of other sizes are ignored, and so are answers that found one of those, or found nothing
  and are of another size themselves.
- **Average precision** is the whole area under the precision-recall curve, precision made
  non-increasing, as in PASCAL VOC since 2010; COCO reads the same curve at 101 recalls. Answers of
  equal score enter together, as no threshold parts them: the order of pictures does not matter.

Sources: Everingham et al. (2015), Int. J. Comput. Vis. 111:98; Lin et al. (2014), arXiv:1405.0312,
and its reference code, pycocotools.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from maskwise.boxes import Boxes, iou
from maskwise.errors import InvalidInput

MIN_IOU: Final = 0.5
"""From which overlap on an answer counts as having found a face."""

LOOSE_IOU: Final = 0.2
"""From which overlap on an answer that found no face still lies on one."""


@dataclass(frozen=True, slots=True)
class SizeRange:
    """Faces by the shorter side of their box.

    Attributes:
        min_px: The least side.
        max_px: All sides are below this; may be infinite.

    Raises:
        InvalidInput: Not 0 <= `min_px` < `max_px`.
    """

    min_px: float
    max_px: float = math.inf

    def __post_init__(self) -> None:
        if not 0 <= self.min_px < self.max_px:
            raise InvalidInput(
                f"`min_px` must be at least 0 and below `max_px`={self.max_px:g}. "
                f"Received: {self.min_px:g}."
            )

    def holds(self, boxes_xyxy: Boxes) -> NDArray[np.bool_]:
        """Which of the boxes `(n, 4)` are of this size, `(n,)`."""
        size = boxes_xyxy[:, 2:].astype(np.float64) - boxes_xyxy[:, :2]
        side: NDArray[np.float64] = size.min(axis=1)
        return (side >= self.min_px) & (side < self.max_px)

    @property
    def words(self) -> str:
        """The range as people read it.

        >>> SizeRange(16, 32).words, SizeRange(0, 16).words, SizeRange(64, math.inf).words
        ('16 to 31 px', 'under 16 px', '64 px and more')
        """
        if not math.isfinite(self.max_px):
            return f"{self.min_px:g} px and more"
        if not self.min_px:
            return f"under {self.max_px:g} px"
        return f"{self.min_px:g} to {self.max_px - 1:g} px"

    def to_dict(self) -> Mapping[str, float | None]:
        """Plain values for JSON; `max_px` is null where there is no upper end."""
        return {
            "min_px": self.min_px,
            "max_px": self.max_px if math.isfinite(self.max_px) else None,
        }


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """What the answers `(d,)` on one picture did with its faces `(t,)`.

    Attributes:
        face: Which judged face each answer found, or -1, `(d,)`.
        is_false: Which answers lie on no face, not even an ignored one, though they are of the
            judged size, `(d,)`. An answer that is neither this nor found a face is ignored.
        is_judged: Which faces are of the judged size, `(t,)`.
    """

    face: NDArray[np.int64]
    is_false: NDArray[np.bool_]
    is_judged: NDArray[np.bool_]


def match_faces(
    score: NDArray[np.float32] | NDArray[np.float64],
    answer_xyxy: Boxes,
    truth_xyxy: Boxes,
    size: SizeRange,
    *,
    ignored_xyxy: Boxes | None = None,
) -> Match:
    """Pair the answers on one picture with its faces, the best answer first.

    Args:
        score: How sure each answer is, `(d,)`; among equals the earlier one chooses first.
        answer_xyxy: Where each says a face is, `(d, 4)` in pixels.
        truth_xyxy: Where the faces are, `(t, 4)` in pixels.
        size: Which faces are judged.
        ignored_xyxy: More faces, `(i, 4)`, that are ignored whatever their size.
    """
    is_judged = size.holds(truth_xyxy)
    if ignored_xyxy is not None:
        truth_xyxy = np.concatenate([truth_xyxy, ignored_xyxy])
        is_judged = np.append(is_judged, np.zeros(len(ignored_xyxy), dtype=np.bool_))
    overlap = iou(answer_xyxy, truth_xyxy)
    # No overlap is above 1: with 1 added, a judged face goes before every ignored one.
    appeal = np.where(overlap >= MIN_IOU, overlap + is_judged, 0.0)
    face = _choose(score, appeal)
    is_false = (face < 0) & size.holds(answer_xyxy)
    face[~np.append(is_judged, False)[face]] = -1
    n_ignored = 0 if ignored_xyxy is None else len(ignored_xyxy)
    return Match(face, is_false, is_judged[: len(is_judged) - n_ignored])


def match_loosely(
    score: NDArray[np.float32] | NDArray[np.float64],
    answer_xyxy: Boxes,
    truth_xyxy: Boxes,
    match: Match,
) -> NDArray[np.int64]:
    """On which face, found by none, each answer lies that found none: it overlaps too little.

    So it is where detector and annotators draw faces differently, or where a box is badly placed:
    other faults than to overlook a face, or to see one where there is none.

    Args:
        score: As in `match_faces`, `(d,)`.
        answer_xyxy: Likewise.
        truth_xyxy: Likewise, `(t, 4)`.
        match: What it returned.

    Returns:
        The face of each answer, or -1, `(d,)`.
    """
    is_free = match.is_judged.copy()
    is_free[match.face[match.face >= 0]] = False
    overlap = iou(answer_xyxy, truth_xyxy)
    overlap[~match.is_false] = 0.0
    overlap[:, ~is_free] = 0.0
    return _choose(score, np.where(overlap >= LOOSE_IOU, overlap, 0.0))


def _choose(
    score: NDArray[np.float32] | NDArray[np.float64], appeal: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Let answers choose, the best first, each the free face that appeals most to it; -1: none."""
    appeal = appeal.copy()
    face = np.full(len(score), -1, dtype=np.int64)
    order = np.argsort(-score, kind="stable")
    for answer in order[appeal[order].any(axis=1)]:
        best = appeal[answer].argmax()
        if appeal[answer, best] > 0:
            face[answer] = best
            appeal[:, best] = 0.0
    return face


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """The judged answers of all pictures, best first.

    Attributes:
        picture: On which picture each was given, `(d,)`.
        is_right: Whether it found a face, `(d,)`.
        last_of_tie: The positions after which the score falls.
        n_faces: How many judged faces each picture holds, `(pictures,)`.
    """

    picture: NDArray[np.int64]
    is_right: NDArray[np.bool_]
    last_of_tie: NDArray[np.int64]
    n_faces: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        picture: NDArray[np.int64],
        score: NDArray[np.float64],
        is_right: NDArray[np.bool_],
        n_faces: NDArray[np.int64],
    ) -> Self:
        """The ranking of answers that come in any order."""
        order = np.argsort(-score, kind="stable")
        falls = np.diff(score[order], append=-np.inf) < 0
        return cls(picture[order], is_right[order], np.flatnonzero(falls), n_faces)

    def average_precision(self, drawn: NDArray[np.int64]) -> float:
        """Area under the precision-recall curve, in [0, 1].

        Args:
            drawn: How often each picture counts, `(pictures,)`; once each, or as often as a
                bootstrap drew it.

        Returns:
            NaN if the pictures drawn hold no face.
        """
        n_faces = int(drawn @ self.n_faces)
        if n_faces == 0:
            return math.nan
        times = drawn[self.picture]
        found = np.cumsum(times * self.is_right)[self.last_of_tie]
        given = np.cumsum(times)[self.last_of_tie]
        precision = found / np.maximum(given, 1)
        best_from_here = np.maximum.accumulate(precision[::-1])[::-1]
        return float(np.diff(found, prepend=0) @ best_from_here) / n_faces
