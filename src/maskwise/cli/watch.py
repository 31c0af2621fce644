"""`maskwise watch`: cameras, for weeks."""

import json
import signal
import sys
from collections import deque
from pathlib import Path
from threading import Event as Signal
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Final

import typer

from maskwise.cli.console import complain, hushed, say
from maskwise.errors import InvalidInput, MaskwiseError
from maskwise.extras import load
from maskwise.inference.pipeline import MaskDetector
from maskwise.names import legible

if TYPE_CHECKING:
    from maskwise.streams.config import WatchConfig
    from maskwise.streams.event import Event
    from maskwise.streams.watch import Watch

_EXIT_INTERRUPTED: Final = 130
_SHOWN_EVENTS: Final = 8


def watch(
    config: Annotated[
        Path, typer.Argument(help="A TOML file; docs/cameras.md tells what is in it.")
    ],
    check: Annotated[
        bool, typer.Option("--check", help="Only say whether the configuration is right.")
    ] = False,
) -> int:
    """Watch the cameras of CONFIG until SIGTERM or Ctrl-C, and tell what happens.

    A terminal shows how the cameras do; a pipe gets each event as a line of JSON. When the file
    changes, or on SIGHUP, it is read again; if something in it is wrong, all stays as it is.
    """
    read_config = load("maskwise.streams.config", extra="video").read_config
    asked: WatchConfig = read_config(config)
    if check:
        n_cameras, n_sinks = len(asked.cameras), len(asked.sinks)
        say(f"{legible(config)} is right: cameras {n_cameras}, sinks {n_sinks}.")
        return 0
    module = load("maskwise.streams.watch", extra="video")
    import cv2

    cv2.setNumThreads(1)
    with hushed():
        detector = MaskDetector.load(
            asked.model.model,
            mode=asked.model.mode,
            strict=asked.model.strict,
            n_threads=1,  # several cameras are looked at side by side
        )
    told: deque[Event] = deque(maxlen=_SHOWN_EVENTS)
    is_terminal = sys.stdout.isatty()
    watching: Watch = module.Watch(asked, detector, told.append if is_terminal else _print)
    if watching.page is not None:
        say(f"Live page, on this machine only: {watching.page.url}")
    following = _Following(config, watching)
    stop = Signal()
    heard: list[int] = []

    def end(number: int, _: FrameType | None) -> None:
        heard.append(number)
        stop.set()

    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, lambda *_: following.ask())
    if is_terminal:
        from maskwise.cli.dashboard import Dashboard  # a pipe need not wait for it

        with Dashboard(watching, told) as dashboard:
            watching.run(stop, following.tick, dashboard.show)
    else:
        watching.run(stop, following.tick, _Complaining(watching).tick)
    return _EXIT_INTERRUPTED if signal.SIGINT in heard else 0


def _print(event: "Event") -> None:
    typer.echo(json.dumps(event.to_dict()))
    sys.stdout.flush()


class _Complaining:
    """Complains about what is wrong, once when it begins; a terminal shows it all the time."""

    def __init__(self, watching: "Watch") -> None:
        self._watching = watching
        self._known: frozenset[str] = frozenset()

    def tick(self) -> None:
        """Complain about what is new."""
        troubles = frozenset(self._watching.troubles)
        for trouble in sorted(troubles - self._known):
            complain(f"{trouble}.")
        self._known = troubles


class _Following:
    """Follows a configuration file: what is changed in it, is done."""

    def __init__(self, path: Path, watching: "Watch") -> None:
        self._path = path
        self._watching = watching
        self._seen = self._stamp()
        self._is_asked = False

    def ask(self) -> None:
        """Read it again at the next tick, changed or not."""
        self._is_asked = True

    def tick(self) -> None:
        """Read it again, if there is reason to."""
        stamp = self._stamp()
        if stamp == self._seen and not self._is_asked:
            return
        self._seen, self._is_asked = stamp, False
        read_config = load("maskwise.streams.config", extra="video").read_config
        try:
            asked: WatchConfig = read_config(self._path)
        except InvalidInput as error:
            complain(f"{error} All stays as it was.")
            return
        if asked.model != self._watching.config.model:
            complain(f"{legible(self._path)}: another model needs a new start.")
        try:
            self._watching.change(asked)
        except MaskwiseError as error:
            complain(f"{error} All else was changed.")
            return
        say(f"{legible(self._path)} was read again.")

    def _stamp(self) -> tuple[int, int, int]:
        try:
            status = self._path.stat()
        except OSError:  # an editor may be about to put it back
            return (0, 0, 0)
        return (status.st_mtime_ns, status.st_size, status.st_ino)
