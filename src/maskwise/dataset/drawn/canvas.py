"""Canvas: a square of 512 pixels on which a head is drawn in its own coordinates."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFilter

Colour = tuple[int, int, int]
Points = Sequence[tuple[float, float]] | NDArray[np.float64]

SIZE: Final = 512
HEAD_RADIUS: Final = 120
"""Half the width of a face in pixels; lengths on a head count in it."""
_HEAD_HEIGHT: Final = 1.32


@dataclass(frozen=True, slots=True)
class Pose:
    """How a head is held: angles in radians, and its centre on the canvas in pixels."""

    yaw: float
    pitch: float
    roll: float
    centre_xy: tuple[float, float]

    def project(self, points: Points) -> NDArray[np.float64]:
        """Where points of the face `(n, 2)`, x to the right and y down from its middle, appear.

        The face is taken as the front of an ellipsoid, so that features shift and foreshorten as
        it turns.
        """
        x, y = np.asarray(points, dtype=np.float64).T
        depth = np.sqrt(np.clip(1 - x**2 - (y / _HEAD_HEIGHT) ** 2, 0, None))
        turned_x = x * np.cos(self.yaw) + 0.9 * depth * np.sin(self.yaw)
        turned_y = y * np.cos(self.pitch) + 0.9 * depth * np.sin(self.pitch)
        cos, sin = np.cos(self.roll), np.sin(self.roll)
        rotated = np.stack([turned_x * cos - turned_y * sin, turned_x * sin + turned_y * cos], 1)
        placed: NDArray[np.float64] = rotated * HEAD_RADIUS + np.array(self.centre_xy)
        return placed


def arc(
    centre: tuple[float, float],
    radii: tuple[float, float],
    start: float = 0.0,
    end: float = 2 * np.pi,
    n: int = 36,
) -> NDArray[np.float64]:
    """Points `(n, 2)` on an ellipse, from one angle to another; clockwise, as y points down."""
    angle = np.linspace(start, end, n)
    return np.stack(
        [centre[0] + radii[0] * np.cos(angle), centre[1] + radii[1] * np.sin(angle)], axis=1
    )


class Canvas:
    """A picture in the making, and the pose of the head on it."""

    def __init__(self, background: Image.Image, pose: Pose) -> None:
        self.image = background
        self.pose = pose

    def fill(self, points: Points, colour: Colour, *, on_head: bool = True) -> None:
        """Fill a polygon, in head coordinates or in pixels."""
        placed = self._placed(points, on_head=on_head)
        ImageDraw.Draw(self.image).polygon(placed, fill=colour)

    def line(self, points: Points, colour: Colour, width: float, *, on_head: bool = True) -> None:
        """Draw a line; `width` in half widths of a face."""
        pen = ImageDraw.Draw(self.image)
        thickness = max(1, round(width * HEAD_RADIUS))
        pen.line(self._placed(points, on_head=on_head), colour, thickness, joint="curve")

    def shade(
        self,
        points: Points,
        colour: Colour,
        strength: float,
        *,
        softness: float = 0.12,
        inside: Image.Image | None = None,
        on_head: bool = True,
    ) -> None:
        """Lay a soft patch of colour over a polygon, if wished only inside another shape."""
        placed = self._placed(points, on_head=on_head)
        blur_px = softness * HEAD_RADIUS
        # Only where the patch is: soft edges over the whole canvas would take most of the time.
        left, top, right, bottom = (
            *(int(np.clip(min(axis) - 2 * blur_px, 0, SIZE)) for axis in zip(*placed, strict=True)),
            *(int(np.clip(max(axis) + 2 * blur_px, 0, SIZE)) for axis in zip(*placed, strict=True)),
        )
        if left >= right or top >= bottom:
            return
        cover = Image.new("L", (right - left, bottom - top))
        moved = [(x - left, y - top) for x, y in placed]
        ImageDraw.Draw(cover).polygon(moved, fill=round(255 * strength))
        cover = cover.filter(ImageFilter.BoxBlur(blur_px))
        if inside is not None:
            cover = ImageChops.multiply(cover, inside.crop((left, top, right, bottom)))
        self.image.paste(colour, (left, top, right, bottom), cover)

    def stencil(self, points: Points, *, on_head: bool = True) -> Image.Image:
        """A polygon as a picture of 0 and 255."""
        cover = Image.new("L", (SIZE, SIZE))
        ImageDraw.Draw(cover).polygon(self._placed(points, on_head=on_head), fill=255)
        return cover

    def _placed(self, points: Points, *, on_head: bool) -> list[tuple[float, float]]:
        placed = self.pose.project(points) if on_head else np.asarray(points, dtype=np.float64)
        return [(float(x), float(y)) for x, y in placed]


def darker(colour: Colour, factor: float) -> Colour:
    """The colour times `factor`, which may be above 1."""
    red, green, blue = (min(255, max(0, round(channel * factor))) for channel in colour)
    return red, green, blue


def mixed(one: Colour, other: Colour, share: float) -> Colour:
    """A colour between two: `share` 0 is the one, 1 the other."""
    red, green, blue = (round(a * (1 - share) + b * share) for a, b in zip(one, other, strict=True))
    return red, green, blue
