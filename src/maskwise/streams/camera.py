"""Camera: one stream that is kept alive, and what state it is in."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Condition, Event, Thread
from typing import Final, Literal

from maskwise.errors import UnreadableVideo
from maskwise.sources.video import Address
from maskwise.streams.reader import Latest, Reader, StreamEnded

State = Literal["connecting", "online", "stalled", "offline", "ended"]
"""`stalled`: frames stay away; `offline`: it is gone, and tried again; `ended`: a file is over."""

STALE_S: Final = 2.0
"""Nothing is decided on a frame that is older."""

_STALLED_AFTER_S: Final = 3.0
_OFFLINE_AFTER_S: Final = 10.0
_TIMEOUT_S: Final = 5.0
_STUCK_AFTER_S: Final = 15.0
_TICK_S: Final = 0.25  # how soon a reader that must go is told so
# As go2rtc does it, only sooner: a camera that is back is to be seen within 15 seconds.
_PAUSES_S: Final = (0.5, 1.0, 2.0, 4.0, 8.0)
_JITTER: Final = 0.25


@dataclass(slots=True)
class Health:
    """How a camera does, for who watches it.

    Attributes:
        state: Where it stands.
        reason: Why it is not online; empty if it is.
        n_frames: How many frames it has handed over.
        n_dropped: How many were replaced by newer ones before anybody took them.
        n_lost: How often it was lost.
        since_s: When it came into this state, by `time.monotonic`.
    """

    state: State = "connecting"
    reason: str = ""
    n_frames: int = 0
    n_dropped: int = 0
    n_lost: int = 0
    since_s: float = 0.0


class Camera:
    """Reads a stream for as long as it is wanted, and comes back after whatever happens.

    A thread watches over a `Reader` and puts the latest frame into a place for one; nothing is
    queued. A reader that gives no frame is killed, and a new one started after a pause that grows.
    """

    def __init__(
        self,
        name: str,
        address: Address,
        *,
        fps: float,
        arrived: Condition | None = None,
        on_state: Callable[[str, State, str], None] | None = None,
    ) -> None:
        """Begin to read.

        Args:
            name: What to call it.
            address: Its stream.
            fps: How many frames a second are wanted at most.
            arrived: Is notified when there is a new frame; one for many cameras.
            on_state: Is called, by the thread, with name, state and reason when the state changes.
        """
        self.name = name
        self.address = address
        self.fps = fps
        self.health = Health(since_s=time.monotonic())
        self._arrived = arrived or Condition()
        self._on_state = on_state
        self._latest: Latest | None = None
        self._reader: Reader | None = None
        self._asked_s = time.monotonic()
        self._stop = Event()
        self._thread = Thread(target=self._live, name=f"camera {name}", daemon=True)
        self._thread.start()

    def take(self) -> Latest | None:
        """The latest frame, if it was not taken yet and is not stale."""
        with self._arrived:
            latest, self._latest = self._latest, None
        return latest if latest is not None and latest.age_s <= STALE_S else None

    def free_if_stuck(self) -> None:
        """Kill a reader that has stopped in the middle of a frame, for which its thread waits.

        To be called now and then by another thread.
        """
        reader = self._reader
        if reader is not None and time.monotonic() - self._asked_s > _STUCK_AFTER_S:
            reader.kill()

    def close(self) -> None:
        """Give it up; returns when its reader is gone."""
        self._stop.set()
        reader = self._reader
        if reader is not None:
            reader.kill()  # it may have stopped in the middle of a frame
        self._thread.join()

    def _live(self) -> None:
        n_failed = 0
        while not self._stop.is_set():
            n_before = self.health.n_frames
            try:
                with Reader(self.address, timeout_s=_TIMEOUT_S) as reader:
                    self._asked_s, self._reader = time.monotonic(), reader
                    try:
                        self._read(reader)
                    finally:
                        self._reader = None
            except StreamEnded:
                self._come_into("ended")
                return
            except (UnreadableVideo, OSError) as error:  # the latter if no process can be started
                if self._stop.is_set():
                    return
                self.health.n_lost += 1
                self._come_into("offline", str(error))
            n_failed = 0 if self.health.n_frames > n_before else n_failed + 1
            pause_s = _PAUSES_S[min(n_failed, len(_PAUSES_S) - 1)]
            self._stop.wait(pause_s * random.uniform(1 - _JITTER, 1 + _JITTER))

    def _read(self, reader: Reader) -> None:
        """Hand frames over until it is enough.

        Raises:
            StreamEnded: A file is over.
            UnreadableVideo: The stream was lost, or gives no more frames.
        """
        heard_s = due_s = time.monotonic()
        while not self._stop.is_set():
            self._asked_s = time.monotonic()
            latest = reader.take(_TICK_S)
            now_s = time.monotonic()
            if latest is None:
                silent_s = now_s - heard_s
                if silent_s > _OFFLINE_AFTER_S:
                    raise UnreadableVideo(
                        f"{self.address.shown}: no frame for {silent_s:.0f} seconds."
                    )
                if silent_s > _STALLED_AFTER_S and self.health.state == "online":
                    self._come_into("stalled", f"{self.address.shown}: frames stay away.")
                continue
            heard_s = now_s
            self._come_into("online")
            with self._arrived:
                self.health.n_frames += 1
                self.health.n_dropped += self._latest is not None
                self._latest = latest
                self._arrived.notify_all()
            # By the clock, not from this frame on: else a camera as fast as it is asked loses some.
            due_s = max(due_s, now_s - 1 / self.fps) + 1 / self.fps
            self._stop.wait(max(0.0, due_s - time.monotonic()))

    def _come_into(self, state: State, reason: str = "") -> None:
        if state == self.health.state:
            return
        self.health.state, self.health.reason = state, reason
        self.health.since_s = time.monotonic()
        if self._on_state is not None:
            self._on_state(self.name, state, reason)
