"""Corruptions: what can happen to the picture of a face, each at five strengths.

The idea and the five strengths are those of Hendrycks and Dietterich (2019), "Benchmarking neural
network robustness to common corruptions and perturbations", arXiv:1903.12261. Choice and levels
are ours: what cameras, distance and transmission do to faces. For judging, not for training.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from maskwise.errors import InvalidInput
from maskwise.images import decode_image, encode_image

STRENGTHS: Final = (1, 2, 3, 4, 5)
"""From mild to severe."""

_GRAIN_SIZE: Final = 128  # pixels; noise is no finer than this long side, whatever the picture's
_GAMMA: Final = 2.2  # of sRGB, nearly
_PHOTONS: Final = 500  # that a white pixel collects in good light


@dataclass(frozen=True, slots=True)
class Corruption:
    """A way in which a picture gets worse.

    Attributes:
        title: Its name, for people.
        unit: What the levels count, for people.
        levels: What each of the five strengths stands for.
        apply: From a picture, a level and a source of chance to the corrupted picture.
    """

    title: str
    unit: str
    levels: tuple[float, float, float, float, float]
    apply: Callable[[NDArray[np.uint8], float, np.random.Generator], NDArray[np.uint8]]


def corrupt(
    image_rgb: NDArray[np.uint8], name: str, strength: int, seed: int | Sequence[int] = 0
) -> NDArray[np.uint8]:
    """Make a picture of a face worse.

    Lengths are shares of the long side, so that a small and a large picture of the same face
    suffer alike. The exceptions are JPEG, whose blocks have 8 pixels, and down-scaling, which is
    to a number of pixels and leaves smaller pictures as they are.

    Args:
        image_rgb: RGB uint8 `(h, w, 3)` of any size; stays as it is.
        name: A key of `CORRUPTIONS`.
        strength: 1 (mild) to 5 (severe).
        seed: Decides what is left to chance, such as the direction of a motion, which is the
            same at all strengths. A number or several, each at least 0.

    Returns:
        RGB uint8 of the same shape; only `partial_crop` gives a smaller one.

    Raises:
        InvalidInput: The array is no such picture, or there is no such corruption or strength.
    """
    _require_picture(image_rgb)
    if name not in CORRUPTIONS:
        raise InvalidInput(f"`name` must be one of {', '.join(CORRUPTIONS)}. Received: {name!r}.")
    if strength not in STRENGTHS:
        raise InvalidInput(f"`strength` must be 1 to {len(STRENGTHS)}. Received: {strength}.")
    corruption = CORRUPTIONS[name]
    level = corruption.levels[STRENGTHS.index(strength)]
    return corruption.apply(image_rgb, level, np.random.default_rng(seed))


def _compress(
    image_rgb: NDArray[np.uint8], quality: float, _: np.random.Generator
) -> NDArray[np.uint8]:
    return decode_image(encode_image(image_rgb, format="jpeg", quality=int(quality)))


def _blur(
    image_rgb: NDArray[np.uint8], percent: float, _: np.random.Generator
) -> NDArray[np.uint8]:
    sigma = percent / 100 * max(image_rgb.shape[:2])
    return np.asarray(Image.fromarray(image_rgb).filter(ImageFilter.GaussianBlur(sigma)))


def _blur_by_motion(
    image_rgb: NDArray[np.uint8], percent: float, random: np.random.Generator
) -> NDArray[np.uint8]:
    """Average the picture over the places that it passes on a straight line."""
    height, width = image_rgb.shape[:2]
    reach = percent / 100 * max(height, width) / 2
    angle = random.uniform(0, math.pi)
    along = np.linspace(-reach, reach, 2 * math.ceil(2 * reach) + 1)  # two steps to a pixel
    margin = math.ceil(reach)
    shifts_yx = np.rint(np.outer(along, (math.sin(angle), math.cos(angle)))).astype(int) + margin
    padded = _pad(image_rgb, margin)
    total = np.zeros(image_rgb.shape, dtype=np.float32)
    for y, x in shifts_yx.tolist():
        total += padded[y : y + height, x : x + width]
    return _to_pixels(total / len(shifts_yx))


def _add_noise(
    image_rgb: NDArray[np.uint8], percent: float, random: np.random.Generator
) -> NDArray[np.uint8]:
    return _to_pixels(image_rgb + 255 * percent / 100 * _grain(image_rgb.shape, random))


def _darken(
    image_rgb: NDArray[np.uint8], stops: float, random: np.random.Generator
) -> NDArray[np.uint8]:
    """Halve the light `stops` times; what is left arrives in photons and so with shot noise."""
    light = (image_rgb / np.float32(255)) ** _GAMMA / 2**stops
    # Poisson's law by the normal one of the same mean and variance, so that the grain has a size.
    seen = light + np.sqrt(light / _PHOTONS) * _grain(image_rgb.shape, random)
    return _to_pixels(255 * np.maximum(seen, 0) ** (1 / _GAMMA))


def _scale_down(
    image_rgb: NDArray[np.uint8], size_px: float, _: np.random.Generator
) -> NDArray[np.uint8]:
    """Bring the long side to `size_px` and back, as if the face had been far away."""
    height, width = image_rgb.shape[:2]
    ratio = size_px / max(height, width)
    if ratio >= 1:
        return image_rgb.copy()
    small = (max(1, round(width * ratio)), max(1, round(height * ratio)))
    picture = Image.fromarray(image_rgb).resize(small, Image.Resampling.BICUBIC)
    return np.asarray(picture.resize((width, height), Image.Resampling.BICUBIC))


def _rotate(
    image_rgb: NDArray[np.uint8], degrees: float, random: np.random.Generator
) -> NDArray[np.uint8]:
    height, width = image_rgb.shape[:2]
    margin = math.ceil((math.hypot(height, width) - min(height, width)) / 2)
    turned = Image.fromarray(_pad(image_rgb, margin)).rotate(
        degrees * random.choice((-1, 1)), Image.Resampling.BICUBIC
    )
    return np.asarray(turned)[margin : margin + height, margin : margin + width].copy()


def _cut_off(
    image_rgb: NDArray[np.uint8], percent: float, random: np.random.Generator
) -> NDArray[np.uint8]:
    """Cut off the left, right, top or bottom, as where a face leaves the picture."""
    quarter_turns = int(random.integers(4))
    turned = np.rot90(image_rgb, quarter_turns)
    rest = turned[round(percent / 100 * len(turned)) :]
    return np.rot90(rest, -quarter_turns).copy()


CORRUPTIONS: Final[Mapping[str, Corruption]] = MappingProxyType(
    {
        "jpeg": Corruption("JPEG", "quality", (50, 35, 25, 15, 10), _compress),
        "gaussian_blur": Corruption("Gaussian blur", "% of size", (0.5, 1, 1.5, 2, 3), _blur),
        "motion_blur": Corruption("Motion blur", "% of size", (3, 6, 9, 12, 16), _blur_by_motion),
        "noise": Corruption("Noise", "% of white", (4, 8, 12, 18, 26), _add_noise),
        "low_light": Corruption("Low light", "stops lost", (1, 2, 3, 4, 5), _darken),
        "down_scaling": Corruption("Down-scaling", "to px", (64, 48, 32, 24, 16), _scale_down),
        "rotation": Corruption("Rotation", "degrees", (6, 12, 18, 24, 30), _rotate),
        "partial_crop": Corruption("Partial crop", "% cut off", (8, 16, 24, 32, 40), _cut_off),
    }
)
"""All corruptions by name, in the order in which they are shown.

Sizes are long sides. Gaussian blur and noise are measured by their standard deviations, motion
blur by its length.
"""


def _require_picture(image_rgb: NDArray[np.uint8]) -> None:
    shape = image_rgb.shape
    if image_rgb.dtype != np.uint8 or len(shape) != 3 or shape[2] != 3 or min(shape) < 1:
        raise InvalidInput(
            "`image_rgb` must be uint8 of shape (h, w, 3), at least 1x1. "
            f"Received: {image_rgb.dtype} {shape}."
        )


def _grain(shape: tuple[int, ...], random: np.random.Generator) -> NDArray[np.float32]:
    """Normal noise in grains of a pixel, or larger so that 128 of them span the long side."""
    height, width, channels = shape
    ratio = min(1, _GRAIN_SIZE / max(height, width))
    rows, columns = max(1, round(height * ratio)), max(1, round(width * ratio))
    grains = random.standard_normal((rows, columns, channels), dtype=np.float32)
    spread = grains[np.arange(height) * rows // height]
    return spread[:, np.arange(width) * columns // width]


def _pad(image_rgb: NDArray[np.uint8], margin: int) -> NDArray[np.uint8]:
    return np.pad(image_rgb, ((margin, margin), (margin, margin), (0, 0)), mode="edge")


def _to_pixels(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    pixels: NDArray[np.uint8] = np.rint(values).clip(0, 255).astype(np.uint8)
    return pixels
