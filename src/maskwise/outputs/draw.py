"""Drawing answers onto pictures, so that people see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from maskwise.boxes import area
from maskwise.labels import label_colour_rgb
from maskwise.outputs.captions import Pixels, caption, place
from maskwise.results import Faces

_WHITE: Final = (255, 255, 255)
_BLACK: Final = (0, 0, 0)
_LEGIBLE_SIZE: Final = 400
_LARGEST_ENLARGED: Final = 2000  # keeps slivers from growing into posters
_SMALLEST_LETTERS: Final = 12

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
Colour = tuple[int, int, int]


def draw(image_rgb: NDArray[np.uint8], faces: Faces) -> NDArray[np.uint8]:
    """Draw each face's box and answer, in words and colour, onto a copy of the picture.

    Lines and letters follow the size of picture and face, and small pictures are enlarged first, so
    that the words are legible at any size. They are black or white, whichever stands out more from
    the colour of the answer: at least 4.5 to 1. Where *unsure* has reasons, they are written too.

    Args:
        image_rgb: The picture `(h, w, 3)` that `faces` belongs to.
        faces: With answers; *unsure* is drawn too.

    Returns:
        RGB uint8, of the same size if the shorter side has at least 400 pixels, else mostly a
        whole number of times as large.
    """
    canvas = Image.fromarray(image_rgb)
    factor = max(
        1, min(-(-_LEGIBLE_SIZE // min(canvas.size)), _LARGEST_ENLARGED // max(canvas.size))
    )
    canvas = canvas.resize((canvas.width * factor, canvas.height * factor))
    pen = ImageDraw.Draw(canvas)
    boxes_xyxy = faces.xyxy.astype(np.float64) * factor
    for index in np.argsort(-area(boxes_xyxy), kind="stable").tolist():  # small ones on top
        colour = label_colour_rgb(int(faces.label[index]))
        _frame(pen, boxes_xyxy[index].tolist(), colour, canvas.size)
    labels = [
        _Label.of(faces, index, boxes_xyxy[index], canvas.size) for index in range(len(faces))
    ]
    sizes_wh = np.array([label.size_wh for label in labels], np.float64).reshape(-1, 2)
    for label, at_xy in zip(labels, place(sizes_wh, boxes_xyxy, canvas.size), strict=True):
        label.write(pen, at_xy.round().astype(int).tolist())
    return np.asarray(canvas)


def contact_sheet(
    images_rgb: Sequence[NDArray[np.uint8]], *, columns: int = 4, tile: int = 256, gap: int = 8
) -> NDArray[np.uint8]:
    """Lay pictures out in rows on a white sheet, each fitted into a square of `tile` pixels."""
    rows = -(-len(images_rgb) // columns)
    size = (columns * (tile + gap) + gap, rows * (tile + gap) + gap)
    sheet = Image.new("RGB", size, _WHITE)
    for index, image_rgb in enumerate(images_rgb):
        picture = Image.fromarray(image_rgb)
        scale = tile / max(picture.size)
        width, height = (max(1, round(edge * scale)) for edge in picture.size)
        row, column = divmod(index, columns)
        left = gap + column * (tile + gap) + (tile - width) // 2
        top = gap + row * (tile + gap) + (tile - height) // 2
        sheet.paste(picture.resize((width, height)), (left, top))
    return np.asarray(sheet)


@dataclass(frozen=True, slots=True)
class _Label:
    """A caption as it is drawn: its letters, and what is left around them."""

    text: str
    font: Font
    colour_rgb: Colour
    margin: int

    @classmethod
    def of(cls, faces: Faces, index: int, box_xyxy: Pixels, size_wh: tuple[int, int]) -> Self:
        """Letters as large as suits the face, if the caption then fits into the picture."""
        text = caption(faces, index)
        smallest = max(_SMALLEST_LETTERS, max(size_wh) // 100)
        largest = max(smallest, min(size_wh) // 14)
        letters = int(np.clip((box_xyxy[2] - box_xyxy[0]) / 8, smallest, largest))
        width = _font(letters).getlength(text) + letters
        letters = max(1, int(letters * min(1, size_wh[0] / width)))
        colour = label_colour_rgb(int(faces.label[index]))
        return cls(text, _font(letters), colour, max(1, letters // 5))

    @property
    def size_wh(self) -> tuple[float, float]:
        """Width and height with the margin."""
        left, top, right, bottom = self.font.getbbox(self.text)
        return right - left + 2 * self.margin, bottom - top + 2 * self.margin

    def write(self, pen: ImageDraw.ImageDraw, at_xy: tuple[int, int]) -> None:
        """Write it with its upper left corner at a place."""
        (x, y), (width, height) = at_xy, self.size_wh
        left, top, _, _ = self.font.getbbox(self.text)
        pen.rectangle((x, y, x + width - 1, y + height - 1), fill=self.colour_rgb)
        at = (x + self.margin - left, y + self.margin - top)
        pen.text(at, self.text, font=self.font, fill=ink_on(self.colour_rgb))


def ink_on(colour_rgb: Colour) -> Colour:
    """Black or white, whichever contrasts more with a colour.

    By the contrast ratio of WCAG 2.2, which is then at least 4.58.
    """
    with_black = (_luminance(colour_rgb) + 0.05) / 0.05
    with_white = 1.05 / (_luminance(colour_rgb) + 0.05)
    return _BLACK if with_black > with_white else _WHITE


def _luminance(colour_rgb: Colour) -> float:
    """Relative luminance as WCAG 2.2 defines it, from 0 to 1."""
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (channel / 255 for channel in colour_rgb)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@cache
def _font(letters: int) -> Font:
    return ImageFont.load_default(letters)


def _frame(
    pen: ImageDraw.ImageDraw,
    box_xyxy: tuple[float, float, float, float],
    colour_rgb: Colour,
    size_wh: tuple[int, int],
) -> None:
    """A box in its colour, with a thin line around it that stands out from the like colour."""
    left, top, right, bottom = box_xyxy
    finest = max(2, max(size_wh) // 600)
    line = max(finest, min(int(right - left) // 25, min(size_wh) // 100))
    halo = max(1, line // 4)
    right, bottom = max(left, right - 1), max(top, bottom - 1)
    around = (left - halo, top - halo, right + halo, bottom + halo)
    pen.rectangle(around, outline=ink_on(colour_rgb), width=halo)
    pen.rectangle((left, top, right, bottom), outline=colour_rgb, width=line)
