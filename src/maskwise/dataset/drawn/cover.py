"""Cover: what is in front of nose and mouth. Masks worn right or wrong, and what looks alike."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from maskwise.dataset.drawn.canvas import Canvas, Colour, arc, darker, mixed
from maskwise.dataset.drawn.person import Person
from maskwise.labels import INCORRECT, WITH_MASK

_KINDS: Final = ("surgical", "surgical", "surgical", "cloth", "pattern", "cup", "valve")
_COLOURS: Final[tuple[Colour, ...]] = (
    *((166, 204, 224), (150, 196, 214), (236, 238, 238), (40, 42, 46), (150, 200, 170)),
    *((228, 176, 186), (70, 82, 120), (140, 60, 66), (196, 184, 160)),
)
_SKIN_COLOURED_SHARE: Final = 0.08
_PLACES: Final = {
    # Top edge and bottom edge on the face; the mouth lies at 0.7, the tip of the nose at 0.35.
    "right": (-0.02, 1.2),
    "under the nose": (0.47, 1.22),
    "on the chin": (0.86, 1.32),
}
_OBJECTS: Final = (*("none",) * 7, "hand", "scarf", "cup")


@dataclass(frozen=True, slots=True)
class Cover:
    """What covers, or seems to cover, a face.

    Attributes:
        place: Where a mask is worn: a key of `_PLACES`.
        kind: Of the mask.
        colour: Of the mask.
        trim: Of its pattern.
        held: `hand`, `scarf`, `cup` or `none`: seen with and without mask alike, but only
            without one in front of the mouth.
        object_colour: Of cup and scarf.
        side: -1 or 1: from where a hand reaches.
    """

    place: str
    kind: str
    colour: Colour
    trim: Colour
    held: str
    object_colour: Colour
    side: int


def draw_lots_for_cover(random: np.random.Generator, person: Person) -> Cover:
    """Make up a mask and something to hold. Which of them is seen where, the label decides."""
    colours = [_COLOURS[index] for index in random.integers(len(_COLOURS), size=3)]
    skin_coloured = random.random() < _SKIN_COLOURED_SHARE
    return Cover(
        place=("under the nose", "on the chin")[random.integers(2)],
        kind=_KINDS[random.integers(len(_KINDS))],
        colour=mixed(person.skin, colours[0], 0.12) if skin_coloured else colours[0],
        trim=colours[1],
        held=_OBJECTS[random.integers(len(_OBJECTS))],
        object_colour=darker(colours[2], random.uniform(0.7, 1.1)),
        side=(-1, 1)[random.integers(2)],
    )


def draw_cover(canvas: Canvas, cover: Cover, label: int) -> None:
    """Draw what `label` calls for."""
    if label == WITH_MASK:
        _draw_mask(canvas, cover, "right")
    elif label == INCORRECT:
        _draw_mask(canvas, cover, cover.place)


def draw_held(canvas: Canvas, person: Person, cover: Cover, label: int) -> None:
    """Draw what is held or wrapped: over the mouth of a bare face, elsewhere beside a mask."""
    over_mouth = label not in (WITH_MASK, INCORRECT)
    if cover.held == "hand":
        _draw_hand(canvas, person, cover.side, over_mouth=over_mouth)
    elif cover.held == "scarf":
        _draw_scarf(canvas, cover.object_colour, top=0.12 if over_mouth else 1.3)
    elif cover.held == "cup":
        _draw_cup(canvas, person, cover, over_mouth=over_mouth)


def _draw_mask(canvas: Canvas, cover: Cover, place: str) -> None:
    top, bottom = _PLACES[place]
    middle = (top + bottom) / 2
    half = (bottom - top) / 2
    wide = 0.8 if place == "right" else 0.78
    bridge = 0.12 if place == "right" else 0.04
    outline = np.array(
        [
            *((-wide, top + 0.28 * half), (-0.45, top + 0.05), (-0.16, top - bridge * 0.4)),
            *((0, top - bridge), (0.16, top - bridge * 0.4), (0.45, top + 0.05)),
            *((wide, top + 0.28 * half), (wide * 0.92, middle + 0.35 * half)),
            *((0.5, bottom - 0.12 * half), (0.2, bottom), (-0.2, bottom)),
            *((-0.5, bottom - 0.12 * half), (-wide * 0.92, middle + 0.35 * half)),
        ]
    )
    for side in (-1, 1):
        loop = [(side * wide, top + 0.3 * half), (side * 1.0, -0.02), (side * 1.02, 0.12)]
        canvas.line(loop, (225, 226, 226), 0.03)
        canvas.line(
            [(side * wide * 0.92, middle + 0.3 * half), (side * 1.0, 0.22)], (215, 216, 216), 0.03
        )
    canvas.fill(outline, cover.colour)
    inside = canvas.stencil(outline)
    canvas.shade(
        arc((0.0, bottom), (0.9, half * 0.5)),
        darker(cover.colour, 0.62),
        0.6,
        softness=0.2,
        inside=inside,
    )
    canvas.shade(
        arc((-0.1, middle - 0.3 * half), (0.3, half * 0.4)),
        darker(cover.colour, 1.2),
        0.6,
        inside=inside,
    )
    _draw_texture(canvas, cover, middle, half)


def _draw_texture(canvas: Canvas, cover: Cover, middle: float, half: float) -> None:
    crease = darker(cover.colour, 0.78)
    if cover.kind == "surgical":
        for step in (-0.4, 0.0, 0.4):
            y = middle + step * half
            canvas.line([(-0.72, y), (0, y + 0.05), (0.72, y)], crease, 0.02)
    elif cover.kind in ("cup", "valve"):
        canvas.line([(0, middle - half), (0.03, middle), (0, middle + half * 0.95)], crease, 0.025)
        if cover.kind == "valve":
            canvas.fill(arc((0.3, middle + 0.15 * half), (0.17, 0.13)), darker(cover.colour, 0.7))
            canvas.fill(arc((0.3, middle + 0.13 * half), (0.13, 0.09)), darker(cover.colour, 0.9))
    elif cover.kind == "pattern":
        for row in (-0.55, -0.1, 0.35):
            for x in (-0.5, -0.25, 0.0, 0.25, 0.5):
                canvas.fill(arc((x, middle + row * half), (0.05, 0.05), n=10), cover.trim)


def _draw_hand(canvas: Canvas, person: Person, side: int, *, over_mouth: bool) -> None:
    x, y = canvas.pose.project([(0.0, 0.62) if over_mouth else (side * 1.25, 0.7)])[0]
    skin, crease = darker(person.skin, 0.94), darker(person.skin, 0.68)
    arm = [
        (x + side * 20, y + 30),
        (x + side * 110, 540),
        (x + side * 230, 540),
        (x + side * 80, y - 5),
    ]
    canvas.fill(arm, darker(person.cloth, 0.85), on_head=False)
    canvas.fill(arc((x + side * 22, y + 22), (62, 48)), skin, on_head=False)
    for finger in range(4):
        top = y - 30 + 21 * finger
        tip = arc((x - side * (18 - 3 * abs(finger - 1)), top), (64, 13))
        canvas.fill(tip, skin, on_head=False)
        canvas.line(tip[:18] if side > 0 else tip[18:], crease, 0.015, on_head=False)


def _draw_scarf(canvas: Canvas, colour: Colour, *, top: float) -> None:
    rim = [
        (-1.02, top - 0.02),
        (-0.5, top + 0.06),
        (0, top - 0.02),
        (0.5, top + 0.06),
        (1.02, top - 0.02),
    ]
    left, right = canvas.pose.project([rim[0], rim[-1]])
    x, y = canvas.pose.centre_xy
    low = y + 235
    placed = [
        *map(tuple, canvas.pose.project(rim)),
        (right[0] + 14, low),
        (x, low + 30),
        (left[0] - 14, low),
    ]
    canvas.fill(placed, colour, on_head=False)
    for share in (0.3, 0.55, 0.8):
        height = left[1] * (1 - share) + low * share
        fold = [(left[0], height), (x, height + 26), (right[0], height - 6)]
        canvas.line(fold, darker(colour, 0.72), 0.05, on_head=False)


def _draw_cup(canvas: Canvas, person: Person, cover: Cover, *, over_mouth: bool) -> None:
    x, y = canvas.pose.project([(0.0, 0.68) if over_mouth else (cover.side * 1.35, 1.45)])[0]
    body = [(x - 56, y - 40), (x + 56, y - 40), (x + 44, y + 80), (x - 44, y + 80)]
    canvas.fill(body, cover.object_colour, on_head=False)
    canvas.fill(arc((x, y - 40), (56, 14)), darker(cover.object_colour, 1.15), on_head=False)
    shadow = [(x + 20, y - 30), (x + 54, y - 30), (x + 42, y + 78), (x + 16, y + 78)]
    canvas.shade(shadow, darker(cover.object_colour, 0.6), 0.5, on_head=False)
    skin = darker(person.skin, 0.94)
    for finger in range(3):
        tip = arc((x + cover.side * 36, y + 2 + 22 * finger), (34, 12))
        canvas.fill(tip, skin, on_head=False)
