"""Sizes of pictures, from the first look into their files."""

import struct
from collections.abc import Callable, Mapping
from typing import Final

from maskwise.errors import UnreadableImage
from maskwise.signatures.jpeg import outline_jpeg
from maskwise.signatures.kinds import kind_of
from maskwise.signatures.outline import Outline
from maskwise.signatures.png import outline_png
from maskwise.signatures.webp import outline_webp

_OUTLINES: Final[Mapping[str, Callable[[bytes], Outline]]] = {
    "JPEG": outline_jpeg,
    "PNG": outline_png,
    "WebP": outline_webp,
}
_FIRST_ON_ITS_SIDE: Final = 5


def upright_size_hw(content: bytes) -> tuple[int, int]:
    """Height and width in pixels that a file says its upright picture has; nothing is decoded.

    Raises:
        UnreadableImage: It is no JPEG, PNG or WebP, or its header makes no sense.
    """
    kind = kind_of(content)
    if kind not in _OUTLINES:
        raise UnreadableImage(f"this is {kind}; save the picture as JPEG, PNG or WebP")
    try:
        outline = _OUTLINES[kind](content)
    except (struct.error, IndexError, ValueError) as error:
        raise UnreadableImage(f"the {kind} is damaged: its header makes no sense") from error
    width, height = outline.size_wh
    return (width, height) if outline.orientation >= _FIRST_ON_ITS_SIDE else (height, width)
