"""Scene: a picture with its faces and with what was answered about them."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from maskwise.boxes import Boxes
from maskwise.errors import InvalidInput
from maskwise.evaluation.scenes.matching import Match, SizeRange, match_faces, match_loosely
from maskwise.labels import LABELS
from maskwise.results import Faces


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A picture: the faces that are in it and the faces that were found.

    Attributes:
        truth_xyxy: Boxes of all faces `(n, 4)` float32 or float64 in pixels of the upright picture.
        truth_label: Their classes by number in `LABELS`, `(n,)` int64.
        answer: What a detector and a classifier say of this picture.
        ignored_xyxy: Boxes `(m, 4)` of more faces, which are not judged: finding one is not
            counted, missing one is no fault.

    Raises:
        InvalidInput: Shapes do not fit together, a box is empty, or a class is unknown.
    """

    truth_xyxy: Boxes
    truth_label: NDArray[np.int64]
    answer: Faces
    ignored_xyxy: Boxes = field(default_factory=lambda: np.zeros((0, 4), dtype=np.float32))

    def __post_init__(self) -> None:
        if self.truth_xyxy.ndim != 2 or self.truth_xyxy.shape[1] != 4:
            raise InvalidInput(
                f"`truth_xyxy` must have shape (n, 4). Received: {self.truth_xyxy.shape}."
            )
        if self.truth_label.shape != self.truth_xyxy.shape[:1]:
            raise InvalidInput(
                f"`truth_label` must have one entry for each of the {len(self.truth_xyxy)} boxes. "
                f"Received shape: {self.truth_label.shape}."
            )
        is_box = np.isfinite(self.truth_xyxy).all(axis=1)
        is_box &= (self.truth_xyxy[:, 2:] > self.truth_xyxy[:, :2]).all(axis=1)
        if not is_box.all():
            raise InvalidInput(
                "`truth_xyxy` must hold finite boxes with right > left and bottom > top. "
                f"Received: {self.truth_xyxy[~is_box][0].tolist()}."
            )
        if not ((self.truth_label >= 0) & (self.truth_label < len(LABELS))).all():
            raise InvalidInput(
                f"`truth_label` must be 0 to {len(LABELS) - 1}. "
                f"Received: {self.truth_label.tolist()}."
            )

    def match(self, size: SizeRange) -> Match:
        """Which answer found which face of this size, whatever it then called it."""
        answer = self.answer
        return match_faces(
            *(answer.detector_score, answer.xyxy, self.truth_xyxy, size),
            ignored_xyxy=self.ignored_xyxy,
        )

    def match_loosely(self, match: Match) -> NDArray[np.int64]:
        """On which face each answer lies that found none; see `matching.match_loosely`."""
        return match_loosely(self.answer.detector_score, self.answer.xyxy, self.truth_xyxy, match)
