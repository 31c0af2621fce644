"""Progress: how far something is, for who watches it on a terminal."""

import sys
from typing import Final

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

people: Final = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)
"""Where everything for people goes that is more than plain lines."""


def new_progress(*extra: ProgressColumn) -> Progress:
    """A progress display that a terminal shows and a pipe never sees."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        _RateColumn(),
        *extra,
        TimeRemainingColumn(),
        console=people,
        transient=True,
        disable=not sys.stderr.isatty(),
    )


class _RateColumn(ProgressColumn):
    """How many are done in a second."""

    def render(self, task: Task) -> Text:
        """See `ProgressColumn`."""
        return Text("" if task.speed is None else f"{task.speed:.1f}/s")
