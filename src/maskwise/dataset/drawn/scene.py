"""Scene: background, light, framing and camera; drawn without knowledge of the label."""

import io
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from maskwise.dataset.drawn.canvas import SIZE, Pose

_BACKGROUNDS: Final = ("plain", "gradient", "room", "street", "foliage", "crowd")
_FORMATS: Final = ("jpg", "jpg", "jpeg", "JPG", "png", "webp")


@dataclass(frozen=True, slots=True)
class Scene:
    """How somebody is seen.

    Attributes:
        pose: Of the head.
        background: One of `_BACKGROUNDS`.
        light_rgb: Factors for red, green and blue.
        light_from: Direction of the light in radians.
        light_contrast: How much darker the far side is.
        crop_size: Side of what is seen of the canvas, in pixels of the canvas.
        crop_centre_xy: Middle of it.
        size_wh: Size of the picture.
        blur_px: Radius of the blur.
        noise: Standard deviation of the noise in grey levels.
        suffix: File name suffix, which also says the format.
        quality: Of a JPEG or WebP.
    """

    pose: Pose
    background: str
    light_rgb: tuple[float, float, float]
    light_from: float
    light_contrast: float
    crop_size: float
    crop_centre_xy: tuple[float, float]
    size_wh: tuple[int, int]
    blur_px: float
    noise: float
    suffix: str
    quality: int


def draw_lots_for_scene(random: np.random.Generator) -> Scene:
    """Make up how a face is met."""
    centre = (SIZE / 2 + random.uniform(-15, 15), 215 + random.uniform(-15, 15))
    crop = random.uniform(290, 470)
    slack = (SIZE - crop) / 2
    brightness = random.uniform(0.65, 1.12)
    warmth = random.uniform(-0.1, 0.1)
    side = int(random.integers(112, 321))
    aspect = random.choice([1.0, 1.0, 0.8, 0.75, 1.25])
    return Scene(
        pose=Pose(
            yaw=random.normal(0, 0.24),
            pitch=random.normal(0, 0.1),
            roll=random.normal(0, 0.1),
            centre_xy=centre,
        ),
        background=_BACKGROUNDS[random.integers(len(_BACKGROUNDS))],
        light_rgb=(brightness * (1 + warmth), brightness, brightness * (1 - warmth)),
        light_from=random.uniform(0, 2 * np.pi),
        light_contrast=random.uniform(0.05, 0.5),
        crop_size=crop,
        crop_centre_xy=(
            float(np.clip(centre[0] + random.uniform(-40, 40), SIZE / 2 - slack, SIZE / 2 + slack)),
            float(np.clip(centre[1] + random.uniform(-5, 60), SIZE / 2 - slack, SIZE / 2 + slack)),
        ),
        size_wh=(side, round(side / aspect)),
        blur_px=max(0.0, random.normal(0.2, 0.6)),
        noise=random.uniform(3, 11),
        suffix=_FORMATS[random.integers(len(_FORMATS))],
        quality=int(random.integers(55, 96)),
    )


def draw_background(scene: Scene, random: np.random.Generator) -> Image.Image:
    """Draw what is behind the person, `SIZE` pixels square."""
    one, other = _muted_colour(random), _muted_colour(random)
    if scene.background == "plain":
        return Image.new("RGB", (SIZE, SIZE), one)
    if scene.background == "gradient":
        ramp = np.linspace(0, 1, SIZE)[:, None, None]
        shades = (1 - ramp) * np.array(one) + ramp * np.array(other)
        return Image.fromarray(np.broadcast_to(shades, (SIZE, SIZE, 3)).astype(np.uint8))
    if scene.background == "foliage":
        leaves = random.integers(0, 70, (40, 40, 3)) + np.array([20, 60, 20])
        picture = Image.fromarray(leaves.astype(np.uint8))
        return picture.resize((SIZE, SIZE), Image.Resampling.BICUBIC)
    picture = Image.new("RGB", (SIZE, SIZE), one)
    pen = ImageDraw.Draw(picture)
    for _ in range(14):
        x, y = random.uniform(-60, SIZE, 2)
        width, height = random.uniform(30, 200, 2)
        colour = _muted_colour(random)
        if scene.background == "crowd":
            pen.ellipse((x, y, x + width * 0.6, y + width * 0.8), fill=colour)
        else:
            tall = height * (2 if scene.background == "street" else 1)
            pen.rectangle((x, y, x + width, y + tall), fill=colour)
    return picture.filter(ImageFilter.BoxBlur(random.uniform(2, 9)))


def _muted_colour(random: np.random.Generator) -> tuple[int, int, int]:
    grey = random.uniform(50, 215)
    red, green, blue = (int(channel) for channel in grey + random.uniform(-38, 38, 3))
    return red, green, blue


def photograph(canvas: Image.Image, scene: Scene, random: np.random.Generator) -> NDArray[np.uint8]:
    """Light, frame, blur and grain a canvas; RGB `(h, w, 3)` uint8."""
    width, height = scene.size_wh
    x, y = scene.crop_centre_xy
    half_w = scene.crop_size / 2 * min(1, width / height)
    half_h = scene.crop_size / 2 * min(1, height / width)
    box = (x - half_w, y - half_h, x + half_w, y + half_h)
    seen = canvas.resize((width, height), Image.Resampling.LANCZOS, box=box)
    if scene.blur_px:
        seen = seen.filter(ImageFilter.GaussianBlur(scene.blur_px))
    across = np.linspace(-1, 1, width, dtype=np.float32)[None, :] * np.cos(scene.light_from)
    down = np.linspace(-1, 1, height, dtype=np.float32)[:, None] * np.sin(scene.light_from)
    light = (1 + scene.light_contrast * (across + down) / 2)[:, :, None]
    lit = np.asarray(seen, dtype=np.float32) * light * np.array(scene.light_rgb, np.float32)
    grain = random.standard_normal((height, width, 3), dtype=np.float32) * scene.noise
    seen_rgb: NDArray[np.uint8] = np.clip(lit + grain, 0, 255).astype(np.uint8)
    return seen_rgb


def encode(image_rgb: NDArray[np.uint8], scene: Scene) -> bytes:
    """The bytes of the file that this camera writes."""
    file = io.BytesIO()
    kind = {"jpg": "JPEG", "jpeg": "JPEG", "png": "PNG", "webp": "WEBP"}[scene.suffix.lower()]
    Image.fromarray(image_rgb).save(file, kind, quality=scene.quality)
    return file.getvalue()
