"""Command: a program that is started for an event, such as one that makes a sound."""

import json
import subprocess
from collections.abc import Sequence
from queue import Empty, Full, Queue
from threading import Event as Signal
from threading import Thread
from typing import Final

from maskwise.streams.event import Event

_MOST_WAITING: Final = 100  # an alarm that is minutes late helps nobody
_TICK_S: Final = 0.5


class CommandSink:
    """Starts a program for each event, one after the other, with the event on its standard input.

    No shell is involved, and nothing of the event is on the command line.
    """

    def __init__(self, command: Sequence[str], *, timeout_s: float) -> None:
        """Begin.

        Args:
            command: The program and its arguments.
            timeout_s: How long it may run before it is killed.
        """
        self._command = list(command)
        self._timeout_s = timeout_s
        self._waiting: Queue[Event] = Queue(_MOST_WAITING)
        self._trouble = ""
        self._stop = Signal()
        self._thread = Thread(target=self._work, name="sink command", daemon=True)
        self._thread.start()

    @property
    def trouble(self) -> str:
        """See `Sink`."""
        return self._trouble

    def write(self, event: Event) -> None:
        """Start the program soon; see `Sink`."""
        try:
            self._waiting.put_nowait(event)
        except Full:
            self._trouble = f"{self._command[0]}: it takes too long, and events are left out"

    def close(self) -> None:
        """Wait for the program that runs; see `Sink`."""
        self._stop.set()
        self._thread.join(self._timeout_s + _TICK_S)

    def _work(self) -> None:
        while not self._stop.is_set() or not self._waiting.empty():
            try:
                event = self._waiting.get(timeout=_TICK_S)
            except Empty:
                continue
            try:
                done = subprocess.run(
                    self._command,
                    input=json.dumps(event.to_dict()).encode("ascii"),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    timeout=self._timeout_s,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                self._trouble = f"{self._command[0]}: it took too long and was killed"
            except OSError as error:
                self._trouble = f"{self._command[0]}: {(error.strerror or 'it failed').lower()}"
            else:
                code = done.returncode
                self._trouble = f"{self._command[0]}: it ended with {code}" if code else ""
