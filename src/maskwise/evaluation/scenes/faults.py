"""Faults: the pictures on which most went wrong, with what was found drawn on them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from maskwise.evaluation.scenes.matching import SizeRange
from maskwise.evaluation.scenes.scene import Scene
from maskwise.images import encode_image
from maskwise.labels import UNSURE, label_colour_rgb

_LONG_SIDE_PX: Final = 480
_MISSED_RGB: Final = (255, 255, 255), (0, 0, 0)
_DASH_PX: Final = 4

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Faults:
    """What went wrong on a picture.

    Attributes:
        path: Of the picture, relative to the data folder.
        missed: How many faces the detector overlooked.
        displaced: How many it put a box on that overlaps them too little.
        misnamed: How many it found that were then called another class.
        false_alarms: How many answers lie on no face.
        picture_jpeg: A small copy with the faces marked: as `draw_faults` does, or empty.
    """

    path: str
    missed: int
    displaced: int
    misnamed: int
    false_alarms: int
    picture_jpeg: bytes = b""

    @property
    def total(self) -> int:
        """All but the displaced boxes, which are as often the annotator's."""
        return self.missed + self.misnamed + self.false_alarms

    @classmethod
    def of(cls, path: str, scene: Scene, size: SizeRange) -> Self:
        """Count what went wrong with the faces of a size; the picture is not drawn yet."""
        match = scene.match(size)
        found = match.face >= 0
        displaced = int((scene.match_loosely(match) >= 0).sum())
        called = scene.answer.label[found]
        is_misnamed = (called != scene.truth_label[match.face[found]]) & (called != UNSURE)
        return cls(
            path=path,
            missed=int(match.is_judged.sum() - found.sum()) - displaced,
            displaced=displaced,
            misnamed=int(is_misnamed.sum()),
            false_alarms=int(match.is_false.sum()) - displaced,
        )

    def to_dict(self) -> Mapping[str, Any]:
        """Plain values for JSON, without the picture."""
        return {
            "path": self.path,
            "missed": self.missed,
            "displaced": self.displaced,
            "misnamed": self.misnamed,
            "false_alarms": self.false_alarms,
        }


def draw_faults(image_rgb: NDArray[np.uint8], scene: Scene, size: SizeRange) -> bytes:
    """A small JPEG of a picture with its faces marked.

    A face that was found has a box in the colour of what it was called, with a second one in the
    colour of the truth around it if that is another; a false alarm is crossed out; a face that was
    not found has a dashed box in black and white. Ignored faces and answers are not marked.
    """
    picture = Image.fromarray(image_rgb)
    picture.thumbnail((_LONG_SIDE_PX, _LONG_SIDE_PX))
    pen = ImageDraw.Draw(picture)
    scale = np.tile(np.divide(picture.size, image_rgb.shape[1::-1]), 2)
    match = scene.match(size)
    loose = scene.match_loosely(match)
    missed = match.is_judged.copy()
    missed[match.face[match.face >= 0]] = False
    for box in _boxes(scene.truth_xyxy[missed] * scale):
        _dash(pen, box)
    for index in np.flatnonzero((match.face >= 0) | match.is_false):
        (box,) = _boxes(scene.answer.xyxy[index : index + 1] * scale)
        answer = int(scene.answer.label[index])
        pen.rectangle(box, outline=label_colour_rgb(answer), width=2)
        if loose[index] >= 0:
            continue
        if match.is_false[index]:
            left, top, right, bottom = box
            pen.line((left, top, right, bottom), fill=label_colour_rgb(answer), width=1)
            pen.line((left, bottom, right, top), fill=label_colour_rgb(answer), width=1)
        elif (truth := int(scene.truth_label[match.face[index]])) != answer:
            left, top, right, bottom = box
            around = (left - 3, top - 3, right + 3, bottom + 3)
            pen.rectangle(around, outline=label_colour_rgb(truth), width=2)
    return encode_image(np.asarray(picture), format="jpeg", quality=80)


def _boxes(xyxy: NDArray[np.floating]) -> Iterator[Box]:
    for left, top, right, bottom in xyxy.tolist():
        yield left, top, max(left + 1, right - 1), max(top + 1, bottom - 1)


def _dash(pen: ImageDraw.ImageDraw, box: Box) -> None:
    left, top, right, bottom = box
    for turn, colour in enumerate(_MISSED_RGB):
        for x in np.arange(left + turn * _DASH_PX, right, 2 * _DASH_PX).tolist():
            for y in (top, bottom):
                pen.line((x, y, min(x + _DASH_PX, right), y), fill=colour, width=2)
        for y in np.arange(top + turn * _DASH_PX, bottom, 2 * _DASH_PX).tolist():
            for x in (left, right):
                pen.line((x, y, x, min(y + _DASH_PX, bottom)), fill=colour, width=2)
