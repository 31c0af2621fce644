"""Occluders: hands, things, scarves and beards before a mouth, which are no masks."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwise.training.augmentation.cloth import draw_cloth, lay
from maskwise.training.augmentation.face_frame import FaceFrame, Points

_CHANCES: Final = (0.4, 0.25, 0.2, 0.15)  # of fingers, things, scarves and beards
_LIPS_SEEN: Final = 0.8
_HAIR_RGB: Final = np.array(
    [(235, 235, 232), (170, 168, 165), (110, 108, 108), (28, 24, 22), (70, 48, 34), (130, 80, 45)],
    dtype=np.float32,
)


def hide_mouth(
    image_rgb: NDArray[np.uint8], landmarks_xy: NDArray[np.float32], *, draw: np.random.Generator
) -> NDArray[np.uint8] | None:
    """Hide the mouth of a face, or nearly, by something that is no mask.

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
    ways = (_with_fingers, _with_thing, _with_scarf, _with_beard)
    return ways[draw.choice(len(ways), p=_CHANCES)](image_rgb, frame, draw)


def _before_mouth(frame: FaceFrame, draw: np.random.Generator) -> Points:
    middle: Points = frame.place(np.array([[draw.uniform(-0.25, 0.25), draw.uniform(0.75, 1.2)]]))[
        0
    ]
    return middle


def _with_thing(
    image_rgb: NDArray[np.uint8], frame: FaceFrame, draw: np.random.Generator
) -> NDArray[np.uint8]:
    """A cup, a phone, a book."""
    half_w, half_h = draw.uniform(0.25, 0.5), draw.uniform(0.3, 0.7)
    corners = np.array([(-1, -1), (1, -1), (0.8, 1), (-0.8, 1)]) * (half_w, half_h)
    angle = draw.normal(0, 0.2)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    width = np.hypot(*frame.across)
    unit = frame.down / np.hypot(*frame.down)
    outline = _before_mouth(frame, draw) + corners @ turn @ np.stack([frame.across, unit * width])
    return lay(image_rgb, outline, draw_cloth(len(image_rgb), draw), draw, soft_px=0.6)


def _with_scarf(
    image_rgb: NDArray[np.uint8], frame: FaceFrame, draw: np.random.Generator
) -> NDArray[np.uint8]:
    """Unlike a mask it goes on below the chin and beside the cheeks."""
    top, rise, wide = draw.uniform(0.4, 1.0), draw.uniform(0.0, 0.15), draw.uniform(1.15, 1.4)
    corners = np.array(
        [
            *((-wide, top - rise), (-0.5, top + 0.05), (0, top), (0.5, top + 0.05)),
            *((wide, top - rise), (1.25 * wide, 3.0), (-1.25 * wide, 3.0)),
        ]
    )
    outline = frame.place(corners + draw.normal(0, 0.04, corners.shape))
    return lay(image_rgb, outline, draw_cloth(len(image_rgb), draw), draw)


def _with_beard(
    image_rgb: NDArray[np.uint8], frame: FaceFrame, draw: np.random.Generator
) -> NDArray[np.uint8]:
    """Full, of any colour of hair; the lips are mostly seen."""
    n, length = len(image_rgb), draw.uniform(1.6, 2.2)
    around = np.linspace(0, np.pi, 16)
    jaw = np.stack([0.95 * np.cos(around), 1.0 + (length - 1.0) * np.sin(around)], axis=1)
    moustache = [
        (-0.9, 0.75),
        (-0.4, 0.85),
        (0, draw.uniform(0.72, 0.84)),
        (0.4, 0.85),
        (0.9, 0.75),
    ]
    outline = frame.place(np.concatenate([jaw, moustache]))
    hairs = draw.normal(0, draw.uniform(10, 30), (n, n, 1)).astype(np.float32)
    hair = _HAIR_RGB[draw.integers(len(_HAIR_RGB))] + cv2.blur(hairs, (1, 3))[:, :, None]
    soft_px = draw.uniform(0.04, 0.1) * float(np.hypot(*frame.down))
    bearded = lay(image_rgb, outline, hair.clip(0, 255), draw, soft_px=soft_px)
    lips = np.stack([0.36 * np.cos(2 * around), 1.0 + 0.12 * np.sin(2 * around)], axis=1)
    if draw.random() < _LIPS_SEEN:
        shown = image_rgb.astype(np.float32)
        bearded = lay(bearded, frame.place(lips), shown, draw, is_shaded=False, soft_px=soft_px / 2)
    return bearded


def _with_fingers(
    image_rgb: NDArray[np.uint8], frame: FaceFrame, draw: np.random.Generator
) -> NDArray[np.uint8]:
    middle = _before_mouth(frame, draw)
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
        image_rgb = lay(image_rgb, finger, colour, draw, is_shaded=False)
    return image_rgb


def _skin(image_rgb: NDArray[np.uint8], frame: FaceFrame) -> NDArray[np.float64]:
    """The colour between the eyes and below."""
    left, top = np.rint(frame.eyes).astype(int).clip(0, len(image_rgb) - 1).tolist()
    height = 3 + max(0, round(frame.down[1] / 2))
    patch = image_rgb[max(0, top - 2) : top + height, max(0, left - 6) : left + 7]
    return np.asarray(np.median(patch.reshape(-1, 3), axis=0))
