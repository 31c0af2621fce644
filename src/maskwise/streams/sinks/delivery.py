"""Delivery: a sink that sends over a network, by a thread, from a spool on the disk."""

import json
import random
import sqlite3
from collections import deque
from collections.abc import Callable
from pathlib import Path
from threading import Event as Signal
from threading import Lock, Thread
from typing import Final

from maskwise.streams.event import Event
from maskwise.streams.sinks.spool import Spool

MOST: Final = 100_000
"""How many events wait at most."""

_PAUSES_S: Final = (1.0, 2.0, 5.0, 10.0, 30.0)
_JITTER: Final = 0.25
_CLOSING_S: Final = 5.0


class NotDelivered(Exception):
    """An event could not be delivered; the message says why, and no secret."""


class Delivery:
    """Takes events, keeps them in a `Spool`, and sends each until it has arrived.

    They are sent in their order, each at least once: a receiver knows one that comes again by its
    id. What is not delivered when maskwise ends, is after it starts again.
    """

    def __init__(
        self,
        spool: Path,
        send: Callable[[str], None],
        close: Callable[[], None] = lambda: None,
    ) -> None:
        """Begin to send, with what was left from before.

        Args:
            spool: The file of what waits.
            send: Sends one event, as JSON; raises `NotDelivered`.
            close: Ends what sends.
        """
        self._send = send
        self._close = close
        self._path = spool
        self._spool: Spool | None = None
        self._unspooled: deque[str] = deque(maxlen=MOST)  # while the disk is full
        self._putting = Lock()
        self._sent: int | None = None  # by the spool's number
        self._trouble = ""
        self._woken = Signal()
        self._stop = Signal()
        self._thread = Thread(target=self._deliver, name=f"sink {spool.stem}", daemon=True)
        self._open()
        self._thread.start()

    @property
    def trouble(self) -> str:
        """See `Sink`."""
        return self._trouble

    @property
    def n_waiting(self) -> int:
        """How many events are not delivered yet."""
        return len(self._unspooled) + (0 if self._spool is None else len(self._spool))

    def write(self, event: Event) -> None:
        """Take an event; see `Sink`."""
        self._unspooled.append(json.dumps(event.to_dict()))
        self._put()
        self._woken.set()

    def close(self) -> None:
        """Give it some seconds to deliver the rest; see `Sink`."""
        self._stop.set()
        self._woken.set()
        self._thread.join(_CLOSING_S)
        self._close()
        if self._spool is not None:
            self._spool.close()

    def _open(self) -> None:
        try:
            self._spool = Spool(self._path, most=MOST)
        except (sqlite3.Error, OSError) as error:
            self._trouble = f"{self._path}: {error}"

    def _put(self) -> None:
        """Bring what is in memory to the disk, if that is possible; two threads do."""
        with self._putting:
            if self._spool is None:
                self._open()
            if self._spool is None:
                return
            try:
                while self._unspooled:
                    self._spool.put(self._unspooled[0])
                    self._unspooled.popleft()
            except sqlite3.Error as error:
                self._trouble = f"{self._path}: {error}"

    def _deliver(self) -> None:
        n_failed = 0
        while True:
            self._put()
            try:
                first = self._first()
                if first is not None:
                    number, text = first
                    self._send(text)
                    self._sent = number
            except (NotDelivered, sqlite3.Error) as error:
                self._trouble = str(error)
                pause_s = _PAUSES_S[min(n_failed, len(_PAUSES_S) - 1)]
                n_failed += 1
                if self._stop.wait(pause_s * random.uniform(1 - _JITTER, 1 + _JITTER)):
                    return
                continue
            if first is not None:
                n_failed, self._trouble = 0, ""
            elif self._stop.is_set():
                return
            else:
                self._woken.wait(_PAUSES_S[0])
                self._woken.clear()

    def _first(self) -> tuple[int, str] | None:
        """What is to be sent next, after what was sent is out of the spool."""
        if self._spool is None:
            return None
        if self._sent is not None:  # once more, if the disk was full: else it would be sent again
            self._spool.remove(self._sent)
            self._sent = None
        return self._spool.first()
