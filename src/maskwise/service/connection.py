"""Connection: what uvicorn leaves open: how long, and how large, the head of a request may be."""

import asyncio
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_S: Final = 10.0
"""How long a client may take for the head of a request, from when it was connected or began one."""

MAX_HEAD_BYTES: Final = 32 * 2**10

_REFUSAL: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"connection: close\r\ncontent-length: 0\r\n\r\n"
)


class Connection(HttpToolsProtocol):
    """A connection of a client, which is closed if heads come too slowly or grow too large.

    Else a few thousand clients that send a byte now and then could hold all connections, and one
    that never ends a head all memory.
    """

    _head: object | None = None  # which one is being read
    _head_bytes = 0
    _hurry: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has come."""
        super().connection_made(transport)
        self._begin_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """It has gone."""
        self._end_head()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """It sent something."""
        head = self._head
        super().data_received(data)
        if head is None or head is not self._head:
            return
        self._head_bytes += len(data)
        if self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self.transport.write(_REFUSAL)
            self.transport.close()

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._begin_head()

    def on_headers_complete(self) -> None:
        """The head is here."""
        self._end_head()
        super().on_headers_complete()

    def _begin_head(self) -> None:
        self._end_head()
        self._head = object()
        self._hurry = self.loop.call_later(HEAD_S, self.transport.close)

    def _end_head(self) -> None:
        if self._hurry is not None:
            self._hurry.cancel()
        self._hurry, self._head, self._head_bytes = None, None, 0
