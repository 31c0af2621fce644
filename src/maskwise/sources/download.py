"""Download: a picture from the public internet, and from nowhere else.

Whoever names a URL must not reach through us what only we can reach, nor keep us waiting. So the
address that a host name leads to is checked and the very same one is connected to, at each
redirect anew, and all of it has one deadline.
"""

import io
import socket
import ssl
import time
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse
from ipaddress import ip_address
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Final, cast

from maskwise.errors import MaskwiseError, UnreadableImage
from maskwise.images import MAX_BYTES
from maskwise.names import legible
from maskwise.sources.addresses import Address, is_public
from maskwise.sources.url import Url

TIME_LIMIT_S: Final = 10.0
MAX_REDIRECTS: Final = 3

_OK: Final = 200
_REDIRECTS: Final = (301, 302, 303, 307, 308)


def download(
    url: str,
    *,
    is_allowed: Callable[[Address], bool] = is_public,
    time_limit_s: float = TIME_LIMIT_S,
) -> bytes:
    """Fetch what lies at a URL, if it has at most `images.MAX_BYTES` bytes.

    Proxies and credentials that the environment names are not used.

    Args:
        url: By http, or by https with a certificate that is valid for the host.
        is_allowed: Which addresses may be connected to.
        time_limit_s: For all of it, in seconds.

    Raises:
        InvalidInput: It is no URL that is fetched; see `Url.parse`.
        UnreadableImage: It leads nowhere, to an address that is not allowed, to too much, or
            takes too long. The message shows nothing of the URL that may be secret.
    """
    place = Url.parse(url)
    try:
        return _fetch(place, is_allowed, time.monotonic() + time_limit_s)
    except TimeoutError as error:
        raise UnreadableImage(f"{place}: it takes longer than {time_limit_s:g} s") from error
    except ssl.SSLCertVerificationError as error:
        raise UnreadableImage(f"{place}: the certificate is not valid: {_reason(error)}") from error
    except (OSError, HTTPException, ValueError, UnreadableImage) as error:
        raise UnreadableImage(f"{place}: {_reason(error)}") from error


def _fetch(place: Url, is_allowed: Callable[[Address], bool], deadline_s: float) -> bytes:
    for _ in range(MAX_REDIRECTS + 1):
        with _Connection(_connect(place, is_allowed, deadline_s), deadline_s) as connection:
            connection.sendall(_request(place))
            with HTTPResponse(cast(socket.socket, connection), method="GET") as response:
                response.begin()
                if response.status not in _REDIRECTS:
                    return _body(response)
                location = response.getheader("Location", "")
        came_from, place = place, place.join(location)
        if (came_from.scheme, place.scheme) == ("https", "http"):
            raise UnreadableImage("it leads from https to http, where anybody may change it")
    raise UnreadableImage(f"it leads on more than {MAX_REDIRECTS} times")


def _request(place: Url) -> bytes:
    lines = (
        f"GET {place.target} HTTP/1.1",
        f"Host: {place.authority}",
        "User-Agent: maskwise",
        "Accept: image/jpeg, image/png, image/webp",
        "Accept-Encoding: identity",
        "Connection: close",
    )
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode("ascii")


def _body(response: HTTPResponse) -> bytes:
    if response.status != _OK:
        raise UnreadableImage(f"the server answers {response.status}")
    claimed = response.length or 0
    content = b"" if claimed > MAX_BYTES else response.read(MAX_BYTES + 1)
    if max(claimed, len(content)) > MAX_BYTES:
        raise _too_much()
    return content


def _too_much() -> UnreadableImage:
    return UnreadableImage(f"it has more than {MAX_BYTES // 2**20} MiB, which are accepted")


def _connect(place: Url, is_allowed: Callable[[Address], bool], deadline_s: float) -> socket.socket:
    found = _resolve(place, deadline_s)
    if not all(is_allowed(ip_address(address[0])) for _, address in found):
        raise UnreadableImage("its host has an address that is not public")
    failure = OSError("its host has no address")
    for n_tried, (family, address) in enumerate(found):
        # So that one that is dead does not take all the time.
        share_s = _left_s(deadline_s) / (len(found) - n_tried)
        try:
            connection = _open(family, address, share_s)
            connection.settimeout(_left_s(deadline_s))
            return connection if place.scheme == "http" else _secure(connection, place.host)
        except OSError as error:
            failure = error
    raise failure


def _open(family: socket.AddressFamily, address: Any, time_limit_s: float) -> socket.socket:
    connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        connection.settimeout(time_limit_s)
        connection.connect(address)
    except OSError:
        connection.close()
        raise
    return connection


def _secure(connection: socket.socket, host: str) -> ssl.SSLSocket:
    # Which closes the connection if the handshake fails.
    return ssl.create_default_context().wrap_socket(connection, server_hostname=host)


def _resolve(place: Url, deadline_s: float) -> list[tuple[socket.AddressFamily, Any]]:
    answers: SimpleQueue[Any] = SimpleQueue()

    def ask() -> None:
        try:
            answers.put(socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    Thread(target=ask, daemon=True).start()  # since asking itself has no time limit
    try:
        answer = answers.get(timeout=_left_s(deadline_s))
    except Empty:
        raise TimeoutError from None
    if isinstance(answer, Exception):
        raise UnreadableImage("its host is not known") from answer
    return [(family, address) for family, _, _, _, address in answer]


def _left_s(deadline_s: float) -> float:
    left_s = deadline_s - time.monotonic()
    if left_s <= 0:
        raise TimeoutError
    return left_s


class _Connection(io.RawIOBase):
    """A connection as `HTTPResponse` wants it; all waiting ends at one deadline.

    What arrives is counted here as well, since `HTTPResponse` reads heads and chunks without end.
    """

    def __init__(self, connection: socket.socket, deadline_s: float) -> None:
        super().__init__()
        self._connection, self._deadline_s = connection, deadline_s
        self._n_bytes_left = 2 * MAX_BYTES

    def makefile(self, mode: str) -> io.BufferedReader:  # noqa: ARG002
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connection.settimeout(_left_s(self._deadline_s))
        n_bytes = self._connection.recv_into(buffer)
        self._n_bytes_left -= n_bytes
        if self._n_bytes_left < 0:
            raise _too_much()
        return n_bytes

    def sendall(self, content: bytes) -> None:
        self._connection.settimeout(_left_s(self._deadline_s))
        self._connection.sendall(content)

    def close(self) -> None:
        self._connection.close()
        super().close()


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if not isinstance(error, OSError | MaskwiseError):
        return "the answer is no proper HTTP"  # whatever the server wrote is not repeated
    return legible(getattr(error, "strerror", None) or str(error))
