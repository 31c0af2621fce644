"""Images: the one decoder. Every picture, from wherever it comes, becomes RGB here.

What is trained on, what is decided on and what is shown must never differ, and outside bytes must
never cost more than their own request: so the format follows from the content, what a file claims
is checked before anything is decoded, and only three decoders are ever reached.
"""

import os
import stat
import struct
import zlib
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from maskwise.errors import InvalidInput, UnreadableImage
from maskwise.names import legible
from maskwise.signatures.jpeg import outline_jpeg
from maskwise.signatures.kinds import kind_of
from maskwise.signatures.outline import Outline, orientation_of, truncated
from maskwise.signatures.png import outline_png
from maskwise.signatures.webp import outline_webp

MAX_BYTES: Final = 20 * 2**20
MAX_PIXELS: Final = 50_000_000
MAX_SIDE: Final = 30_000
MAX_PASSES: Final = 256
"""Over a progressive JPEG: one for each of its scans."""

MAX_PASSED_PIXELS: Final = 10**9
"""Pixels times passes over them: about a second."""

MAX_UNPACKED_BYTES: Final = 125 * 10**6
"""Of the pixels of a PNG, which packs a thousand to one: 41 megapixels of RGB, 31 of RGBA."""

MAX_DECODER_BYTES: Final = 350 * 10**6
"""What decoding may take beside the file itself: 50 megapixels of colour, but of WebP 17."""

_THUMBNAIL_SIZE: Final = 128

# Opened directly, not by `Image.open`: no other format can be reached, and Pillow's own size
# check, which warns process-wide, is not needed beside ours.
_FORMATS: Final[Mapping[str, tuple[Callable[[bytes], Outline], type[ImageFile]]]] = {
    "JPEG": (outline_jpeg, JpegImageFile),
    "PNG": (outline_png, PngImageFile),
    "WebP": (outline_webp, WebPImageFile),
}

ACCEPTED: Final = frozenset(_FORMATS)
"""What `kind_of` calls the formats that are decoded."""

# What Pillow's own fuzz tests let its decoders raise on broken files, and what these are made of.
_DECODER_ERRORS: Final = (
    *(OSError, SyntaxError, ValueError, NotImplementedError, OverflowError),
    *(Image.DecompressionBombError, Image.DecompressionBombWarning),
    *(EOFError, IndexError, KeyError, TypeError, struct.error, zlib.error),
)

# By EXIF orientation: how to turn the stored picture, and whether that turns its last row first.
_UPRIGHT: Final[Mapping[int, tuple[Image.Transpose | None, bool]]] = {
    1: (None, False),
    2: (Image.Transpose.FLIP_LEFT_RIGHT, False),
    3: (Image.Transpose.ROTATE_180, True),
    4: (Image.Transpose.FLIP_TOP_BOTTOM, True),
    5: (Image.Transpose.TRANSPOSE, False),
    6: (Image.Transpose.ROTATE_270, True),
    7: (Image.Transpose.TRANSVERSE, True),
    8: (Image.Transpose.ROTATE_90, False),
}
_FIRST_ON_ITS_SIDE: Final = 5
_LARGEST_IN_8_BIT: Final = 255
_STRIP_PIXELS: Final = 2**18
_BEHIND_TRANSPARENCY: Final = (128, 128, 128)


Readable = str | os.PathLike[str] | bytes | bytearray | memoryview | Image.Image | NDArray[Any]
"""What `read_image` makes a picture of."""


def read_image(
    source: Readable, *, colour_order: Literal["rgb", "bgr"] = "rgb"
) -> NDArray[np.uint8]:
    """Read a picture.

    Args:
        source: Path of a file, or the file's bytes: JPEG, PNG and WebP are accepted. Or a picture
            of Pillow, as the frame it stands at, turned as its EXIF says. Or a NumPy array, uint8
            of shape `(h, w, 3)`, `(h, w, 4)` with transparency, or `(h, w)` grey.
        colour_order: `rgb`, or `bgr` as OpenCV has it: how the channels of an array are ordered.
            All other sources say so themselves.

    Returns:
        The first frame, upright, as RGB uint8 `(h, w, 3)`, in memory of its own. Grey, palette,
        CMYK and 16-bit pictures become RGB; what is transparent lies on mid grey; metadata is
        dropped. The same picture gives the same pixels, whatever it comes as.

    Raises:
        UnreadableImage: There is no such file, or it is no whole picture within the limits of
            this module. The message names the file and the reason.
        InvalidInput: `source` is none of these, is empty or too large, or its values have no
            known range; or `colour_order` is another one.
    """
    if colour_order not in ("rgb", "bgr"):
        raise InvalidInput(f"`colour_order` must be rgb or bgr. Received: {colour_order!r}.")
    if isinstance(source, np.ndarray):
        return _read_array(source, colour_order)
    if isinstance(source, Image.Image):
        return _read_pillow(source)
    if isinstance(source, bytes | bytearray | memoryview):
        return decode_image(bytes(source))
    try:
        path = Path(source)
    except TypeError as error:
        raise InvalidInput(
            "`source` must be a path, bytes, a picture of Pillow or a NumPy array. "
            f"Received: {type(source).__name__}."
        ) from error
    try:
        return decode_image(read_bytes(path))
    except UnreadableImage as error:
        raise UnreadableImage(f"{legible(path)}: {error}") from error


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """Read a file that should be a picture, if it is a regular file of at most `MAX_BYTES`.

    Raises:
        UnreadableImage: It is not, or it cannot be read.
    """
    try:
        found = Path(path).stat()
        if stat.S_ISDIR(found.st_mode):
            raise UnreadableImage("this is a folder, not a picture")
        if not stat.S_ISREG(found.st_mode):
            raise UnreadableImage("this is not a regular file")
        _check_bytes(found.st_size)
        with Path(path).open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise UnreadableImage(getattr(error, "strerror", None) or str(error)) from error
    _check_bytes(len(content))
    return content


def decode_image(content: bytes) -> NDArray[np.uint8]:
    """Decode the bytes of a picture; see `read_image`."""
    _check_bytes(len(content))
    if not content:
        raise UnreadableImage("the file is empty")
    kind = kind_of(content)
    if kind not in _FORMATS:
        raise UnreadableImage(f"this is {kind}; save the picture as JPEG, PNG or WebP")
    outline_of, decoder = _FORMATS[kind]
    try:
        outline = outline_of(content)
        _check_cost(outline)
        if not outline.is_whole():
            raise truncated(kind)
        with decoder(BytesIO(outline.content)) as picture:
            if picture.size != outline.size_wh:
                raise UnreadableImage(f"the {kind} is damaged: it claims two sizes")
            picture.load()
            return _upright_rgb(picture, outline.orientation)
    except MemoryError as error:
        raise UnreadableImage("there is not enough memory left to decode it") from error
    except _DECODER_ERRORS as error:
        raise UnreadableImage(f"the {kind} is damaged: {_reason(error)}") from error


def thumbnail_jpeg(image_rgb: NDArray[np.uint8]) -> bytes:
    """A small copy of an RGB picture `(h, w, 3)` uint8 for a page, at most 128 pixels long.

    Raises:
        InvalidInput: The array is no RGB picture.
    """
    _require_rgb(image_rgb)
    picture = Image.fromarray(image_rgb)
    picture.thumbnail((_THUMBNAIL_SIZE, _THUMBNAIL_SIZE))
    return encode_image(np.asarray(picture), format="jpeg")


def encode_image(
    image_rgb: NDArray[np.uint8], *, format: Literal["jpeg", "png"], quality: int = 90
) -> bytes:
    """Encode an RGB picture `(h, w, 3)` uint8, without any metadata.

    Args:
        image_rgb: The picture.
        format: `jpeg` or `png`.
        quality: Of a JPEG, 1 to 95.

    Raises:
        InvalidInput: The array is no RGB picture, or the format is another one.
    """
    _require_rgb(image_rgb)
    if format not in ("jpeg", "png"):
        raise InvalidInput(f"`format` must be jpeg or png. Received: {format!r}.")
    file = BytesIO()
    Image.fromarray(image_rgb).save(file, format, quality=quality)
    return file.getvalue()


def _read_array(pixels: NDArray[Any], colour_order: str) -> NDArray[np.uint8]:
    shape = pixels.shape
    if pixels.dtype != np.uint8 or len(shape) not in (2, 3) or shape[2:] not in ((), (3,), (4,)):
        raise InvalidInput(
            "An array must be uint8 of shape (h, w, 3), (h, w, 4) or (h, w), with values of 0 to "
            f"255. Received: {pixels.dtype} {shape}."
        )
    _check_size(shape[1], shape[0])
    if len(shape) == 2:
        return np.repeat(pixels[..., None], 3, axis=2)
    rgb = pixels[..., :3] if colour_order == "rgb" else pixels[..., 2::-1]
    if shape[2] == 3:
        return np.array(rgb, order="C")
    return _upright_rgb(Image.fromarray(np.dstack((rgb, pixels[..., 3]))), orientation=1)


def _read_pillow(picture: Image.Image) -> NDArray[np.uint8]:
    _check_size(*picture.size)
    if picture.mode in ("F", "I"):
        raise InvalidInput(
            "A picture of Pillow must have 8 or 16 bits per channel, since nobody can say how far "
            f"the values of others reach; scale and convert it. Received: mode {picture.mode}."
        )
    try:
        picture.load()
        exif = picture.info.get("exif")  # only known once all is loaded
        orientation = orientation_of(exif) if isinstance(exif, bytes) else 1
        return _upright_rgb(_with_key_in_8_bit(picture), orientation)
    except MemoryError as error:
        raise UnreadableImage("there is not enough memory left to decode it") from error
    except _DECODER_ERRORS as error:
        raise UnreadableImage(f"the picture of Pillow is damaged: {_reason(error)}") from error


def _check_size(width: int, height: int) -> None:
    if not width or not height or max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise InvalidInput(
            f"A picture must have sides of 1 to {MAX_SIDE} pixels and at most "
            f"{MAX_PIXELS // 10**6} megapixels. Received: {width}x{height}."
        )


def _with_key_in_8_bit(picture: Image.Image) -> Image.Image:
    """A picture whose transparent colour, if one is named, has the depth of its pixels.

    Pillow leaves it as the PNG has it, in 16 bits or in one.
    """
    key = picture.info.get("transparency")
    if not isinstance(key, int | tuple):
        return picture
    values = np.atleast_1d(key)
    if picture.mode == "1":
        values = _LARGEST_IN_8_BIT * values.astype(bool)
    elif picture.mode.startswith("I;16") or values.max() > _LARGEST_IN_8_BIT:
        values = values >> 8
    changed = picture.copy()
    changed.info["transparency"] = (
        tuple(values.tolist()) if isinstance(key, tuple) else int(values[0])
    )
    return changed


def _require_rgb(image_rgb: NDArray[np.uint8]) -> None:
    if image_rgb.dtype != np.uint8 or image_rgb.ndim != 3 or image_rgb.shape[2] != 3:
        raise InvalidInput(
            "`image_rgb` must be uint8 of shape (h, w, 3). "
            f"Received: {image_rgb.dtype} {image_rgb.shape}."
        )


def _check_bytes(n_bytes: int) -> None:
    if n_bytes > MAX_BYTES:
        raise UnreadableImage(
            f"the file has {n_bytes / 2**20:.1f} MiB; accepted are {MAX_BYTES // 2**20} MiB; "
            "scale the picture down"
        )


def _check_cost(outline: Outline) -> None:
    width, height = outline.size_wh
    n_pixels = width * height
    if not n_pixels:
        raise UnreadableImage(f"the picture claims {width}x{height} pixels: there is nothing in it")
    max_pixels = min(MAX_PIXELS, MAX_DECODER_BYTES // outline.decoder_bytes_per_pixel)
    if outline.n_unpacked_bytes:
        max_pixels = min(max_pixels, MAX_UNPACKED_BYTES * n_pixels // outline.n_unpacked_bytes)
    if max(width, height) > MAX_SIDE or n_pixels > max_pixels:
        raise UnreadableImage(
            f"the picture claims {width}x{height} pixels; accepted are sides of up to {MAX_SIDE} "
            f"and, from such a file, {max_pixels / 10**6:.3g} megapixels; scale it down"
        )
    if outline.n_passes > min(MAX_PASSES, MAX_PASSED_PIXELS // n_pixels):
        raise UnreadableImage(
            f"the JPEG takes {outline.n_passes} passes over {width}x{height} pixels, too many; "
            "save it again as a baseline JPEG"
        )


def _upright_rgb(picture: Image.Image, orientation: int) -> NDArray[np.uint8]:
    width, height = picture.size
    turn, last_row_first = _UPRIGHT[orientation]
    on_its_side = orientation >= _FIRST_ON_ITS_SIDE
    upright = np.empty((width, height, 3) if on_its_side else (height, width, 3), np.uint8)
    by_stored_row = upright.swapaxes(0, 1) if on_its_side else upright
    n_rows = max(1, _STRIP_PIXELS // width)
    for top in range(0, height, n_rows):  # in strips: a second whole picture costs 200 MB
        bottom = min(top + n_rows, height)
        strip = _to_rgb(picture.crop((0, top, width, bottom)))
        rgb = np.asarray(strip if turn is None else strip.transpose(turn))
        rows = slice(height - bottom, height - top) if last_row_first else slice(top, bottom)
        by_stored_row[rows] = rgb.swapaxes(0, 1) if on_its_side else rgb
    return upright


def _to_rgb(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I"):  # 16-bit grey, which Pillow would clip to white
        grey = Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
        grey.info = picture.info
        picture = grey
    if picture.mode == "La":  # which converts to nothing else
        picture = picture.convert("LA")
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        behind = Image.new("RGBA", picture.size, (*_BEHIND_TRANSPARENCY, 255))
        picture = Image.alpha_composite(behind, picture)
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def _reason(error: BaseException) -> str:
    reason = " ".join(str(error).split()) or type(error).__name__
    # Pillow wraps what broken headers make its parsers stumble over.
    stumbled = isinstance(
        error.__cause__ or error, struct.error | IndexError | KeyError | TypeError
    )
    no_header = stumbled or "not identified" in reason
    return "its header makes no sense" if no_header else reason
