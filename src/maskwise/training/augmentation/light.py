"""Light: other lamps, cameras and colours than those of the picture."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

_GREY: Final = 0.1  # shares of the pictures
_TINTED: Final = 0.6
_GAMMA: Final = 0.3
_FROM_A_SIDE: Final = 0.2


def relight(image_rgb: NDArray[np.uint8], draw: np.random.Generator) -> NDArray[np.uint8]:
    """Change colours, contrast, brightness, gamma and from where the light comes.

    Args:
        image_rgb: RGB uint8 `(h, w, 3)`; stays as it is.
        draw: Decides all of it.
    """
    pixels = image_rgb.astype(np.float32)
    kind = draw.random()
    grey = pixels.mean(axis=2, keepdims=True)
    if kind < _GREY:
        pixels[:] = grey
    elif kind < _GREY + _TINTED:
        pixels = grey + (pixels - grey) * np.float32(draw.uniform(0.4, 1.5))
        pixels *= np.exp(draw.normal(0, 0.08, 3)).astype(np.float32)
    mean = pixels.mean()
    contrast, brightness = np.exp(draw.normal(0, (0.2, 0.25))).astype(np.float32)
    pixels = (pixels - mean) * contrast + mean * brightness
    if draw.random() < _GAMMA:
        gamma = np.float32(np.exp(draw.normal(0, 0.35)))
        pixels = 255 * (pixels.clip(0, 255) / 255) ** gamma
    if draw.random() < _FROM_A_SIDE:
        pixels *= _slope(image_rgb.shape, draw)[:, :, None]
    relit: NDArray[np.uint8] = pixels.clip(0, 255).astype(np.uint8)
    return relit


def _slope(shape: tuple[int, ...], draw: np.random.Generator) -> NDArray[np.float32]:
    """Factors `(h, w)` that grow evenly in some direction, 1 in the middle."""
    angle, strength = draw.uniform(0, 2 * np.pi), draw.uniform(0.3, 1.2)
    rows, columns = (np.arange(n, dtype=np.float32) / n - 0.5 for n in shape[:2])
    along = np.sin(angle) * rows[:, None] + np.cos(angle) * columns
    slope: NDArray[np.float32] = np.exp(strength * along).astype(np.float32)
    return slope
