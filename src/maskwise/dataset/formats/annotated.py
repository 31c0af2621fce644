"""AnnotatedPicture: a picture and its faces, as the writers of the formats take them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from maskwise.dataset.formats.sides import SIDES
from maskwise.dataset.samples import Sample
from maskwise.preprocess import BoxXyxy


@dataclass(frozen=True, slots=True)
class AnnotatedPicture:
    """A picture of a data set that is being written, and what is to be said of it.

    Attributes:
        path: Where it lies, relative to the new data folder, with `/` between its parts.
        size_hw: Height and width of the upright picture in pixels.
        faces: Its faces; none if it is said to show none.
    """

    path: str
    size_hw: tuple[int, int]
    faces: tuple[Sample, ...]

    def box_of(self, face: Sample) -> BoxXyxy:
        """Where a face is, for formats that know no face without a box."""
        height, width = self.size_hw
        return face.box_xyxy or (0.0, 0.0, float(width), float(height))


def by_side(pictures: Sequence[AnnotatedPicture]) -> dict[str, list[AnnotatedPicture]]:
    """The pictures of each side, if each has exactly one and they have several; else nothing.

    A picture without faces, which has no attributes, goes to those to train on.
    """
    chosen: dict[str, list[AnnotatedPicture]] = defaultdict(list)
    for picture in pictures:
        sides = {face.attributes.get("side", "") for face in picture.faces} or {"train"}
        side = sides.pop()
        if sides or side not in SIDES:
            return {}
        chosen[side].append(picture)
    return {side: chosen[side] for side in SIDES if side in chosen} if len(chosen) > 1 else {}
