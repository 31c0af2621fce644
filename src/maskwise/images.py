"""Images: the one decoder. Every picture, from wherever it comes, becomes RGB here.

What is trained on, what is decided on and what is shown must never differ, and outside bytes must
never cost more than their own request: so sizes are checked before anything is decoded, the
format follows from the content, and only three decoders are ever reached.
"""

import os
import stat
import struct
import zlib
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from maskwise.errors import InvalidInput, UnreadableImage
from maskwise.signatures import ACCEPTED, kind_of

MAX_BYTES: Final = 20 * 2**20
MAX_PIXELS: Final = 50_000_000
MAX_SIDE: Final = 30_000
MAX_SCANS: Final = 256
"""Of a progressive JPEG; each scan costs a pass over the whole picture."""

# Opened directly, not by `Image.open`: no other format can be reached, and Pillow's own size
# check, which warns process-wide, is not needed beside ours.
_DECODERS: Final[Mapping[str, type[ImageFile]]] = {
    "JPEG": JpegImageFile,
    "PNG": PngImageFile,
    "WebP": WebPImageFile,
}

# What Pillow's own fuzz tests let its decoders raise on broken files, what EXIF adds, and the
# warnings of a process that asked for errors in their stead.
_DECODER_ERRORS: Final = (
    *(OSError, SyntaxError, MemoryError, ValueError, NotImplementedError, OverflowError),
    *(EOFError, IndexError, KeyError, TypeError, struct.error, zlib.error, UserWarning),
)

_EXIF_ORIENTATION: Final = 0x0112
_UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_BEHIND_TRANSPARENCY: Final = (128, 128, 128)


def read_image(source: str | os.PathLike[str] | bytes) -> NDArray[np.uint8]:
    """Read a picture.

    Args:
        source: Path of a file, or the file's bytes. JPEG, PNG and WebP are accepted.

    Returns:
        The first frame, upright, as RGB uint8 `(h, w, 3)`. Grey, palette, CMYK and 16-bit
        pictures become RGB; what is transparent lies on mid grey; metadata is dropped.

    Raises:
        UnreadableImage: There is no such file, or it is no whole picture within the limits of
            this module. The message names the file and the reason.
        InvalidInput: `source` is neither path nor bytes.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        return decode_image(bytes(source))
    try:
        path = Path(source)
    except TypeError as error:
        raise InvalidInput(
            f"`source` must be a path or bytes. Received: {type(source).__name__}."
        ) from error
    try:
        return decode_image(read_bytes(path))
    except UnreadableImage as error:
        raise UnreadableImage(f"{_legible(path)}: {error}") from error


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
        if found.st_size > MAX_BYTES:
            raise UnreadableImage(_too_many_bytes(found.st_size))
        with Path(path).open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise UnreadableImage(getattr(error, "strerror", None) or str(error)) from error


def decode_image(content: bytes) -> NDArray[np.uint8]:
    """Decode the bytes of a picture; see `read_image`."""
    if len(content) > MAX_BYTES:
        raise UnreadableImage(_too_many_bytes(len(content)))
    if not content:
        raise UnreadableImage("the file is empty")
    kind = kind_of(content)
    if kind not in ACCEPTED:
        raise UnreadableImage(f"this is {kind}; save it as JPEG, PNG or WebP")
    if kind == "JPEG" and content.count(b"\xff\xda") > MAX_SCANS:
        raise UnreadableImage(f"the JPEG has more than {MAX_SCANS} scans; save it again as JPEG")
    if kind == "WebP":
        _check_size(_webp_size_wh(content))  # its decoder takes memory before it can be asked
    try:
        with _DECODERS[kind](BytesIO(content)) as picture:
            _check_size(picture.size)
            picture.load()
            return _upright_rgb(picture)
    except _DECODER_ERRORS as error:
        raise UnreadableImage(f"the {kind} is damaged or cut off: {_reason(error)}") from error


def encode_image(
    image_rgb: NDArray[np.uint8], *, format: Literal["jpeg", "png"], quality: int = 90
) -> bytes:
    """Encode an RGB picture `(h, w, 3)` uint8, without any metadata.

    Args:
        image_rgb: The picture.
        format: `jpeg` or `png`.
        quality: Of a JPEG, 1 to 95.
    """
    file = BytesIO()
    Image.fromarray(image_rgb).save(file, format, quality=quality)
    return file.getvalue()


def _check_size(size_wh: tuple[int, int]) -> None:
    width, height = size_wh
    if min(width, height) < 1 or max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise UnreadableImage(
            f"the picture claims {width}x{height} pixels; accepted are sides of 1 to {MAX_SIDE} "
            f"and at most {MAX_PIXELS // 10**6} megapixels; scale it down"
        )


def _webp_size_wh(content: bytes) -> tuple[int, int]:
    kind, body = content[12:16], content[20:30]
    if len(body) == 10 and kind == b"VP8X":
        return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
    if len(body) == 10 and kind == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if len(body) == 10 and kind == b"VP8 ":
        width, height = struct.unpack("<HH", body[6:10])
        return width & 0x3FFF, height & 0x3FFF
    raise UnreadableImage("the WebP is damaged or cut off: it has no header")


def _upright_rgb(picture: Image.Image) -> NDArray[np.uint8]:
    orientation = _orientation(picture)
    turn = _UPRIGHT.get(orientation) if isinstance(orientation, int) else None
    rgb = _to_rgb(picture)
    return np.asarray(rgb if turn is None else rgb.transpose(turn))


def _orientation(picture: Image.Image) -> object:
    try:
        return picture.getexif().get(_EXIF_ORIENTATION)
    except _DECODER_ERRORS:
        return None  # broken metadata does not make a picture unreadable


def _to_rgb(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I"):  # 16-bit grey, which Pillow would clip to white
        picture = Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        behind = Image.new("RGBA", picture.size, (*_BEHIND_TRANSPARENCY, 255))
        picture = Image.alpha_composite(behind, picture)
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def _too_many_bytes(n_bytes: int) -> str:
    return (
        f"the file has {n_bytes / 2**20:.0f} MiB; accepted are {MAX_BYTES // 2**20} MiB; "
        "scale the picture down"
    )


def _reason(error: BaseException) -> str:
    reason = " ".join(str(error).split()) or type(error).__name__
    return "its header makes no sense" if "not identified" in reason else reason


def _legible(path: Path) -> str:
    return str(path).encode("unicode_escape").decode() if not str(path).isprintable() else str(path)
