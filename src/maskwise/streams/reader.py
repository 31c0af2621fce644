"""Reader: a process of its own that decodes one stream and hands over its latest frame.

A stream can stall, lie or bring its decoder down; all of it stays in this process, which can be
killed at any time. Frames are never queued: while nobody asks, newer ones replace older ones.
"""

import contextlib
import os
import struct
import sys
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from threading import Condition, Thread
from typing import Final

import numpy as np
from numpy.typing import NDArray

from maskwise.child import Child
from maskwise.errors import MaskwiseError, UnreadableVideo
from maskwise.sources.video import Address, Frame, Video

_MOST_BYTES: Final = 2 * 2**30  # that the process may hold: a stream may never end a frame
_FRAME, _ENDED, _LOST = b"FEL"
_HEADER: Final = struct.Struct("!BdII")  # kind, when it was decoded, height, width


@dataclass(frozen=True, slots=True)
class Latest:
    """The latest frame of a stream when it was asked for.

    Attributes:
        image_rgb: Upright, RGB uint8 `(h, w, 3)`.
        decoded_s: When it was decoded, by `time.monotonic`.
    """

    image_rgb: NDArray[np.uint8]
    decoded_s: float

    @property
    def age_s(self) -> float:
        """How long ago it was decoded."""
        return time.monotonic() - self.decoded_s


class StreamEnded(Exception):
    """A file was played to its end; a camera never ends."""


class Reader:
    """One stream, read by a process of its own; used as a context, which kills it at the end."""

    def __init__(self, address: Address, *, timeout_s: float) -> None:
        """Start it.

        Args:
            address: The stream; a file is played at its own pace.
            timeout_s: How long the stream may keep it waiting.
        """
        self._address = address
        self._child = Child(_run, address, timeout_s, name=f"maskwise {address.shown}")
        self._is_asked = False

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def kill(self) -> None:
        """Kill it, whatever it does; who waits for a frame then hears that it died."""
        self._child.kill()

    def close(self) -> None:
        """Kill it, and let go of all that belongs to it."""
        self._child.close()

    def take(self, wait_s: float) -> Latest | None:
        """The latest frame; each is given once.

        Args:
            wait_s: How long to wait for one that is new.

        Returns:
            None if there is none within that time; it may then be asked for again.

        Raises:
            StreamEnded: A file was played to its end.
            UnreadableVideo: The stream cannot be reached or was lost.
        """
        try:
            if not self._is_asked:
                self._child.connection.send_bytes(b"?")
                self._is_asked = True
            if not self._child.connection.poll(wait_s):
                return None
            message = self._child.connection.recv_bytes()
        except (EOFError, OSError) as error:
            raise UnreadableVideo(f"{self._address.shown}: what read it died.") from error
        self._is_asked = False
        kind, decoded_s, height, width = _HEADER.unpack_from(message)
        if kind == _ENDED:
            raise StreamEnded
        body = memoryview(message)[_HEADER.size :]
        if kind == _LOST:
            raise UnreadableVideo(bytes(body).decode("utf-8", "replace"))
        image_rgb = np.frombuffer(body, np.uint8).reshape(height, width, 3)
        return Latest(image_rgb, decoded_s)


def _run(address: Address, timeout_s: float, connection: Connection) -> None:
    """What the process does."""
    _limit_memory()
    mailbox = _Mailbox()
    answering = Thread(target=mailbox.serve, args=(connection,), daemon=True)
    answering.start()
    try:
        with Video.open(address, timeout_s=timeout_s) as video:
            began_s = time.monotonic()
            for frame in video:
                if not address.is_live:  # a file is played, not rushed through
                    time.sleep(max(0.0, began_s + frame.time_s - time.monotonic()))
                mailbox.put(frame)
        mailbox.finish(_ENDED, "")
    except MaskwiseError as error:
        mailbox.finish(_LOST, str(error))
    # MemoryError is among them. Whatever a decoder does costs only this stream.
    except Exception as error:  # noqa: BLE001
        mailbox.finish(_LOST, f"{address.shown}: it cannot be read ({type(error).__name__}).")
    answering.join()


def _limit_memory() -> None:
    if sys.platform == "win32":
        return
    import resource

    with contextlib.suppress(ValueError, OSError):  # a tighter limit is there already
        resource.setrlimit(resource.RLIMIT_DATA, (_MOST_BYTES, _MOST_BYTES))


class _Mailbox:
    """Room for one frame, between who decodes and who answers."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._frame: tuple[Frame, float] | None = None
        self._last: bytes | None = None

    def put(self, frame: Frame) -> None:
        """A newer frame takes the place of the one before."""
        with self._changed:
            self._frame = (frame, time.monotonic())
            self._changed.notify()

    def finish(self, kind: int, reason: str) -> None:
        """There will be no more frames."""
        with self._changed:
            self._last = _HEADER.pack(kind, time.monotonic(), 0, 0) + reason.encode("utf-8")
            self._changed.notify()

    def serve(self, connection: Connection) -> None:
        """Answer each question with a frame that was not given yet, or with the end."""
        try:
            is_last = False
            while not is_last:
                connection.recv_bytes()
                message, is_last = self._answer()
                connection.send_bytes(message)
        except (EOFError, OSError):
            pass  # who asked has gone
        finally:
            os._exit(0)

    def _answer(self) -> tuple[bytes, bool]:
        with self._changed:
            self._changed.wait_for(lambda: self._frame or self._last)
            if self._frame is None:
                return self._last or b"", True
            frame, decoded_s = self._frame
            self._frame = None
        image_rgb = frame.read_rgb()
        return _HEADER.pack(_FRAME, decoded_s, *image_rgb.shape[:2]) + image_rgb.tobytes(), False
