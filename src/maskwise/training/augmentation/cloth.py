"""Cloth: what masks are made of, and how it is laid onto a picture."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwise.training.augmentation.face_frame import Points

# Of cloth, paper, leather and skin: masks of the colour of a face are the hard ones.
_PALETTE_RGB: Final = (
    *((235, 240, 245), (250, 250, 250), (20, 20, 22), (60, 60, 65), (150, 190, 215)),
    *((110, 160, 205), (140, 200, 190), (240, 200, 210), (30, 40, 90), (200, 30, 40)),
    *((120, 120, 125), (220, 190, 160), (190, 150, 120), (90, 60, 45)),
)
_FRACTION_BITS: Final = 4  # of coordinates that OpenCV takes


def draw_cloth(n: int, draw: np.random.Generator) -> NDArray[np.float32]:
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


def lay(
    image_rgb: NDArray[np.uint8],
    outline: Points,
    cloth: NDArray[np.float32],
    draw: np.random.Generator,
    *,
    is_shaded: bool = True,
    soft_px: float | None = None,
) -> NDArray[np.uint8]:
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
    laid: NDArray[np.uint8] = (
        (image_rgb * (1 - opacity) + cloth * opacity).clip(0, 255).astype(np.uint8)
    )
    return laid


def _shade(
    image_rgb: NDArray[np.uint8], is_under: NDArray[np.bool_], draw: np.random.Generator
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
