"""Sample set: drawn faces by the hundred, in class folders."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from maskwise.dataset.drawn.canvas import Canvas
from maskwise.dataset.drawn.cover import draw_cover, draw_held, draw_lots_for_cover
from maskwise.dataset.drawn.person import (
    draw_body,
    draw_head,
    draw_lots_for_person,
    draw_top,
)
from maskwise.dataset.drawn.scene import (
    Scene,
    draw_background,
    draw_lots_for_scene,
    encode,
    photograph,
)
from maskwise.durable import make_folder, whole_folder, write_bytes
from maskwise.errors import InvalidInput
from maskwise.labels import INCORRECT, LABELS, WITH_MASK, WITHOUT_MASK

MIN_COUNT: Final = 12
_INCORRECT_SHARE: Final = 0.1
_SHUFFLE: Final = 5  # the stream after the five of a picture


def draw_face(label: int, *, seed: int, index: int) -> NDArray[np.uint8]:
    """Draw a face.

    Args:
        label: A class number of `maskwise.LABELS`.
        seed: With `index`, decides everything but what the label is about.
        index: Number of the picture.

    Returns:
        RGB uint8 `(h, w, 3)`, sides of 89 to 427 pixels.

    Raises:
        InvalidInput: There is no such label, or a number is negative.
    """
    return _draw(label, seed, index)[0]


def draw_sample_set(
    folder: Path,
    *,
    count: int = 600,
    seed: int = 7,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[Path]:
    """Draw `count` faces into `folder`, in a folder per class.

    About 45 % wear a mask, 45 % none, 10 % wear it wrongly. Same count and seed, same bytes.

    Args:
        folder: New or empty.
        count: At least 12.
        seed: At least 0.
        on_progress: Called with how many are drawn and how many there will be.

    Returns:
        The files, in the order of their numbers.

    Raises:
        InvalidInput: A number is out of range, or `folder` is not empty.
        OutputFailed: `folder` cannot be written to; nothing of it is left behind.
    """
    if count < MIN_COUNT:
        raise InvalidInput(f"`count` must be at least {MIN_COUNT}. Received: count={count}.")
    _require_not_negative(seed=seed)
    if folder.is_dir() and any(folder.iterdir()):
        raise InvalidInput(
            f"`folder` must be new or empty. Received: {folder}, which holds files. "
            "Remove it or name another."
        )
    names = []
    with whole_folder(folder) as unfinished:
        for index, label in enumerate(_shuffled_labels(count, seed)):
            image_rgb, scene = _draw(label, seed, index)
            number = f"{index + 1:0{len(str(count))}d}"
            names.append(Path(LABELS[label], f"face-{number}.{scene.suffix}"))
            make_folder(unfinished / names[-1].parent)
            write_bytes(unfinished / names[-1], encode(image_rgb, scene))
            if on_progress is not None:
                on_progress(index + 1, count)
    return [folder / name for name in names]


def _shuffled_labels(count: int, seed: int) -> list[int]:
    n_incorrect = max(1, round(count * _INCORRECT_SHARE))
    n_masked = (count - n_incorrect) // 2
    labels = [WITH_MASK] * n_masked + [INCORRECT] * n_incorrect
    labels += [WITHOUT_MASK] * (count - len(labels))
    shuffled: list[int] = np.random.default_rng([seed, 0, _SHUFFLE]).permutation(labels).tolist()
    return shuffled


def _draw(label: int, seed: int, index: int) -> tuple[NDArray[np.uint8], Scene]:
    if not 0 <= label < len(LABELS):
        raise InvalidInput(f"`label` must be 0 to {len(LABELS) - 1}. Received: {label}.")
    _require_not_negative(seed=seed, index=index)
    # A stream per aspect: what the cover uses up of chance cannot move anything else.
    for_scene, for_background, for_person, for_cover, for_grain = (
        np.random.default_rng([seed, index, aspect]) for aspect in range(5)
    )
    scene = draw_lots_for_scene(for_scene)
    person = draw_lots_for_person(for_person)
    cover = draw_lots_for_cover(for_cover, person)
    canvas = Canvas(draw_background(scene, for_background), scene.pose)
    draw_body(canvas, person)
    draw_head(canvas, person)
    draw_cover(canvas, cover, label)
    draw_top(canvas, person)
    draw_held(canvas, person, cover, label)
    return photograph(canvas.image, scene, for_grain), scene


def _require_not_negative(**numbers: int) -> None:
    for name, number in numbers.items():
        if number < 0:
            raise InvalidInput(f"`{name}` must be at least 0. Received: {name}={number}.")
