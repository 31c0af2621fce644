"""Dashboard: how all cameras do, on a terminal."""

import time
from collections.abc import Collection
from typing import TYPE_CHECKING, Final, Self

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from maskwise.names import legible

if TYPE_CHECKING:
    from maskwise.streams.event import Event
    from maskwise.streams.watch import Watch

_STYLES: Final = {
    "online": "green",
    "connecting": "dim",
    "stalled": "yellow",
    "offline": "bold red",
    "ended": "dim",
}


class Dashboard:
    """Shows a row for each camera, what happened last, and what is in trouble."""

    def __init__(self, watching: "Watch", told: "Collection[Event]") -> None:
        self._watching = watching
        self._told = told
        self._live = Live(console=Console(), auto_refresh=False, screen=False)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def show(self) -> None:
        """Show how things are now."""
        self._live.update(Group(*self._parts()), refresh=True)

    def _parts(self) -> list[Table | Text]:
        table = Table(box=None, pad_edge=False)
        table.add_column("Camera")
        table.add_column("State")
        for name in ("Looks/s", "Delay", "People", "Masked", "Left out", "Lost"):
            table.add_column(name, justify="right")
        for name, post in self._watching.posts.items():
            if post.camera is None:
                table.add_row(name, Text("not its hours", style="dim"))
                continue
            health = post.camera.health
            since_s = time.monotonic() - health.since_s
            state = Text(f"{health.state} {_duration(since_s)}", style=_STYLES[health.state])
            table.add_row(
                name,
                state,
                f"{post.fps:.1f}",
                f"{post.delay_s * 1000:.0f} ms",
                str(post.n_present),
                "" if post.compliance is None else f"{post.compliance:.0%}",
                str(health.n_dropped),
                str(health.n_lost),
            )
        parts: list[Table | Text] = [table]
        for event in self._told:
            said = ", ".join(f"{key} {value}" for key, value in event.data.items())
            at = event.time.astimezone().strftime("%H:%M:%S")
            parts.append(Text(legible(f"{at} {event.camera}: {event.kind} ({said})")))
        parts += [Text(legible(trouble), style="red") for trouble in self._watching.troubles]
        return parts


def _duration(seconds: float) -> str:
    """A time in the largest unit that fits it."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
