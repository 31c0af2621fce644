"""Following: the people of a video, looked at a few times a second."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from maskwise.errors import InvalidInput
from maskwise.inference.batch import Load, Task, decide
from maskwise.outputs.outcome import Outcome
from maskwise.results import Faces
from maskwise.sources.latest import latest
from maskwise.sources.source import Source
from maskwise.sources.video import Frame, Video
from maskwise.tracking.people import People

_EARLY_S: Final = 1e-3  # the times of frames are rounded


@dataclass(frozen=True, slots=True)
class Look:
    """A frame that was looked at, and who was seen.

    Attributes:
        frame: The frame.
        answered: The faces and what this look alone said of each.
        faces: The same faces with `track_id`, and with what is said of each person as `label`.
    """

    frame: Frame
    answered: Faces
    faces: Faces


@contextmanager
def arriving(video: Video) -> Iterator[Iterator[Frame]]:
    """The frames of a video as they are to be looked at: all of a file, the newest of a camera."""
    if video.address.is_live:
        with latest(video) as frames:
            yield frames
    else:
        yield iter(video)


def due(frames: Iterable[Frame], looks_per_s: float | None) -> Iterator[Frame]:
    """The frames that are looked at: so many a second, and always the first.

    Args:
        frames: In their order.
        looks_per_s: How many at most; None: all.

    Raises:
        InvalidInput: `looks_per_s` is not above 0.
    """
    if looks_per_s is None:
        yield from frames
        return
    if not looks_per_s > 0:
        raise InvalidInput(f"`looks_per_s` must be above 0. Received: {looks_per_s}.")
    last = -1.0
    for frame in frames:
        # By the clock of the video, not from the look before: of 25 frames a second ten are taken.
        turn = (frame.time_s + _EARLY_S) * looks_per_s // 1
        if turn > last:
            last = turn
            yield frame


def follow(
    frames: Iterable[Frame], load: Load, people: People, *, workers: int | None = None
) -> Iterator[Look]:
    """Look at frames and follow the people in them.

    A frame that kills the process that looks at it is passed over.

    Args:
        frames: Those that are looked at, in their order.
        load: Makes the detector.
        people: Who is who; takes in what is seen.
        workers: How many processes of one thread share the work; None: this one does it all.

    Yields:
        A look for each frame, in their order, the same for any number of workers.

    Raises:
        InvalidInput: `workers` is below 1.
    """
    waiting: list[Frame] = []

    def tasks() -> Iterator[Sequence[Task]]:
        for frame in frames:
            waiting.append(frame)
            # Each frame alone, so that nothing depends on which others are on the way.
            yield [Task(_source(frame.index, frame.read_rgb()))]

    for outcome in _decide_all(tasks(), load, workers):
        frame = waiting.pop(0)
        if outcome.faces is not None:
            faces = people.update(outcome.faces, frame.time_s)
            yield Look(frame, outcome.faces, faces)


def _decide_all(
    batches: Iterator[Sequence[Task]], load: Load, workers: int | None
) -> Iterator[Outcome]:
    if workers is None:
        detector = load()
        for batch in batches:
            yield from decide(detector, batch)
        return
    if workers < 1:
        raise InvalidInput(f"`workers` must be at least 1. Received: {workers}.")
    from maskwise.inference.processes import share  # what starts processes takes long to load

    yield from share(batches, load, workers)


def _source(index: int, image_rgb: NDArray[np.uint8]) -> Source:
    name = f"frame {index}"
    return Source(name, name, None, partial(_keep, image_rgb))


def _keep(image_rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return image_rgb
