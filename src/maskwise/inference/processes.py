"""Processes: several that share pictures out among them, each result in its place."""

import multiprocessing
import os
import signal
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from threading import Thread
from typing import Final

import cv2

from maskwise.allocator import keep_freed_memory
from maskwise.inference.batch import Load, Task, decide
from maskwise.inference.pipeline import MaskDetector
from maskwise.names import legible
from maskwise.outputs.outcome import Outcome

_AHEAD: Final = 3  # batches per process that are handed out before their turn


def share(batches: Iterable[Sequence[Task]], load: Load, workers: int) -> Iterator[Outcome]:
    """Let so many processes work batches off, which are taken a few ahead.

    Args:
        batches: Pictures that are decided on together.
        load: Makes the detector.
        workers: How many processes, of one thread each.

    Yields:
        What came of each picture, in their order.
    """
    waiting = iter(batches)
    undone: deque[Sequence[Task]] = deque()
    while True:
        try:
            yield from _flow(undone, waiting, load, workers)
            return
        except BrokenProcessPool:
            yield from _one_by_one(undone.popleft(), load)


def _flow(
    undone: deque[Sequence[Task]], waiting: Iterator[Sequence[Task]], load: Load, workers: int
) -> Iterator[Outcome]:
    """Work batches off; those that were handed out and not yet yielded are in `undone`."""
    with _processes(load, workers) as pool:
        ahead = deque(_submit(pool, batch) for batch in undone)
        while True:
            for batch in islice(waiting, workers * _AHEAD - len(ahead)):
                undone.append(batch)
                ahead.append(_submit(pool, batch))
            if not ahead:
                return
            outcomes = ahead.popleft().result()
            undone.popleft()
            yield from outcomes


def _one_by_one(tasks: Sequence[Task], load: Load) -> Iterator[Outcome]:
    """Work tasks off of which one may have killed its process."""
    for task in tasks:
        try:
            with _processes(load, 1) as pool:
                outcomes = _submit(pool, [task]).result()
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


def _submit(pool: ProcessPoolExecutor, tasks: Sequence[Task]) -> Future[list[Outcome]]:
    # This may start a process, which is not to hear the Ctrl-C that its caller will answer.
    if sys.platform == "win32":
        return pool.submit(_work, tasks)
    heard = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return pool.submit(_work, tasks)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, heard)


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
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who called us ends us, and if it is by dying
    Thread(target=_end_with_caller, daemon=True).start()
    cv2.setNumThreads(1)
    keep_freed_memory()
    _worker = _Worker(load)


def _work(tasks: Sequence[Task]) -> list[Outcome]:
    if _worker is None:
        raise RuntimeError("`_work` runs only in a process that `_begin` has begun.")
    return _worker.work(tasks)


def _end_with_caller() -> None:
    caller = multiprocessing.parent_process()
    if caller is not None:
        caller.join()
        os._exit(1)  # the pool would wait for work for ever
