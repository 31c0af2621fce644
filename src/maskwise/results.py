"""Faces: the value that every stage hands to the next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from maskwise.errors import InvalidInput
from maskwise.extras import load
from maskwise.labels import LABELS, UNSURE, label_name, label_number

if TYPE_CHECKING:
    from supervision import Detections


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """The faces of one picture, as columns of equal length.

    Attributes:
        xyxy: Boxes `(n, 4)` float32, left, top, right, bottom in pixels of the upright picture.
        detector_score: How sure the detector is, `(n,)` float32 in [0, 1].
        probability: One column per class in the order of `LABELS`, `(n, classes)` float32; no
            columns as long as the faces are only found, not classified.
        label: Entries of `LABELS` by number, or -1 for *unsure*, `(n,)` int64.
        track_id: Who is who from frame to frame, `(n,)` int64, or None outside video.
        quality: For each face the reasons, if any, to doubt its answer, such as `too_small`.

    Raises:
        InvalidInput: Shapes, lengths or values do not fit together.
    """

    xyxy: NDArray[np.float32]
    detector_score: NDArray[np.float32]
    probability: NDArray[np.float32]
    label: NDArray[np.int64]
    track_id: NDArray[np.int64] | None = None
    quality: tuple[tuple[str, ...], ...] = ()

    def __post_init__(self) -> None:
        if self.xyxy.ndim != 2 or self.xyxy.shape[1] != 4:
            raise InvalidInput(f"`xyxy` must have shape (n, 4). Received: {self.xyxy.shape}.")
        if self.probability.ndim != 2 or self.probability.shape[1] not in (0, 2, len(LABELS)):
            raise InvalidInput(
                f"`probability` must have shape (n, classes) with 0, 2 or {len(LABELS)} classes. "
                f"Received: {self.probability.shape}."
            )
        if not self.quality:
            object.__setattr__(self, "quality", ((),) * len(self.xyxy))
        for name in ("detector_score", "probability", "label", "track_id", "quality"):
            column = getattr(self, name)
            if column is not None and len(column) != len(self.xyxy):
                raise InvalidInput(
                    f"`{name}` must have one entry for each of the {len(self.xyxy)} boxes. "
                    f"Received: {len(column)}."
                )
        if not np.isfinite(self.xyxy).all() or not np.isfinite(self.probability).all():
            raise InvalidInput(
                "`xyxy` and `probability` must be finite. Received: NaN or infinity."
            )
        if len(self.label) and not (
            self.label.min() >= UNSURE and self.label.max() < self.probability.shape[1]
        ):
            raise InvalidInput(
                f"`label` must be -1 or below {self.probability.shape[1]}. "
                f"Received: {self.label.tolist()}."
            )

    @classmethod
    def found(
        cls,
        *,
        xyxy: NDArray[np.float32],
        detector_score: NDArray[np.float32],
        quality: tuple[tuple[str, ...], ...] = (),
    ) -> Self:
        """Faces as a detector hands them on: where they are known, what they wear is not."""
        return cls(
            xyxy=xyxy,
            detector_score=detector_score,
            probability=np.zeros((len(xyxy), 0), dtype=np.float32),
            label=np.full(len(xyxy), UNSURE, dtype=np.int64),
            quality=quality,
        )

    @classmethod
    def from_dicts(cls, dicts: Sequence[Mapping[str, Any]]) -> Self:
        """The faces that `to_dicts` described, up to its rounding.

        Raises:
            KeyError, TypeError, ValueError: They are no faces.
        """
        n = len(dicts)
        names = LABELS[: max((len(face["probability"]) for face in dicts), default=0)]
        track_id = [face["track_id"] for face in dicts if "track_id" in face]
        return cls(
            xyxy=np.array([face["box_xyxy"] for face in dicts], np.float32).reshape(n, 4),
            detector_score=np.array([face["detector_score"] for face in dicts], np.float32),
            probability=np.array(
                [[face["probability"][name] for name in names] for face in dicts], np.float32
            ).reshape(n, len(names)),
            label=np.array([label_number(face["label"]) for face in dicts], np.int64),
            track_id=np.array(track_id, np.int64) if track_id else None,
            quality=tuple(tuple(face.get("quality", ())) for face in dicts),
        )

    def __len__(self) -> int:
        return len(self.xyxy)

    def select(self, chosen: NDArray[np.bool_]) -> "Faces":
        """Only some of the faces, in their order.

        Args:
            chosen: Which, `(n,)`.
        """
        return Faces(
            xyxy=self.xyxy[chosen],
            detector_score=self.detector_score[chosen],
            probability=self.probability[chosen],
            label=self.label[chosen],
            track_id=None if self.track_id is None else self.track_id[chosen],
            quality=tuple(compress(self.quality, chosen.tolist())),
        )

    @property
    def confidence(self) -> NDArray[np.float32]:
        """How sure the answer is, `(n,)` in [0, 1]: its probability.

        For *unsure* it is that of the most probable class; as long as the faces are only found, the
        score of the detector.
        """
        if not self.probability.shape[1]:
            return self.detector_score
        answer = np.where(self.label == UNSURE, self.probability.argmax(axis=1), self.label)
        return self.probability[np.arange(len(self)), answer]

    def to_dicts(self) -> list[Mapping[str, Any]]:
        """One mapping per face of plain Python values, ready for `json.dumps`."""
        return [self._to_dict(index) for index in range(len(self))]

    def _to_dict(self, index: int) -> Mapping[str, Any]:
        probability = self.probability[index]
        face: dict[str, Any] = {
            "box_xyxy": [round(float(edge), 2) for edge in self.xyxy[index]],
            "label": label_name(int(self.label[index])),
            "probability": {
                name: round(float(value), 6)
                for name, value in zip(LABELS, probability, strict=False)
            },
            "detector_score": round(float(self.detector_score[index]), 6),
        }
        if self.track_id is not None:
            face["track_id"] = int(self.track_id[index])
        if self.quality[index]:
            face["quality"] = list(self.quality[index])
        return face

    def to_supervision(self) -> "Detections":
        """The faces as `supervision.Detections`, for its annotators, trackers and zones.

        `class_id` is the label, -1 for *unsure*; `confidence` is that of the same name here; `data`
        holds `class_name`, `detector_score` and `quality`, the reasons with spaces between them.

        Raises:
            MissingExtra: supervision is not installed.
        """
        return load("supervision", extra=None).Detections(
            xyxy=self.xyxy,
            confidence=self.confidence,
            class_id=self.label,
            tracker_id=self.track_id,
            data={
                "class_name": np.array([label_name(label) for label in self.label.tolist()], str),
                "detector_score": self.detector_score,
                "quality": np.array([" ".join(reasons) for reasons in self.quality], str),
            },
        )

    def to_huggingface(self) -> list[list[Mapping[str, Any]]]:
        """What a pipeline for image classification says of each face: classes by falling score.

        Each is `{"label": "with_mask", "score": 0.98}`; faces that are only found have none.
        """
        return [
            sorted(
                (
                    {"label": name, "score": float(score)}
                    for name, score in zip(LABELS, row, strict=False)
                ),
                key=lambda entry: -entry["score"],
            )
            for row in self.probability
        ]
