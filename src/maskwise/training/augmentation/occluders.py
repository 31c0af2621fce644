"""Occluders: hands, cups and phones before a mouth, which are no masks."""

import numpy as np
from numpy.typing import NDArray

from maskwise.training.augmentation.cloth import draw_cloth, lay
from maskwise.training.augmentation.face_frame import FaceFrame, Points


def hide_mouth(
    image_rgb: NDArray[np.uint8], landmarks_xy: NDArray[np.float32], *, draw: np.random.Generator
) -> NDArray[np.uint8] | None:
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
    return lay(image_rgb, outline, draw_cloth(len(image_rgb), draw), draw, soft_px=0.6)


def _with_fingers(
    image_rgb: NDArray[np.uint8], middle: Points, frame: FaceFrame, draw: np.random.Generator
) -> NDArray[np.uint8]:
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
