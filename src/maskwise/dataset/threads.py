"""Threads: many pictures at a time, in order, without all of them in memory."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_AHEAD: Final = 256  # how many results may wait for whoever takes them


def map_in_threads(function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
    """Yield `function(item)` for each item, in order, on as many threads as there are cores.

    Pillow decodes outside the interpreter lock, so for pictures threads are enough.
    """
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        for start in range(0, len(items), _AHEAD):
            yield from threads.map(function, items[start : start + _AHEAD])
