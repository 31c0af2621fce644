"""Pictures drawn by code, that a network learns to tell apart within seconds."""

from pathlib import Path

import numpy as np
from PIL import Image


def draw_picture(seed: int, *, masked: bool, size_hw: tuple[int, int] = (40, 48)) -> Image.Image:
    """A noisy picture that is told apart at a glance: a bright lower half is a mask."""
    pixels = np.random.default_rng(seed).integers(40, 120, (*size_hw, 3), dtype=np.uint8)
    if masked:
        pixels[size_hw[0] // 2 :] += 120
    return Image.fromarray(pixels)


def fill_class_folders(root: Path, *, per_class: int, first_seed: int = 0) -> Path:
    """Put `per_class` drawn pictures into each of `with_mask` and `without_mask` below `root`."""
    for label, folder in enumerate(("without_mask", "with_mask")):
        (root / folder).mkdir(parents=True, exist_ok=True)
        for index in range(per_class):
            seed = first_seed + 2 * index + label
            draw_picture(seed, masked=bool(label)).save(root / folder / f"{seed:04d}.png")
    return root
