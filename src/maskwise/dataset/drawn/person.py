"""Person: who is seen, whatever they wear over nose and mouth."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image

from maskwise.dataset.drawn.canvas import Canvas, Colour, arc, darker, mixed

# After the Monk skin tone scale; the two darkest a little lighter, so that features show.
_SKIN_TONES: Final[tuple[Colour, ...]] = (
    *((246, 237, 228), (243, 231, 219), (247, 234, 208), (234, 218, 186), (215, 189, 150)),
    *((160, 126, 86), (130, 92, 67), (96, 65, 52), (74, 56, 46), (58, 46, 40)),
)
_HAIR_COLOURS: Final[tuple[Colour, ...]] = (
    *((24, 20, 20), (48, 33, 26), (84, 56, 38), (134, 92, 54), (196, 158, 98)),
    *((150, 70, 40), (150, 150, 152), (214, 212, 208)),
)
_CLOTH_COLOURS: Final[tuple[Colour, ...]] = (
    *((38, 52, 92), (150, 44, 48), (60, 96, 70), (228, 228, 226), (40, 40, 44)),
    *((196, 160, 60), (110, 70, 120), (90, 130, 170), (176, 176, 180), (206, 120, 96)),
)
_HAIR: Final = ("short", "short", "long", "long", "curly", "bald", "cap", "headscarf")
_BEARD: Final = ("none", "none", "none", "stubble", "full", "moustache")
_GLASSES: Final = ("none", "none", "none", "clear", "sun")
_HEAD_OUTLINE: Final = arc((0, 0), (1.0, 1.3))


@dataclass(frozen=True, slots=True)
class Person:
    """How somebody looks; colours are RGB."""

    skin: Colour
    hair_colour: Colour
    cloth: Colour
    iris: Colour
    hair: str
    beard: str
    glasses: str
    jaw: float
    smile: float
    brow: float


def draw_lots_for_person(random: np.random.Generator) -> Person:
    """Make somebody up."""

    def one_of(choices: tuple[Colour, ...]) -> Colour:
        return choices[random.integers(len(choices))]

    irises: tuple[Colour, ...] = ((70, 44, 28), (40, 28, 22), (86, 110, 130), (90, 104, 64))
    return Person(
        skin=darker(one_of(_SKIN_TONES), random.uniform(0.92, 1.04)),
        hair_colour=darker(one_of(_HAIR_COLOURS), random.uniform(0.85, 1.15)),
        cloth=darker(one_of(_CLOTH_COLOURS), random.uniform(0.8, 1.15)),
        iris=one_of(irises),
        hair=_HAIR[random.integers(len(_HAIR))],
        beard=_BEARD[random.integers(len(_BEARD))],
        glasses=_GLASSES[random.integers(len(_GLASSES))],
        jaw=random.uniform(0.82, 1.0),
        smile=random.uniform(-0.04, 0.1),
        brow=random.uniform(-0.05, 0.05),
    )


def draw_body(canvas: Canvas, person: Person) -> None:
    """Draw shoulders, neck and the hair that falls behind the head."""
    x, y = canvas.pose.centre_xy
    if person.hair in ("long", "curly"):
        volume = 1.42 if person.hair == "curly" else 1.2
        long = 1.7 if person.hair == "long" else 1.15
        back = arc((x, y + 10), (120 * volume, 120 * long))
        canvas.fill(back, darker(person.hair_colour, 0.75), on_head=False)
    if person.hair == "headscarf":
        canvas.fill(arc((x, y + 30), (168, 200)), darker(person.cloth, 0.8), on_head=False)
    neck = darker(person.skin, 0.78)
    canvas.fill(
        [(x - 58, y + 60), (x + 58, y + 60), (x + 66, y + 260), (x - 66, y + 260)],
        neck,
        on_head=False,
    )
    shoulders = [(x - 260, 560), (x - 235, y + 265), (x - 80, y + 215), (x, y + 235)]
    mirrored = [(2 * x - px, py) for px, py in shoulders[::-1]]
    canvas.fill([*shoulders, *mirrored], person.cloth, on_head=False)
    canvas.shade(arc((x, y + 190), (75, 40)), darker(person.skin, 0.35), 0.5, on_head=False)


def draw_head(canvas: Canvas, person: Person) -> Image.Image:
    """Draw the face with all features; returns its stencil."""
    outline = _HEAD_OUTLINE.copy()
    outline[outline[:, 1] > 0.3, 0] *= person.jaw
    for side in (-1, 1):
        canvas.fill(arc((side * 1.02, 0.05), (0.14, 0.26)), darker(person.skin, 0.85))
    canvas.fill(outline, person.skin)
    head = canvas.stencil(outline)
    canvas.shade(
        arc((0.0, 1.25), (0.9, 0.5)), darker(person.skin, 0.6), 0.5, softness=0.35, inside=head
    )
    canvas.shade(
        arc((0.0, -0.75), (0.6, 0.35)), darker(person.skin, 1.2), 0.5, softness=0.3, inside=head
    )
    for side in (-1, 1):
        cheek = mixed(person.skin, (200, 70, 60), 0.25)
        canvas.shade(arc((side * 0.55, 0.35), (0.24, 0.2)), cheek, 0.45, inside=head)
        _draw_eye(canvas, person, side)
    _draw_nose_and_mouth(canvas, person)
    _draw_beard(canvas, person, head)
    return head


def _draw_eye(canvas: Canvas, person: Person, side: int) -> None:
    x, y = side * 0.4, -0.22
    canvas.shade(arc((x, y - 0.03), (0.26, 0.18)), darker(person.skin, 0.7), 0.5)
    canvas.fill(arc((x, y), (0.18, 0.085)), (240, 238, 234))
    canvas.fill(arc((x, y), (0.08, 0.085)), person.iris)
    canvas.fill(arc((x, y), (0.04, 0.045)), (12, 10, 10))
    canvas.fill(arc((x - 0.03, y - 0.03), (0.018, 0.018)), (250, 250, 250))
    lid = arc((x, y + 0.01), (0.19, 0.1), np.pi, 2 * np.pi, 12)
    canvas.line(lid, darker(person.skin, 0.35), 0.03)
    brow = [(x - 0.2 * side, y - 0.2), (x, y - 0.26 - person.brow), (x + 0.22 * side, y - 0.2)]
    canvas.line(brow, darker(person.hair_colour, 0.9), 0.055)


def _draw_nose_and_mouth(canvas: Canvas, person: Person) -> None:
    bridge = [(-0.03, -0.15), (0.1, 0.26), (0.18, 0.34), (0.0, 0.4), (-0.02, 0.1)]
    canvas.shade(bridge, darker(person.skin, 0.68), 0.7, softness=0.04)
    canvas.shade(arc((-0.04, 0.22), (0.05, 0.12)), darker(person.skin, 1.25), 0.6, softness=0.05)
    for side in (-1, 1):
        canvas.fill(arc((side * 0.09, 0.37), (0.05, 0.025)), darker(person.skin, 0.4))
    lip = mixed(darker(person.skin, 0.8), (170, 50, 60), 0.45)
    corner = 0.7 - person.smile
    upper = [(-0.3, corner), (-0.1, 0.65), (0.0, 0.67), (0.1, 0.65), (0.3, corner), (0.0, 0.73)]
    lower = [(-0.3, corner), (0.0, 0.72), (0.3, corner), (0.14, 0.8), (-0.14, 0.8)]
    canvas.fill(lower, lip)
    canvas.fill(upper, darker(lip, 0.8))


def _draw_beard(canvas: Canvas, person: Person, head: Image.Image) -> None:
    if person.beard in ("full", "stubble"):
        sides = [
            (-0.99, 0.1),
            (-0.7, 0.5),
            (-0.4, 0.52),
            (0, 0.5),
            (0.4, 0.52),
            (0.7, 0.5),
            (0.99, 0.1),
        ]
        jaw = arc((0, 0.35), (1.0, 1.02), 0, np.pi, 16)
        around = [*sides, *map(tuple, jaw)]
        strength, softness = (0.92, 0.05) if person.beard == "full" else (0.35, 0.1)
        inside = head if person.beard == "stubble" else None
        canvas.shade(
            around, darker(person.hair_colour, 0.9), strength, softness=softness, inside=inside
        )
        if person.beard == "full":
            lip = mixed(darker(person.skin, 0.8), (170, 50, 60), 0.5)
            canvas.fill(arc((0, 0.71), (0.22, 0.06)), lip)
    if person.beard in ("full", "moustache"):
        moustache = [(-0.34, 0.6), (-0.1, 0.49), (0, 0.51), (0.1, 0.49), (0.34, 0.6), (0, 0.6)]
        canvas.fill(moustache, darker(person.hair_colour, 0.8))


def draw_top(canvas: Canvas, person: Person) -> None:
    """Draw what lies over the face and over any mask: hair, headgear, glasses."""
    hairline = {"short": -0.72, "long": -0.7, "curly": -0.66, "cap": -0.6, "headscarf": -0.66}
    if person.hair in hairline:
        low = hairline[person.hair]
        wide = 1.16 if person.hair in ("curly", "headscarf") else 1.06
        colour = person.cloth if person.hair in ("cap", "headscarf") else person.hair_colour
        crown = arc((0, -0.15), (wide, 1.32), np.pi, 2 * np.pi, 24)
        fringe = arc((0, low + 0.5), (0.98, 0.5), 2 * np.pi, np.pi, 16)
        canvas.fill([*map(tuple, crown), *map(tuple, fringe)], colour)
        canvas.shade(arc((-0.3, -1.05), (0.4, 0.16)), darker(colour, 1.35), 0.5)
    if person.hair == "cap":
        canvas.fill(arc((0, -0.58), (0.95, 0.16)), darker(person.cloth, 0.6))
    if person.glasses != "none":
        _draw_glasses(canvas, person)


def _draw_glasses(canvas: Canvas, person: Person) -> None:
    frame = (30, 28, 30) if person.glasses == "sun" else darker(person.hair_colour, 0.6)
    for side in (-1, 1):
        lens = arc((side * 0.41, -0.2), (0.3, 0.22))
        if person.glasses == "sun":
            canvas.fill(lens, (28, 30, 36))
            canvas.shade(arc((side * 0.41 - 0.1, -0.28), (0.1, 0.06)), (150, 160, 170), 0.5)
        canvas.line(lens, frame, 0.045)
        canvas.line([(side * 0.7, -0.22), (side * 0.98, -0.16)], frame, 0.045)
    canvas.line([(-0.11, -0.22), (0.11, -0.22)], frame, 0.045)
