"""A camera that is none: a server of MJPEG that can have every fault that a camera has."""

import contextlib
import io
import socket
import time
from collections.abc import Iterator
from threading import Event, Lock, Thread
from typing import Literal

import numpy as np
from PIL import Image

Fault = Literal["none", "refused", "silent", "stalled", "closed", "resized", "corrupt", "endless"]

_HEAD = (
    b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n--frame\r\n"
)
_GOOD_FRAMES = 10  # before a stream stalls, closes or changes


def jpeg(number: int, size_wh: tuple[int, int] = (160, 120)) -> bytes:
    """A picture whose grey level tells its number."""
    file = io.BytesIO()
    Image.fromarray(np.full((*size_wh[::-1], 3), number * 4 % 256, np.uint8)).save(file, "jpeg")
    return file.getvalue()


class FakeCamera:
    """Listens on a port of its own; its fault can be changed at any time, to `none` again, too.

    Attributes:
        url: Where it streams, with a password that nobody is to see.
        n_connections: How many have connected so far.
    """

    def __init__(
        self, fault: Fault = "none", *, fps: float = 25, pictures: list[bytes] | None = None
    ) -> None:
        self._fps = fps
        self._pictures = pictures or [jpeg(number) for number in range(50)]
        self._stop = Event()
        self._lock = Lock()
        self._open: set[socket.socket] = set()
        self.n_connections = 0
        self._listener: socket.socket | None = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self.url = f"http://me:hunter2@127.0.0.1:{self._port}/live.mjpeg"
        self.fault: Fault = "refused"
        self.become(fault)

    def __enter__(self) -> "FakeCamera":
        return self

    def __exit__(self, *_: object) -> None:
        self.become("refused")
        self._stop.set()

    def become(self, fault: Fault) -> None:
        """Have this fault from now on; who is connected is cut off, unless frames stay away."""
        self.fault = fault
        if fault == "refused" and self._listener is not None:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)  # wakes who accepts
            self._listener.close()
            self._listener = None
        if fault != "refused" and self._listener is None:
            self._listener = socket.create_server(("127.0.0.1", self._port), backlog=16)
            Thread(target=self._accept, args=(self._listener,), daemon=True).start()
        if fault not in ("stalled", "none"):
            self.cut_off()

    def cut_off(self) -> None:
        """Close every connection."""
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                self.n_connections += 1
                Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.add(connection)
        try:
            with connection, contextlib.suppress(OSError):
                connection.recv(4096)
                if self.fault == "silent":
                    self._stop.wait()
                connection.sendall(_HEAD)
                if self.fault == "endless":
                    self._never_end(connection)
                for picture in self._stream():
                    connection.sendall(
                        b"Content-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%b\r\n--frame\r\n"
                        % (len(picture), picture)
                    )
                    time.sleep(1 / self._fps)
        finally:
            with self._lock:
                self._open.discard(connection)

    def _never_end(self, connection: socket.socket) -> None:
        connection.sendall(b"Content-Type: image/jpeg\r\n\r\n" + jpeg(0)[:-2])
        while not self._stop.wait(0.001):
            connection.sendall(bytes(65_536))

    def _stream(self) -> Iterator[bytes]:
        number = 0
        while not self._stop.is_set():
            is_late = number >= _GOOD_FRAMES
            picture = self._pictures[number % len(self._pictures)]
            if self.fault == "stalled" and is_late:
                time.sleep(0.05)
                continue
            if self.fault == "closed" and is_late:
                return
            if self.fault == "resized" and is_late:
                picture = jpeg(number, (320, 200))
            if self.fault == "corrupt" and number % 3 == 1:
                picture = picture[: len(picture) // 3] + bytes(50)
            yield picture
            number += 1
