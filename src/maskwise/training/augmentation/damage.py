"""Damage: what small, old, hasty and crowded pictures look like."""

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

_Image = NDArray[np.uint8]
_SIDE_PX: Final = (14, 90)
_COARSE_PX: Final = 40  # below, enlarged pixels would show as squares, as no camera's do
_JPEG_QUALITY: Final = (15, 90)
_NOISE: Final = (2.0, 18.0)
_BLUR_PX: Final = (0.4, 2.2)
_MOTION_PX: Final = (3, 9)
_HIDDEN: Final = (0.1, 0.4)  # of each edge


def damage(image_rgb: _Image, draw: np.random.Generator) -> _Image:
    """Hide a part, blur, lower the resolution, add noise and compress; each to some pictures.

    Args:
        image_rgb: RGB uint8 `(h, w, 3)`; stays as it is.
        draw: Decides which, and how much.
    """
    for share, harm in _HARMS:
        if draw.random() < share:
            image_rgb = harm(image_rgb, draw)
    return image_rgb


def hide_part(image_rgb: _Image, draw: np.random.Generator) -> _Image:
    """Put a rectangle of one colour somewhere (DeVries and Taylor 2017, arXiv:1708.04552)."""
    height, width = image_rgb.shape[:2]
    h, w = (draw.uniform(*_HIDDEN, 2) * (height, width)).astype(int)
    top, left = draw.integers(-h // 2, height - h // 2), draw.integers(-w // 2, width - w // 2)
    any_colour = draw.integers(0, 256, 3)
    from_picture = image_rgb[draw.integers(height), draw.integers(width)]
    hidden = image_rgb.copy()
    hidden[max(top, 0) : top + h, max(left, 0) : left + w] = (
        any_colour if draw.random() < 0.6 else from_picture
    )
    return hidden


def blur(image_rgb: _Image, draw: np.random.Generator) -> _Image:
    """As out of focus, or moved."""
    if draw.random() < 0.5:
        return np.asarray(cv2.GaussianBlur(image_rgb, (0, 0), draw.uniform(*_BLUR_PX)))
    n = int(draw.integers(*_MOTION_PX, endpoint=True))
    path = np.zeros((n, n), dtype=np.float32)
    first, last = draw.integers(0, n, 2).tolist()
    cv2.line(path, (0, first), (n - 1, last), 1.0)
    path /= path.sum()
    if draw.random() < 0.5:
        path = np.ascontiguousarray(path.T)
    return np.asarray(cv2.filter2D(image_rgb, -1, path))


def lower_resolution(image_rgb: _Image, draw: np.random.Generator) -> _Image:
    """As if the face had been so many pixels large, and was enlarged by whatever came to hand."""
    height, width = image_rgb.shape[:2]
    side = round(float(np.exp(draw.uniform(*np.log(_SIDE_PX)))))
    small = cv2.resize(image_rgb, (side, side), interpolation=cv2.INTER_AREA)
    ways = [cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_CUBIC, cv2.INTER_NEAREST]
    way = ways[draw.integers(4 if side > _COARSE_PX else 3)]
    return np.asarray(cv2.resize(small, (width, height), interpolation=way))


def add_noise(image_rgb: _Image, draw: np.random.Generator) -> _Image:
    """As in little light."""
    noise = draw.normal(0, draw.uniform(*_NOISE), image_rgb.shape)
    return (image_rgb + noise).clip(0, 255).astype(np.uint8)


def compress(image_rgb: _Image, draw: np.random.Generator) -> _Image:
    """As JPEG."""
    quality = int(draw.integers(*_JPEG_QUALITY, endpoint=True))
    _, content = cv2.imencode(".jpg", image_rgb[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(content, cv2.IMREAD_COLOR))[:, :, ::-1]


_HARMS: Final[tuple[tuple[float, Callable[[_Image, np.random.Generator], _Image]], ...]] = (
    (0.25, hide_part),
    (0.2, blur),
    (0.4, lower_resolution),
    (0.2, add_noise),
    (0.5, compress),
)
