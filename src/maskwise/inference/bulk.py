"""Bulk: many pictures, by this process or by several, each result in its place."""

import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwise.durable import make_folder, write_bytes
from maskwise.errors import InvalidInput, UnreadableImage
from maskwise.images import encode_image
from maskwise.inference.pipeline import MaskDetector
from maskwise.names import legible
from maskwise.outputs.blur import blur
from maskwise.outputs.draw import draw
from maskwise.outputs.outcome import Outcome
from maskwise.results import Faces
from maskwise.sources.source import Source

Load = Callable[[], MaskDetector]
"""Makes the detector, in the process that uses it; it must survive being sent there."""

_TOGETHER: Final = 8  # pictures whose faces are classified in one batch
_AHEAD: Final = 3  # batches per process that are handed out before their turn


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


def detect_all(
    tasks: Sequence[Task], load: Load, *, workers: int | None = None
) -> Iterator[Outcome]:
    """Decide on many pictures.

    A picture that cannot be read costs only itself, even if it kills the process that reads it.

    Args:
        tasks: The pictures.
        load: Makes the detector.
        workers: How many processes of one thread share the work; None: this one does it all, with
            as many threads as its libraries like.

    Yields:
        What came of each picture, in their order, the same for any number of workers.

    Raises:
        InvalidInput: `workers` is below 1, or standard input is to be read by several.
        OutputFailed: A copy cannot be written.
    """
    if workers is None:
        detector = load()
        for batch in _batches(tasks):
            yield from _decide(detector, batch)
        return
    if workers < 1:
        raise InvalidInput(f"`workers` must be at least 1. Received: {workers}.")
    if any(task.source.name == "-" for task in tasks):
        raise InvalidInput("`workers` must be left out where standard input (`-`) is read.")
    yield from _share(tasks, load, workers)


def _batches(tasks: Sequence[Task]) -> Iterator[Sequence[Task]]:
    for start in range(0, len(tasks), _TOGETHER):
        yield tasks[start : start + _TOGETHER]


def _decide(detector: MaskDetector, tasks: Sequence[Task]) -> list[Outcome]:
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
    if task.copy is not None:
        shown = blur(image_rgb, faces) if task.is_blurred else image_rgb
        make_folder(task.copy.parent)
        write_bytes(task.copy, encode_image(draw(shown, faces), format="jpeg"))


def _share(tasks: Sequence[Task], load: Load, workers: int) -> Iterator[Outcome]:
    undone = deque(_batches(tasks))
    while undone:
        try:
            yield from _flow(undone, load, min(workers, len(undone)))
        except BrokenProcessPool:
            yield from _one_by_one(undone.popleft(), load)


def _flow(undone: deque[Sequence[Task]], load: Load, workers: int) -> Iterator[Outcome]:
    """Work `undone` off; what is yielded is no longer in it."""
    with _processes(load, workers) as pool:
        ahead = deque(pool.submit(_work, batch) for batch in list(undone)[: workers * _AHEAD])
        while ahead:
            outcomes = ahead.popleft().result()
            undone.popleft()
            if len(undone) > len(ahead):
                ahead.append(pool.submit(_work, undone[len(ahead)]))
            yield from outcomes


def _one_by_one(tasks: Sequence[Task], load: Load) -> Iterator[Outcome]:
    """Work tasks off of which one may have killed its process."""
    for task in tasks:
        try:
            with _processes(load, 1) as pool:
                outcomes = pool.submit(_work, [task]).result()
        except BrokenProcessPool:
            name = task.source.name
            outcomes = [Outcome(name, error=f"{legible(name)}: the process that read it died")]
        yield from outcomes


@contextmanager
def _processes(load: Load, workers: int) -> Iterator[ProcessPoolExecutor]:
    # Spawned, since a fork of a process with threads may stand still for ever.
    pool = ProcessPoolExecutor(
        workers, multiprocessing.get_context("spawn"), initializer=_begin, initargs=(load,)
    )
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


class _Worker:
    """What one of the processes keeps between two batches."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._detector: MaskDetector | None = None

    def work(self, tasks: Sequence[Task]) -> list[Outcome]:
        # Loaded only here, so that an error on the way comes back to who waits for the answer.
        self._detector = self._detector or self._load()
        return _decide(self._detector, tasks)


_worker: _Worker | None = None


def _begin(load: Load) -> None:
    global _worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who called us ends us
    cv2.setNumThreads(1)
    _worker = _Worker(load)


def _work(tasks: Sequence[Task]) -> list[Outcome]:
    if _worker is None:
        raise RuntimeError("`_work` runs only in a process that `_begin` has begun.")
    return _worker.work(tasks)
