"""Masks: painted onto bare faces, worn rightly or not, of many colours and patterns.

After MaskTheFace (Anwar and Raychowdhury 2020, arXiv:2008.11104), but drawn instead of pasted, so
that no two are alike.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwise.labels import WITH_MASK
from maskwise.training.augmentation.cloth import draw_cloth, lay
from maskwise.training.augmentation.face_frame import FaceFrame, Points

_MIN_VISIBLE: Final = 0.025  # of what the network sees; a mask of less would be a wrong label
_CHEEKS: Final = ((2, 1), (8, -1))  # corners that straps begin at, and to which side they go


def paint_mask(
    image_rgb: NDArray[np.uint8],
    landmarks_xy: NDArray[np.float32],
    label: int,
    *,
    share: float,
    draw: np.random.Generator,
) -> NDArray[np.uint8] | None:
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
    cloth = draw_cloth(len(image_rgb), draw)
    if draw.random() < 0.6:
        image_rgb = _with_straps(image_rgb, outline, frame, cloth.mean(axis=(0, 1)), draw)
    return lay(image_rgb, _rounded(outline), cloth, draw)


def _edges(frame: FaceFrame, label: int, draw: np.random.Generator) -> tuple[float, float]:
    """Where a mask begins and ends, as shares of the way from the eyes to the mouth."""
    if label == WITH_MASK:
        return draw.uniform(0.12, frame.nose - 0.18), draw.uniform(1.55, 1.9)
    if draw.random() < 0.6:
        return draw.uniform(frame.nose + 0.1, 0.95), draw.uniform(1.55, 1.95)
    return draw.uniform(1.22, 1.4), draw.uniform(1.8, 2.2)


def _outline(turn: float, top: float, bottom: float, draw: np.random.Generator) -> Points:
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


def _with_straps(
    image_rgb: NDArray[np.uint8],
    outline: Points,
    frame: FaceFrame,
    colour: NDArray[np.float32],
    draw: np.random.Generator,
) -> NDArray[np.uint8]:
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


def _rounded(outline: Points) -> Points:
    """With its corners cut twice (Chaikin 1974)."""
    for _ in range(2):
        following = np.roll(outline, -1, axis=0)
        cut = (0.75 * outline + 0.25 * following, 0.25 * outline + 0.75 * following)
        outline = np.stack(cut, axis=1).reshape(-1, 2)
    return outline


def _visible(outline: Points, n: int, share: float) -> float:
    """How much of what the network will at least see lies inside of an outline."""
    inside = np.zeros((n, n), dtype=np.uint8)
    cv2.fillPoly(inside, [np.rint(outline).astype(np.int32)], (1,))
    first, last = (round(n * (0.5 + side * 0.45 * share)) for side in (-1, 1))
    return float(inside[first:last, first:last].mean())
