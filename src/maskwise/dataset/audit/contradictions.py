"""Contradictions: what a data set calls two things at once."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from maskwise.dataset.samples import Sample
from maskwise.labels import label_name
from maskwise.preprocess import BoxXyxy


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A face that has two classes, in one file or in files that are equal byte for byte.

    Attributes:
        paths: The files, relative to the data folder, in order.
        box_xyxy: Where the face is; None for the whole picture.
        labels: Its classes, class numbers of `maskwise.LABELS`.
    """

    paths: tuple[str, ...]
    box_xyxy: BoxXyxy | None
    labels: tuple[int, ...]

    def to_dict(self) -> Mapping[str, Any]:
        """Plain values for JSON, with classes by name."""
        return {
            "paths": list(self.paths),
            "box_xyxy": None if self.box_xyxy is None else list(self.box_xyxy),
            "labels": [label_name(label) for label in self.labels],
        }


def find_contradictions(samples: Iterable[Sample]) -> tuple[Contradiction, ...]:
    """The faces that have two classes, by name of their first file."""
    faces: dict[tuple[str, BoxXyxy | None], list[Sample]] = defaultdict(list)
    for sample in samples:
        faces[sample.sha256, sample.box_xyxy].append(sample)
    found = [
        Contradiction(
            tuple(sorted({face.path for face in same})),
            box_xyxy,
            tuple(sorted({face.label for face in same})),
        )
        for (_, box_xyxy), same in faces.items()
    ]
    return tuple(
        sorted(
            (face for face in found if len(face.labels) > 1),
            key=lambda face: (face.paths, face.box_xyxy or ()),
        )
    )


def classes_of_shot(pictures: Iterable[Sequence[Sample]]) -> tuple[int, ...]:
    """The classes of pictures, each given by its faces, that are one shot.

    None if one of them shows several faces: which of them is which in the others, nobody knows.
    """
    pictures = list(pictures)
    if any(len({face.box_xyxy for face in faces}) > 1 for faces in pictures):
        return ()
    return tuple(sorted({face.label for faces in pictures for face in faces}))
