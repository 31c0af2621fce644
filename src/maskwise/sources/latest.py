"""Latest: of frames that come whether one is ready or not, always the newest."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Condition, Thread
from typing import Final

from maskwise.sources.video import Frame

_GRACE_S: Final = 1.0  # for a read that is under way when nobody wants frames any more


@contextmanager
def latest(frames: Iterable[Frame]) -> Iterator[Iterator[Frame]]:
    """Read the frames of a camera or stream by a thread, so that none waits in a queue.

    Whoever is slower than the camera gets the newest frame each time, and not those that came in
    between; whoever is faster waits.

    Args:
        frames: As `Video` gives them.

    Yields:
        The frames; they end, or raise an error, where `frames` do.
    """
    reading = _Reading(frames)
    thread = Thread(target=reading.run, name="latest frame", daemon=True)
    thread.start()
    try:
        yield reading.frames()
    finally:
        reading.is_wanted = False
        thread.join(_GRACE_S)


class _Reading:
    def __init__(self, frames: Iterable[Frame]) -> None:
        self._source = frames
        self._changed = Condition()
        self._newest: Frame | None = None
        self._error: Exception | None = None
        self._is_over = False
        self.is_wanted = True

    def run(self) -> None:
        error = None
        try:
            for frame in self._source:
                with self._changed:
                    self._newest = frame
                    self._changed.notify()
                if not self.is_wanted:
                    break
        except Exception as caught:  # noqa: BLE001 - raised again where frames are taken
            error = caught
        with self._changed:
            self._error, self._is_over = error, True
            self._changed.notify()

    def frames(self) -> Iterator[Frame]:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._newest or self._is_over)
                frame, self._newest = self._newest, None
            if frame is None:
                if self._error is not None:
                    raise self._error
                return
            yield frame
