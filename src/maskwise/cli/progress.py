"""Progress: how far something is, for who watches it on a terminal."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn

people: Final = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)
"""Where everything for people goes that is more than plain lines."""


def new_progress(*extra: ProgressColumn) -> Progress:
    """A progress display that a terminal shows and a pipe never sees."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),  # as wide as there is room
        MofNCompleteColumn(),
        *extra,
        console=people,
        transient=True,
        disable=not sys.stderr.isatty(),
    )


@contextmanager
def counting(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show how far something is; see `maskwise.cli.console.counting`."""
    pace = Pace()
    with new_progress(TextColumn("{task.fields[pace]}")) as progress:
        task = progress.add_task(what, total=None, pace="", visible=False)
        yield lambda done, total: progress.update(
            task, completed=done, total=total, pace=pace.to_words(done, total), visible=True
        )


class Pace:
    """How fast something goes, and how long it will still take.

    What Rich tells of both is far off where things are done several at a time.
    """

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._began_s = self._first = self._done = self._total = 0.0

    def to_words(self, done: int, total: int) -> str:
        """Both in words, on average since it was first asked; empty until then.

        It begins anew when the total changes or less is done than before.
        """
        now_s = self._clock_s()
        if total != self._total or done < self._done:
            self._began_s, self._first, self._total = now_s, done, total
        self._done = done
        if done == self._first or now_s == self._began_s:
            return ""
        rate = (done - self._first) / (now_s - self._began_s)
        left = timedelta(seconds=round((total - done) / rate))
        return f"{rate:.1f}/s, {left} left"
