"""Drawing answers onto pictures, so that people see them."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from maskwise.labels import label_colour_rgb, label_words
from maskwise.results import Faces

_WHITE: Final = (255, 255, 255)
_LEGIBLE_SIZE: Final = 200
_LARGEST_ENLARGED: Final = 2000  # keeps slivers from growing into posters


def draw(image_rgb: NDArray[np.uint8], faces: Faces) -> NDArray[np.uint8]:
    """Draw each face's box and answer, in words and colour, onto a copy of the picture.

    Line and letter size follow the picture's, and small pictures are enlarged first, so that the
    words are legible at any size.

    Args:
        image_rgb: The picture `(h, w, 3)` that `faces` belongs to.
        faces: With answers; *unsure* is drawn too.

    Returns:
        RGB uint8, of the same size if the shorter side has at least 200 pixels, else mostly a
        whole number of times as large.
    """
    canvas = Image.fromarray(image_rgb)
    factor = max(
        1, min(-(-_LEGIBLE_SIZE // min(canvas.size)), _LARGEST_ENLARGED // max(canvas.size))
    )
    canvas = canvas.resize((canvas.width * factor, canvas.height * factor))
    pen = ImageDraw.Draw(canvas)
    shorter = min(canvas.size)
    line = max(2, shorter // 100)
    font = ImageFont.load_default(max(9, shorter // 14))
    for index in range(len(faces)):
        label = int(faces.label[index])
        colour = label_colour_rgb(label)
        left, top, right, bottom = (float(edge) * factor for edge in faces.xyxy[index])
        pen.rectangle((left, top, right - 1, bottom - 1), outline=colour, width=line)
        _write(pen, (left, top), _caption(faces, index), font, colour)
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


def _caption(faces: Faces, index: int) -> str:
    label = int(faces.label[index])
    words = label_words(label)
    return words if label < 0 else f"{words} {faces.probability[index, label]:.0%}"


def _write(
    pen: ImageDraw.ImageDraw,
    at_xy: tuple[float, float],
    text: str,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    colour_rgb: tuple[int, int, int],
) -> None:
    _, top, right, bottom = pen.textbbox(at_xy, text, font=font)
    margin = (bottom - top) // 4
    pen.rectangle((*at_xy, right + 2 * margin, bottom + 2 * margin), fill=colour_rgb)
    pen.text((at_xy[0] + margin, at_xy[1] + margin), text, font=font, fill=_WHITE)
