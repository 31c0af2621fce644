"""Batch: a few pictures, read and decided on together by one process."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from maskwise.durable import make_folder, write_bytes
from maskwise.errors import UnreadableImage
from maskwise.images import encode_image
from maskwise.inference.pipeline import MaskDetector
from maskwise.outputs.outcome import Outcome
from maskwise.results import Faces
from maskwise.sources.source import Source

Load = Callable[[], MaskDetector]
"""Makes the detector, in the process that uses it; it must survive being sent there."""

_TOGETHER: Final = 8  # pictures whose faces are classified in one batch


@dataclass(frozen=True, slots=True)
class Task:
    """A picture to decide on.

    Attributes:
        source: The picture.
        copy: Where a JPEG with the answers drawn on it goes; None for nowhere.
        is_blurred: Whether the faces in that copy are made unrecognisable.
    """

    source: Source
    copy: Path | None = None
    is_blurred: bool = False


def batches(tasks: Sequence[Task]) -> Iterator[Sequence[Task]]:
    """The tasks in their order, a few at a time."""
    for start in range(0, len(tasks), _TOGETHER):
        yield tasks[start : start + _TOGETHER]


def decide(detector: MaskDetector, tasks: Sequence[Task]) -> list[Outcome]:
    """What comes of each picture of a batch, in their order.

    Raises:
        OutputFailed: A copy cannot be written.
    """
    outcomes: dict[int, Outcome] = {}
    sizes_hw: dict[int, tuple[int, int]] = {}
    to_copy: dict[int, NDArray[np.uint8]] = {}

    def pictures() -> Iterator[NDArray[np.uint8]]:
        for index, task in enumerate(tasks):
            try:
                image_rgb = task.source.read_rgb()
            except UnreadableImage as error:
                outcomes[index] = Outcome(task.source.name, error=str(error))
                continue
            sizes_hw[index] = image_rgb.shape[:2]
            if task.copy is not None:
                to_copy[index] = image_rgb
            yield image_rgb

    answers = detector.detect_many(pictures())
    for (index, size_hw), faces in zip(sizes_hw.items(), answers, strict=True):
        outcomes[index] = Outcome(tasks[index].source.name, size_hw=size_hw, faces=faces)
        if index in to_copy:
            _write_copy(tasks[index], to_copy[index], faces)
    return [outcomes[index] for index in range(len(tasks))]


def _write_copy(task: Task, image_rgb: NDArray[np.uint8], faces: Faces) -> None:
    # Only now: who wants answers alone need not wait for what draws.
    from maskwise.outputs.blur import blur
    from maskwise.outputs.draw import draw

    if task.copy is not None:
        shown = blur(image_rgb, faces) if task.is_blurred else image_rgb
        make_folder(task.copy.parent)
        write_bytes(task.copy, encode_image(draw(shown, faces), format="jpeg"))
