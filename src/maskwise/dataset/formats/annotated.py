"""AnnotatedPicture: a picture and its faces, as the writers of the formats take them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

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
        attributes: What else is said of a picture without faces.
    """

    path: str
    size_hw: tuple[int, int]
    faces: tuple[Sample, ...]
    attributes: Mapping[str, str] = field(default_factory=dict)

    def box_of(self, face: Sample) -> BoxXyxy:
        """Where a face is, for formats that know no face without a box."""
        height, width = self.size_hw
        return face.box_xyxy or (0.0, 0.0, float(width), float(height))


def by_side(pictures: Sequence[AnnotatedPicture]) -> dict[str, list[AnnotatedPicture]]:
    """The pictures of each side, if each has exactly one and they have several; else nothing."""
    chosen: dict[str, list[AnnotatedPicture]] = defaultdict(list)
    for picture in pictures:
        said = [face.attributes for face in picture.faces] or [picture.attributes]
        sides = {attributes.get("side", "") for attributes in said}
        side = sides.pop()
        if sides or side not in SIDES:
            return {}
        chosen[side].append(picture)
    return {side: chosen[side] for side in SIDES if side in chosen} if len(chosen) > 1 else {}
