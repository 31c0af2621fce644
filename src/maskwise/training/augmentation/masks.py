"""Masks: painted onto bare faces, worn rightly or not, of many colours and patterns.

After MaskTheFace (Anwar and Raychowdhury 2020, arXiv:2008.11104), but drawn instead of pasted, so
that no two are alike. Also things that hide a mouth and are no mask: hands, cups, phones.
"""

from dataclasses import dataclass
from typing import Final, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwise.labels import INCORRECT, WITH_MASK

_Image = NDArray[np.uint8]
_Points = NDArray[np.float64]

# Of cloth, paper, leather and skin: masks of the colour of a face are the hard ones.
_PALETTE_RGB: Final = (
    *((235, 240, 245), (250, 250, 250), (20, 20, 22), (60, 60, 65), (150, 190, 215)),
    *((110, 160, 205), (140, 200, 190), (240, 200, 210), (30, 40, 90), (200, 30, 40)),
    *((120, 120, 125), (220, 190, 160), (190, 150, 120), (90, 60, 45)),
)
_MAX_TURN: Final = 0.75  # of a head; beyond, five points do not tell where a mask would lie
_MIN_EYE_TO_MOUTH_PX: Final = 6.0
_MIN_VISIBLE: Final = 0.025  # of what the network sees; a mask of less would be a wrong label
_FRACTION_BITS: Final = 4  # of coordinates that OpenCV takes


@dataclass(frozen=True, slots=True)
class FaceFrame:
    """Where a face is and how it is turned, as axes along which a mask is drawn.

    Attributes:
        eyes: The middle between the eyes, x and y in pixels.
        across: From there about as far as between the eyes, to the right of the picture.
        down: From there to the middle of the mouth.
        turn: How far the nose is off the middle, as a share of `across`.
        nose: How far down the tip of the nose is, as a share of `down`.
    """

    eyes: _Points
    across: _Points
    down: _Points
    turn: float
    nose: float

    @classmethod
    def of(cls, landmarks_xy: NDArray[np.float32]) -> Self | None:
        """The frame of a face with these landmarks; None if it is too small or turned away.

        Args:
            landmarks_xy: `(5, 2)` in pixels: eyes, tip of the nose, corners of the mouth, of each
                pair the left one of the picture first.
        """
        left_eye, right_eye, tip, *corners = landmarks_xy.astype(np.float64)
        eyes = (left_eye + right_eye) / 2
        down = (corners[0] + corners[1]) / 2 - eyes
        length = float(np.hypot(*down))
        if not length >= _MIN_EYE_TO_MOUTH_PX:  # nor where none were found
            return None
        unit = down / length
        # In a face in profile the eyes lie on each other, but it is not narrower for that.
        width = max(float(np.hypot(*(right_eye - left_eye))), 0.75 * length)
        across = np.array([unit[1], -unit[0]])
        turn = float((tip - eyes) @ across) / width
        nose = float(np.clip((tip - eyes) @ unit / length, 0.4, 0.8))
        return None if abs(turn) > _MAX_TURN else cls(eyes, across * width, down, turn, nose)

    def place(self, points: _Points) -> _Points:
        """From shares of the axes, `(n, 2)`, to pixels."""
        return self.eyes + points @ np.stack([self.across, self.down])


def paint_mask(
    image_rgb: _Image,
    landmarks_xy: NDArray[np.float32],
    label: int,
    *,
    share: float,
    draw: np.random.Generator,
) -> _Image | None:
    """Paint a mask onto a bare face.

    Args:
        image_rgb: A square with a face in the middle, RGB uint8 `(n, n, 3)`; stays as it is.
        landmarks_xy: As `FaceFrame.of` takes them.
        label: `WITH_MASK`, or `INCORRECT` for one under the nose or on the chin.
        share: Of the square's edge that the network sees.
        draw: Decides shape, colour and pattern.

    Returns:
        The picture, or None if this face cannot wear one, or too little of it would be seen.
    """
    frame = FaceFrame.of(landmarks_xy)
    if frame is None:
        return None
    top, bottom = _edges(frame, label, draw)
    outline = frame.place(_outline(frame.turn, top, bottom, draw))
    if _visible(outline, len(image_rgb), share) < _MIN_VISIBLE:
        return None
    cloth = _cloth(len(image_rgb), draw)
    if draw.random() < 0.6:
        image_rgb = _with_straps(image_rgb, outline, frame, cloth.mean(axis=(0, 1)), draw)
    return _lay(image_rgb, _rounded(outline), cloth, draw)


def hide_mouth(
    image_rgb: _Image, landmarks_xy: NDArray[np.float32], *, draw: np.random.Generator
) -> _Image | None:
    """Hold fingers, or a thing, before the mouth of a face.

    Args:
        image_rgb: As `paint_mask` takes it.
        landmarks_xy: As `FaceFrame.of` takes them.
        draw: Decides what, and how.

    Returns:
        The picture, or None if the face is too small or turned away.
    """
    frame = FaceFrame.of(landmarks_xy)
    if frame is None:
        return None
    middle = frame.place(np.array([[draw.uniform(-0.25, 0.25), draw.uniform(0.75, 1.2)]]))[0]
    if draw.random() < 0.6:
        return _with_fingers(image_rgb, middle, frame, draw)
    half_w, half_h = draw.uniform(0.25, 0.5), draw.uniform(0.3, 0.7)
    corners = np.array([(-1, -1), (1, -1), (0.8, 1), (-0.8, 1)]) * (half_w, half_h)
    angle = draw.normal(0, 0.2)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    width = np.hypot(*frame.across)
    unit = frame.down / np.hypot(*frame.down)
    outline = middle + corners @ turn @ np.stack([frame.across, unit * width])
    return _lay(image_rgb, outline, _cloth(len(image_rgb), draw), draw, soft_px=0.6)


def _edges(frame: FaceFrame, label: int, draw: np.random.Generator) -> tuple[float, float]:
    """Where a mask begins and ends, as shares of the way from the eyes to the mouth."""
    if label == WITH_MASK:
        return draw.uniform(0.12, frame.nose - 0.18), draw.uniform(1.55, 1.9)
    if label != INCORRECT:
        raise ValueError(label)
    if draw.random() < 0.6:
        return draw.uniform(frame.nose + 0.1, 0.95), draw.uniform(1.55, 1.95)
    return draw.uniform(1.22, 1.4), draw.uniform(1.8, 2.2)


def _outline(turn: float, top: float, bottom: float, draw: np.random.Generator) -> _Points:
    """The corners of a mask, from the nose clockwise, as shares of a face's axes."""
    size = draw.uniform(0.85, 1.08)
    left, right = (size * (0.92 - 0.5 * max(0.0, side)) for side in (-turn, turn))
    middle = 0.55 * turn
    cheek = top + draw.uniform(0.08, 0.28)
    jaw = min(cheek + 0.5, bottom - 0.15)
    corners = np.array(
        [
            (2.2 * middle, top),
            (middle + 0.45 * right, top + 0.06),
            (middle + right, cheek),
            (middle + 0.93 * right, jaw),
            (middle + 0.55 * right, bottom - 0.12),
            (2 * middle, bottom),
            (middle - 0.55 * left, bottom - 0.12),
            (middle - 0.93 * left, jaw),
            (middle - left, cheek),
            (middle - 0.45 * left, top + 0.06),
        ]
    )
    return corners + draw.normal(0, 0.03, corners.shape)


_CHEEKS: Final = ((2, 1), (8, -1))  # corners that straps begin at, and to which side they go


def _with_straps(
    image_rgb: _Image,
    outline: _Points,
    frame: FaceFrame,
    colour: NDArray[np.float32],
    draw: np.random.Generator,
) -> _Image:
    strapped = image_rgb.copy()
    thickness = int(draw.integers(1, 3))
    shade = tuple((colour * draw.uniform(0.8, 1.1)).clip(0, 255).astype(int).tolist())
    for corner, side in _CHEEKS:
        for rise in (-0.35, 0.25) if draw.random() < 0.7 else (-0.2,):
            first = outline[corner] + (0.35 * frame.down if rise > 0 else 0)
            last = outline[corner] + 0.35 * side * frame.across + rise * frame.down
            begin, end = (np.rint(point).astype(int).tolist() for point in (first, last))
            cv2.line(strapped, begin, end, shade, thickness, cv2.LINE_AA)
    return strapped


def _with_fingers(
    image_rgb: _Image, middle: _Points, frame: FaceFrame, draw: np.random.Generator
) -> _Image:
    width = np.hypot(*frame.across)
    angle, n_fingers = draw.uniform(0, 2 * np.pi), int(draw.integers(2, 5))
    along = np.array([np.cos(angle), np.sin(angle)])
    beside = np.array([-along[1], along[0]])
    around = np.linspace(0, 2 * np.pi, 20)
    skin = _skin(image_rgb, frame)
    for number in range(n_fingers):
        centre = middle + beside * (number - (n_fingers - 1) / 2) * 0.24 * width
        length, half_width = draw.uniform(0.5, 0.9) * width, 0.12 * width
        finger = (
            centre
            + np.outer(np.cos(around), along) * length
            + np.outer(np.sin(around), beside) * half_width
        )
        colour = np.full(image_rgb.shape, skin * draw.uniform(0.75, 1.1), dtype=np.float32)
        image_rgb = _lay(image_rgb, finger, colour, draw, is_shaded=False)
    return image_rgb


def _skin(image_rgb: _Image, frame: FaceFrame) -> NDArray[np.float64]:
    """The colour between the eyes and below."""
    left, top = np.rint(frame.eyes).astype(int).clip(0, len(image_rgb) - 1).tolist()
    height = 3 + max(0, round(frame.down[1] / 2))
    patch = image_rgb[max(0, top - 2) : top + height, max(0, left - 6) : left + 7]
    return np.asarray(np.median(patch.reshape(-1, 3), axis=0))


def _cloth(n: int, draw: np.random.Generator) -> NDArray[np.float32]:
    """A square of something that masks are made of, RGB float32 `(n, n, 3)`, 0 to 255."""
    known = np.array(_PALETTE_RGB[draw.integers(len(_PALETTE_RGB))], dtype=np.float32)
    colour = known if draw.random() < 0.75 else draw.uniform(0, 255, 3)
    cloth = np.full((n, n, 3), (colour + draw.normal(0, 12, 3)).clip(0, 255), dtype=np.float32)
    rows, columns = np.mgrid[:n, :n].astype(np.float32)
    other = draw.uniform(0, 255, 3).astype(np.float32)
    kind = draw.random()
    if kind < 0.35:  # pleats
        waves = np.sin(rows * draw.uniform(0.15, 0.4) + draw.uniform(0, 6))
        is_fold = waves > draw.uniform(0.3, 0.9)
        cloth *= (1 - draw.uniform(0.04, 0.16) * is_fold)[:, :, None].astype(np.float32)
    elif kind < 0.45:  # stripes
        angle = draw.uniform(0, np.pi)
        waves = np.sin((np.cos(angle) * columns + np.sin(angle) * rows) * draw.uniform(0.1, 0.8))
        cloth[waves > draw.uniform(-0.3, 0.7)] = other
    elif kind < 0.55:  # dots
        step = int(draw.integers(4, 16))
        distance = np.hypot(columns % step - step / 2, rows % step - step / 2)
        cloth[distance < step * draw.uniform(0.2, 0.4)] = other
    elif kind < 0.65:  # blots
        n_blots = int(draw.integers(4, 20))
        coarse = draw.normal(0, 1, (n_blots, n_blots)).astype(np.float32)
        blots = cv2.resize(coarse, (n, n), interpolation=cv2.INTER_CUBIC)[:, :, None]
        cloth += blots * (draw.uniform(10, 60) * draw.uniform(-1, 1, 3)).astype(np.float32)
    return cloth.clip(0, 255)


def _lay(
    image_rgb: _Image,
    outline: _Points,
    cloth: NDArray[np.float32],
    draw: np.random.Generator,
    *,
    is_shaded: bool = True,
    soft_px: float | None = None,
) -> _Image:
    """Lay something onto a picture in its light: bright where the face is, darker to the side."""
    cover = np.zeros(image_rgb.shape[:2], dtype=np.uint8)
    corners = np.rint(outline * 2**_FRACTION_BITS).astype(np.int32)
    cv2.fillPoly(cover, [corners], (255,), cv2.LINE_AA, _FRACTION_BITS)
    is_under = cover > 127
    if not is_under.any():
        return image_rgb
    if is_shaded:
        cloth = cloth * _shade(image_rgb, is_under, draw)
    softness_px = draw.uniform(0.4, 1.3) if soft_px is None else soft_px
    opacity = cv2.GaussianBlur(cover, (0, 0), softness_px)[:, :, None].astype(np.float32) / 255
    laid: _Image = (image_rgb * (1 - opacity) + cloth * opacity).clip(0, 255).astype(np.uint8)
    return laid


def _shade(
    image_rgb: _Image, is_under: NDArray[np.bool_], draw: np.random.Generator
) -> NDArray[np.float32]:
    """Factors `(n, n, 1)`."""
    soft = cv2.GaussianBlur(image_rgb, (0, 0), draw.uniform(3, 8)).mean(axis=2)
    mean = max(float(soft[is_under].mean()), 20.0)
    factor = (soft / mean) ** draw.uniform(0.4, 1.0)
    columns = np.nonzero(is_under.any(axis=0))[0]
    off_middle = (np.arange(len(soft)) - columns.mean()) / max(float(columns.std()), 1.0)
    factor = factor * (1 - draw.uniform(0, 0.09) * (off_middle**2).clip(0, 4))
    exposure = np.clip(mean / draw.uniform(120, 190), 0.35, 1.1)
    return np.asarray(factor * exposure, dtype=np.float32)[:, :, None]


def _rounded(outline: _Points) -> _Points:
    """With its corners cut twice (Chaikin 1974)."""
    for _ in range(2):
        following = np.roll(outline, -1, axis=0)
        cut = (0.75 * outline + 0.25 * following, 0.25 * outline + 0.75 * following)
        outline = np.stack(cut, axis=1).reshape(-1, 2)
    return outline


def _visible(outline: _Points, n: int, share: float) -> float:
    """How much of what the network will at least see lies inside of an outline."""
    inside = np.zeros((n, n), dtype=np.uint8)
    cv2.fillPoly(inside, [np.rint(outline).astype(np.int32)], (1,))
    first, last = (round(n * (0.5 + side * 0.45 * share)) for side in (-1, 1))
    return float(inside[first:last, first:last].mean())
