"""Guard: what every request passes: who asks, how often, and what is said of it in the log."""

import re
import secrets
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from maskwise.service.keys import Keys
from maskwise.service.log import Log
from maskwise.service.metrics import Metrics
from maskwise.service.problem import CODES, Problem, busy
from maskwise.service.rate import RateLimit

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LEFT: Final = 499  # who asked, before there was an answer
OPEN_PATHS: Final = frozenset({"/healthz", "/readyz", "/v2/health/live", "/v2/health/ready"})
KEY_PATHS: Final = ("/v1/", "/v2", "/metrics", "/model/")
"""What needs a key; beside these there are the page, which has none, and the OpenAPI."""

_PAGE_POLICY: Final = (
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' blob: data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_DOCS_POLICY: Final = _PAGE_POLICY + "; style-src 'self' 'unsafe-inline'"
_LOCAL_HOSTS: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_HEADERS: Final[Mapping[str, str]] = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Guard:
    """Stands before an application.

    It names each request, lets those in that have a key and do not come too often, adds headers
    that keep browsers from doing what they should not, counts, and writes a line.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        keys: Keys,
        rate: RateLimit,
        metrics: Metrics,
        log: Log,
        only_local: bool,
    ) -> None:
        """Stand before `app`.

        Args:
            app: What answers.
            keys: Who may ask; if there are none now, everybody may.
            rate: How often.
            metrics: Counts.
            log: Gets a line for each request.
            only_local: Whether the service is only for this machine: a name that leads here
                could otherwise let a page from elsewhere read answers.
        """
        self._app = app
        self._keys = keys
        self._rate = rate
        self._metrics = metrics
        self._log = log
        self._only_local = only_local
        self._needs_key = len(keys) > 0  # for good: taking the last one out opens nothing
        self._trouble = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began_s = time.perf_counter()
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        noted: dict[str, Any] = {}
        scope.setdefault("state", {}).update(request_id=request_id, noted=noted)
        status = _LEFT

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                sent = MutableHeaders(scope=message)
                sent["X-Request-ID"] = request_id
                for name, value in {**_HEADERS, **_headers_of(scope["path"])}.items():
                    sent.setdefault(name, value)
            await send(message)

        try:
            with self._metrics.in_flight.track_inprogress():
                refusal = self._refusal(scope, headers, noted)
                await (refusal or self._app)(scope, receive, send_on)
        finally:
            seconds = time.perf_counter() - began_s
            path = getattr(scope.get("route"), "path", "other")
            self._metrics.count_request(scope["method"], path, status, seconds)
            if path not in OPEN_PATHS or status != HTTPStatus.OK:
                self._log.write(
                    "request",
                    request_id=request_id,
                    method=scope["method"],
                    path=path,
                    status=status,
                    ms=round(seconds * 1000, 1),
                    **noted,
                )

    def _refusal(self, scope: Scope, headers: Headers, noted: dict[str, Any]) -> Response | None:
        """The answer to a request that is not let in."""
        try:
            self._admit(scope, headers, noted)
        except Problem as problem:
            return respond(problem, scope)
        return None

    def _admit(self, scope: Scope, headers: Headers, noted: dict[str, Any]) -> None:
        path = scope["path"]
        host = headers.get("host", "")
        if self._only_local and _name_of(host) not in _LOCAL_HOSTS:
            raise Problem(403, "This service is only for this machine; call it localhost.")
        origin = headers.get("origin")
        if origin is not None and origin.partition("://")[2] != host:
            raise Problem(403, "Pages of other origins may not ask this service.")
        if not path.startswith(KEY_PATHS) or path in OPEN_PATHS:
            return
        who = (scope.get("client") or ("unknown",))[0]
        if self._needs_key:
            key = headers.get("x-api-key") or _bearer(headers.get("authorization", ""))
            name = self._keys.name_of(key)
            self._complain_of_keys()
            if name is None:
                raise Problem(
                    401,
                    "A key is needed: `Authorization: Bearer KEY` or `X-API-Key: KEY`.",
                    {"WWW-Authenticate": "Bearer"},
                )
            who = noted["key"] = name
        wait_s = self._rate.wait_s(who)
        if wait_s:
            raise busy("This key asks too often. Wait a little.", status=429, retry_after_s=wait_s)

    def _complain_of_keys(self) -> None:
        """Say it once, when the file of keys can no longer be read."""
        if self._keys.trouble != self._trouble:
            self._trouble = self._keys.trouble
            if self._trouble:
                self._log.write("keys_unreadable", reason=self._trouble)


def respond(problem: Problem, scope: Scope) -> JSONResponse:
    """The answer that tells a problem, as its path has it."""
    body: Any = {
        "error": {
            "code": CODES.get(problem.status, "error"),
            "message": problem.message,
            "request_id": scope["state"]["request_id"],
        }
    }
    if scope["path"].startswith("/v2"):  # the Open Inference Protocol has its own
        body = {"error": problem.message}
    return JSONResponse(body, problem.status, problem.headers)


def _headers_of(path: str) -> Mapping[str, str]:
    """What a browser may do with the answer at a path, and whether it may keep it."""
    if path in OPEN_PATHS or path.startswith(KEY_PATHS):
        policy, keeping = "default-src 'none'; frame-ancestors 'none'", "no-store"
    else:
        policy = _DOCS_POLICY if path.startswith("/docs/") else _PAGE_POLICY
        keeping = "no-cache"  # it must ask whether what it has is still right
    return {"Content-Security-Policy": policy, "Cache-Control": keeping}


def _bearer(authorization: str) -> str:
    scheme, _, key = authorization.partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def _name_of(host: str) -> str:
    """A host without its port; empty if it is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
