"""A server on this machine that answers what it is told to, byte for byte."""

import contextlib
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from threading import Thread

Answer = bytes | Iterable[bytes]


def answer(
    content: bytes, *, status: str = "200 OK", headers: Mapping[str, str] | None = None
) -> bytes:
    """An answer of HTTP/1.1 whose length is that of its content, if no header says otherwise."""
    given = {"Content-Length": str(len(content)), **(headers or {})}
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in given.items())]
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode() + content


def redirect(location: str, status: str = "302 Found") -> bytes:
    return answer(b"", status=status, headers={"Location": location})


def drip(content: bytes, pause_s: float = 0.02) -> Iterator[bytes]:
    """A byte at a time, for ever."""
    while True:
        for index in range(len(content)):
            yield content[index : index + 1]
            time.sleep(pause_s)


class Server:
    """What is asked of it is kept in `requests`."""

    def __init__(self, respond: Callable[[str], Answer], context: ssl.SSLContext | None) -> None:
        self.requests: list[bytes] = []
        self._respond, self._context = respond, context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        # So that `accept` returns at once.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, plain: socket.socket) -> None:
        with contextlib.suppress(OSError), plain:
            connection = plain
            if self._context:
                connection = self._context.wrap_socket(plain, server_side=True)
            with connection:
                request = b""
                while not request.endswith(b"\r\n\r\n"):
                    request += connection.recv(4096) or b"\r\n\r\n"
                self.requests.append(request)
                given = self._respond(request.split(b" ")[1].decode())
                for part in [given] if isinstance(given, bytes) else given:
                    connection.sendall(part)


@contextmanager
def serving(
    respond: Callable[[str], Answer], context: ssl.SSLContext | None = None
) -> Iterator[Server]:
    """Serve `respond(target)` to whoever asks, over TLS if there is a context."""
    server = Server(respond, context)
    try:
        yield server
    finally:
        server.close()
