"""Console: how the command line speaks to people, always on stderr."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

people: Final = Console(stderr=True, highlight=False, soft_wrap=True)
"""Where everything for people goes; plain text when it is not a terminal."""


def say(text: str) -> None:
    """Tell people something on a line of its own, exactly as it stands."""
    people.print(text, markup=False)


def complain(message: str) -> None:
    """Tell people in one line what went wrong."""
    sys.stderr.write(f"maskwise: {' '.join(message.split())}\n")


def new_progress(*extra: TextColumn) -> Progress:
    """A progress display that a terminal shows and a pipe never sees."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        *extra,
        TimeRemainingColumn(),
        console=people,
        transient=True,
        disable=not people.is_terminal,
    )


@contextmanager
def counting(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show how far something is; yields a function of how many are done and how many there are."""
    with new_progress() as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
