"""Page: the cameras live in a browser of this machine, only where that is wanted."""

import hmac
import json
import secrets
from collections import deque
from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from threading import Event as Signal
from threading import Thread
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

from maskwise.images import encode_image
from maskwise.outputs.blur import blur
from maskwise.outputs.draw import draw
from maskwise.streams.event import Event

if TYPE_CHECKING:
    from maskwise.streams.post import Seen
    from maskwise.streams.watch import Watch

_HOST: Final = "127.0.0.1"
_COOKIE: Final = "maskwise"
_MOST_EVENTS: Final = 20
_MOST_VIEWERS: Final = 16
_PAUSE_S: Final = 0.2  # between two pictures of a live view
_SILENCE_S: Final = 10.0  # how long a viewer may take nothing
_FILES: Final[Mapping[str, tuple[str, str]]] = {
    "/": ("page.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
}
_HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Page:
    """Serves a page with live pictures to browsers of this machine that know a token.

    Pictures are made only while somebody looks; faces in them are blurred unless it is said
    otherwise. Nothing of it is written to a disk.

    Attributes:
        url: Where it is, with the token.
    """

    def __init__(
        self, watching: "Watch", *, port: int, token: str | None, is_blurred: bool
    ) -> None:
        """Begin to serve.

        Args:
            watching: What is shown.
            port: Where; 0 takes one that is free.
            token: What a browser must know; None makes one up.
            is_blurred: Whether faces are made unrecognisable.

        Raises:
            OSError: The port is taken.
        """
        self._watching = watching
        self._token = token or secrets.token_urlsafe(16)
        self.is_blurred = is_blurred
        self.events: deque[Event] = deque(maxlen=_MOST_EVENTS)
        self.stop = Signal()
        self.viewers: set[int] = set()
        self._server = ThreadingHTTPServer((_HOST, port), partial(_Handler, self))
        self._server.daemon_threads = True
        self.port: int = self._server.server_port
        self.url = f"http://{_HOST}:{self.port}/?token={self._token}"
        Thread(target=self._server.serve_forever, name="page", daemon=True).start()

    def close(self) -> None:
        """Stop to serve."""
        self.stop.set()
        self._server.shutdown()
        self._server.server_close()

    def knows(self, token: str) -> bool:
        """Whether this is the token; how long that takes tells nothing about it."""
        return hmac.compare_digest(token.encode("utf-8"), self._token.encode("utf-8"))

    def seen(self, camera: str) -> "Seen | None":
        """The last look at a camera.

        Raises:
            KeyError: There is no such camera.
        """
        return self._watching.posts[camera].last

    def status(self) -> Mapping[str, Any]:
        """How all cameras do, and what happened last."""
        cameras = [
            {
                "name": name,
                "state": "closed" if post.camera is None else post.camera.health.state,
                "fps": round(post.fps, 2),
                "delay_s": round(post.delay_s, 3),
                "people": post.n_present,
                "masked": None if post.compliance is None else round(post.compliance, 3),
            }
            for name, post in list(self._watching.posts.items())
        ]
        return {"cameras": cameras, "events": [e.to_dict() for e in reversed([*self.events])]}


class _Handler(BaseHTTPRequestHandler):
    server_version = "maskwise"
    sys_version = ""
    timeout = _SILENCE_S

    def __init__(self, page: Page, *arguments: Any) -> None:
        self._page = page
        super().__init__(*arguments)

    def do_GET(self) -> None:
        """Answer a browser."""
        host = self.headers.get("Host", "").rsplit(":", 1)[0]
        if host not in (_HOST, "localhost"):  # else a name that leads here could read the page
            self._refuse(HTTPStatus.FORBIDDEN)
            return
        parts = urlsplit(self.path)
        token = parse_qs(parts.query).get("token", [""])[0]
        if token and self._page.knows(token):
            # From now on the cookie tells, and the token is in no address.
            self.send_response(HTTPStatus.SEE_OTHER)
            self.send_header("Location", "/")
            self.send_header("Set-Cookie", f"{_COOKIE}={token}; HttpOnly; SameSite=Strict; Path=/")
            self._end(0)
        elif not self._page.knows(self._cookie()):
            self._refuse(HTTPStatus.UNAUTHORIZED)
        elif parts.path in _FILES:
            name, kind = _FILES[parts.path]
            self._send(files("maskwise.streams").joinpath(name).read_bytes(), kind)
        elif parts.path == "/status":
            self._send(json.dumps(self._page.status()).encode("ascii"), "application/json")
        elif parts.path.startswith("/camera/"):
            self._stream(unquote(parts.path.removeprefix("/camera/")))
        else:
            self._refuse(HTTPStatus.NOT_FOUND)

    def log_message(self, *_: object) -> None:
        """Say nothing: requests hold tokens."""

    def _cookie(self) -> str:
        try:
            morsel = SimpleCookie(self.headers.get("Cookie", "")).get(_COOKIE)
        except CookieError:
            return ""
        return "" if morsel is None else morsel.value

    def _stream(self, camera: str) -> None:
        viewers = self._page.viewers
        try:
            self._page.seen(camera)
        except KeyError:
            self._refuse(HTTPStatus.NOT_FOUND)
            return
        if len(viewers) >= _MOST_VIEWERS:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE)
            return
        viewers.add(id(self))
        try:
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            self._end(None)
            last_s = 0.0
            while not self._page.stop.wait(_PAUSE_S):
                seen = self._page.seen(camera)
                if seen is not None and seen.at_s > last_s:
                    last_s = seen.at_s
                    self.wfile.write(_part(seen, is_blurred=self._page.is_blurred))
        except (OSError, KeyError):
            pass  # who looked has gone, or the camera has
        finally:
            viewers.discard(id(self))
            self.close_connection = True

    def _send(self, content: bytes, kind: str) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", kind)
        self._end(len(content))
        self.wfile.write(content)

    def _refuse(self, status: HTTPStatus) -> None:
        words = f"{status.phrase}.\n".encode("ascii")
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self._end(len(words))
        self.wfile.write(words)

    def _end(self, length: int | None) -> None:
        if length is not None:
            self.send_header("Content-Length", str(length))
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.end_headers()


def _part(seen: "Seen", *, is_blurred: bool) -> bytes:
    image_rgb = blur(seen.image_rgb, seen.faces) if is_blurred else seen.image_rgb
    picture = encode_image(draw(image_rgb, seen.faces), format="jpeg")
    head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
    return head.encode("ascii") + picture + b"\r\n"
