"""Traits: what is kept of each picture to ask what a classifier could go by.

Beside what the picture shows, that is how its file was made: where the classes of a set come from
two places, they can often be told apart by that alone.
"""

from io import BytesIO
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from maskwise.errors import InvalidInput
from maskwise.signatures.jpeg import outline_jpeg
from maskwise.signatures.kinds import kind_of

METADATA: Final = (
    *("bytes", "width", "height", "aspect", "bytes per pixel"),
    *("is JPEG", "is PNG", "is WebP", "PNG colour type", "has EXIF", "has ICC profile"),
    *("JPEG luma step", "JPEG chroma step", "JPEG chroma sampling", "is progressive JPEG"),
)
"""What the numbers of the field `metadata` are: facts about the file, none about its pixels."""

THUMBNAIL_SIDE: Final = 32

TRAITS: Final = np.dtype(
    [
        ("metadata", np.float32, (len(METADATA),)),
        ("thumbnail", np.uint8, (THUMBNAIL_SIDE, THUMBNAIL_SIDE, 3)),
    ]
)
"""Facts about the file, and the whole picture squeezed to a small square in RGB. 3.1 kB.

Traits of many pictures are kept as one array `(n,)` of this type.
"""

_EXIF_MARKS: Final = (b"Exif\0\0", b"eXIf", b"EXIF")  # in JPEG, PNG and WebP
_ICC_MARKS: Final = (b"ICC_PROFILE\0", b"iCCP", b"ICCP")
_PNG_COLOUR_TYPE: Final = 25  # where it stands in the file
_NONE: Final = -1.0


def take_traits(content: bytes, picture_rgb: NDArray[np.uint8]) -> NDArray[np.void]:
    """Reduce a file and its picture to what shortcuts and mislabels are looked for in.

    Args:
        content: The bytes of a file that `maskwise.images.decode_image` accepts.
        picture_rgb: What it makes of them: upright, `(h, w, 3)` uint8.

    Returns:
        A single `TRAITS`, shape `()`. `numpy.stack` makes an array of many.

    Raises:
        InvalidInput: `picture_rgb` has another shape or type.
        UnreadableImage: `content` is a broken JPEG, which `decode_image` refuses.
    """
    if picture_rgb.ndim != 3 or picture_rgb.shape[2] != 3 or not picture_rgb.size:
        raise InvalidInput(
            f"`picture_rgb` must have shape (h, w, 3) with sides of at least 1. "
            f"Received: {picture_rgb.shape}."
        )
    if picture_rgb.dtype != np.uint8:
        raise InvalidInput(f"`picture_rgb` must be uint8. Received: {picture_rgb.dtype}.")
    height, width, _ = picture_rgb.shape
    # The gap lets Pillow average large pictures in whole blocks first: many times faster.
    thumbnail = Image.fromarray(picture_rgb).resize(
        (THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.BILINEAR, reducing_gap=3.0
    )
    traits = np.zeros((), dtype=TRAITS)
    traits["metadata"] = _metadata_of(content, height, width)
    traits["thumbnail"] = np.asarray(thumbnail)
    return traits


def _metadata_of(content: bytes, height: int, width: int) -> tuple[float, ...]:
    kind = kind_of(content)
    return (
        *(len(content), width, height, width / height, len(content) / (width * height)),
        *(kind == name for name in ("JPEG", "PNG", "WebP")),
        content[_PNG_COLOUR_TYPE] if kind == "PNG" else _NONE,
        # Four such bytes also occur by chance, but once in gigabytes of pixels.
        any(mark in content for mark in _EXIF_MARKS),
        any(mark in content for mark in _ICC_MARKS),
        *(_coding_of(content) if kind == "JPEG" else (_NONE,) * 4),
    )


def _coding_of(jpeg: bytes) -> tuple[float, float, float, bool]:
    """Mean step of the first and last quantisation table, luma per chroma pixel, scan order."""
    with JpegImageFile(BytesIO(outline_jpeg(jpeg).content)) as picture:
        tables = [picture.quantization[key] for key in sorted(picture.quantization)]
        _, across, down, _ = picture.layer[0]
        luma_step, chroma_step = float(np.mean(tables[0])), float(np.mean(tables[-1]))
        return luma_step, chroma_step, across * down, "progressive" in picture.info
