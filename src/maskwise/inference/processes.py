"""Processes: several that share pictures out among them, each result in its place."""

import multiprocessing
import signal
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Final

import cv2

from maskwise.inference.batch import Load, Task, batches, decide
from maskwise.inference.pipeline import MaskDetector
from maskwise.names import legible
from maskwise.outputs.outcome import Outcome

_AHEAD: Final = 3  # batches per process that are handed out before their turn


def share(tasks: Sequence[Task], load: Load, workers: int) -> Iterator[Outcome]:
    """Let so many processes work the tasks off; see `maskwise.inference.bulk.detect_all`."""
    undone = deque(batches(tasks))
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
        return decide(self._detector, tasks)


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
