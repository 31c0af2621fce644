"""PreprocessSpec: the one way from a picture of a face to the input of a network."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from maskwise.errors import InvalidInput

BoxXyxy = tuple[float, float, float, float]
"""Left, top, right and bottom in pixels; the right and bottom edges are not part of the box."""

_LONGEST_CROP: Final = 4096
_FILTERS: Final = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PreprocessSpec:
    """How a face becomes model input. It is stored with the weights and used everywhere.

    The defaults are those of the reference recipe: RGB at 128x128, divided by 255.

    Attributes:
        size_hw: Height and width of the model input in pixels.
        divisor: Pixel values 0 to 255 are divided by this.
        resize_filter: `bicubic` or `bilinear`, as Pillow defines them (antialiased).
        crop_margin: What is kept around a face on every side, as a share of the longer side of
            its box.

    Raises:
        InvalidInput: A size or divisor below 1, an unknown filter, or a margin beyond 0 to 1.
    """

    size_hw: tuple[int, int] = (128, 128)
    divisor: float = 255.0
    resize_filter: str = "bicubic"
    crop_margin: float = 0.2

    def __post_init__(self) -> None:
        if len(self.size_hw) != 2 or min(self.size_hw) < 1:
            raise InvalidInput(
                f"`size_hw` must be two sizes of at least 1. Received: {self.size_hw}."
            )
        if not self.divisor >= 1:
            raise InvalidInput(f"`divisor` must be at least 1. Received: {self.divisor}.")
        if self.resize_filter not in _FILTERS:
            raise InvalidInput(
                f"`resize_filter` must be one of {', '.join(_FILTERS)}. "
                f"Received: {self.resize_filter!r}."
            )

        if not 0 <= self.crop_margin <= 1:
            raise InvalidInput(f"`crop_margin` must be 0 to 1. Received: {self.crop_margin}.")

    def crop(self, image_rgb: NDArray[np.uint8], box_xyxy: BoxXyxy | None) -> NDArray[np.uint8]:
        """Cut a face out of its picture.

        The box grows by the margin on every side and then, around its centre, to a square; where
        that reaches out of the picture, the picture's edge is repeated. A box that is the whole
        picture, like None, leaves the picture as it is: it was cut out by somebody else.

        Args:
            image_rgb: Upright picture `(h, w, 3)` uint8 RGB.
            box_xyxy: Left, top, right and bottom in pixels of the picture.

        Returns:
            The face, RGB uint8: square `(n, n, 3)`, or as the picture is.

        Raises:
            InvalidInput: The box is empty, inverted or not finite.
        """
        height, width = image_rgb.shape[:2]
        if box_xyxy is None:
            return image_rgb
        left, top, right, bottom = box_xyxy
        if not (left < right and top < bottom and math.isfinite(right - left + bottom - top)):
            raise InvalidInput(
                f"`box_xyxy` must be left < right and top < bottom. Received: {box_xyxy}."
            )
        if left <= 0 and top <= 0 and right >= width and bottom >= height:
            return image_rgb
        side = max(right - left, bottom - top) * (1 + 2 * self.crop_margin)
        rows = _positions((top + bottom - side) / 2, side, height)
        columns = _positions((left + right - side) / 2, side, width)
        return _select(image_rgb, rows, columns)

    def resize(self, crop_rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Bring a face `(h, w, 3)` uint8 RGB to `(*size_hw, 3)` uint8; what arrays are kept as."""
        height, width = self.size_hw
        picture = Image.fromarray(crop_rgb)
        return np.asarray(picture.resize((width, height), _FILTERS[self.resize_filter]))

    def scale(self, pixels_rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Turn pixels of any shape into float32 in [0, 255 / divisor]."""
        return pixels_rgb.astype(np.float32) / np.float32(self.divisor)

    def __call__(self, crop_rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Turn a face `(h, w, 3)` uint8 RGB into model input `(*size_hw, 3)` float32."""
        return self.scale(self.resize(crop_rgb))

    def to_dict(self) -> Mapping[str, Any]:
        """Plain values for JSON, with the colour order spelled out for other readers."""
        return {**asdict(self), "size_hw": list(self.size_hw), "colour_order": "rgb"}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The spec that `to_dict` described.

        Raises:
            InvalidInput: An unknown or missing field, or another colour order than RGB.
        """
        fields = dict(values)
        if fields.pop("colour_order", "rgb") != "rgb":
            raise InvalidInput(f"`colour_order` must be rgb. Received: {values['colour_order']!r}.")
        try:
            fields["size_hw"] = tuple(int(edge) for edge in fields["size_hw"])
            return cls(**fields)
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidInput(
                f"The preprocessing {dict(values)} cannot be read: {error}."
            ) from error


def _positions(first: float, length: float, limit: int) -> NDArray[np.intp]:
    """Which rows or columns a crop shows; beyond the edge the outermost again and again."""
    n = min(max(1, round(length)), _LONGEST_CROP)
    step = length / n  # 1 but for rounding, unless the crop is far larger than any network's input
    middles = first + (np.arange(n) + 0.5) * step
    return np.asarray(np.floor(middles).clip(0, limit - 1), dtype=np.intp)


def _select(
    image_rgb: NDArray[np.uint8], rows: NDArray[np.intp], columns: NDArray[np.intp]
) -> NDArray[np.uint8]:
    """`image_rgb[np.ix_(rows, columns)]` of ascending rows and columns, many times faster."""
    part = image_rgb[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    for axis, positions in enumerate((rows, columns)):
        # Mostly they follow each other, but for a place or two where rounding leaves one out, and
        # for the edge of the picture, which comes again and again.
        breaks = np.flatnonzero(np.diff(positions) != 1) + 1
        if len(breaks):
            runs = np.split(positions - positions[0], breaks)
            part = np.concatenate([*_pieces(part, runs, axis)], axis=axis)
    return part if part.base is None else part.copy()


def _pieces(
    part: NDArray[np.uint8], runs: Sequence[NDArray[np.intp]], axis: int
) -> Iterator[NDArray[np.uint8]]:
    """The rows or columns of each run; those of one place that comes again are spread at once."""
    for place, same in groupby(runs, key=lambda run: run[0] if len(run) == 1 else None):
        if place is None:
            for run in same:
                yield _between(part, run[0], run[-1] + 1, axis)
        else:
            n = sum(1 for _ in same)
            shape = list(part.shape)
            shape[axis] = n
            yield np.broadcast_to(_between(part, place, place + 1, axis), shape)


def _between(part: NDArray[np.uint8], first: np.intp, end: np.intp, axis: int) -> NDArray[np.uint8]:
    return part[first:end] if axis == 0 else part[:, first:end]
