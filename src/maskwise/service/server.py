"""Server: listens, and ends as it should."""

import asyncio
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from typing import Any, Final

import uvicorn

from maskwise.errors import BadBundle, InvalidInput
from maskwise.service.app import make_app
from maskwise.service.browser import browser_files
from maskwise.service.connection import Connection
from maskwise.service.keys import VARIABLE, Keys
from maskwise.service.log import Log
from maskwise.service.metrics import Metrics
from maskwise.service.rate import RateLimit
from maskwise.service.service import Service
from maskwise.service.settings import Settings
from maskwise.service.uploads import Uploads
from maskwise.service.workers.crew import Crew

_DEADLINE_S: Final = 10.0  # for a picture, from when it came
_DRAIN_S: Final = 15  # for requests that were taken, when it is to end
_KEEP_ALIVE_S: Final = 30
_BACKLOG: Final = 2048
_BURST_S: Final = 2.0  # of its rate, what a key may ask at once


class Server:
    """Listens for requests until SIGTERM or Ctrl-C; SIGHUP reads the model anew.

    Attributes:
        url: Where it listens.
    """

    def __init__(self, settings: Settings, *, log: Log | None = None) -> None:
        """Take the port, and load the model in all workers.

        Args:
            settings: What it is told.
            log: Gets a line for each request and event; None: stdout.

        Raises:
            InvalidInput: The port cannot be taken; keys cannot be read; or others than this machine
                could ask without a key, and nobody said that they may.
            BadBundle: The model cannot be used.
        """
        self._log = log or Log()
        _allow_many_connections()
        keys = Keys.open(settings.keys)
        if not (settings.is_local or settings.is_open or len(keys)):
            raise InvalidInput(
                f"Others than this machine can ask at {settings.host}, so keys are needed: name a "
                f"file of them by `--keys`, set {VARIABLE}, or say `--open` if everybody may ask."
            )
        page_files = browser_files(settings.opening)
        self._socket = _listen(settings.host, settings.port)
        self._metrics = Metrics()
        try:
            self._crew = Crew(
                settings.opening.open,
                workers=settings.workers,
                max_waiting=settings.max_waiting,
                deadline_s=_DEADLINE_S,
                tell=self._tell,
                on_batch=self._metrics.count_batch,
            )
        except BadBundle:
            self._socket.close()
            raise
        uploads = Uploads()
        self._metrics.watch(self._crew, uploads)
        self._opening = settings.opening
        self._service = Service(self._crew, uploads, self._metrics, page_files)
        burst = max(1, round(settings.rate_per_s * _BURST_S))
        app = make_app(
            self._service,
            keys=keys,
            rate=RateLimit(settings.rate_per_s, burst=burst),
            log=self._log,
            only_local=settings.is_local and not len(keys),
        )
        self._uvicorn = _Uvicorn(
            uvicorn.Config(
                app,
                access_log=False,
                backlog=_BACKLOG,
                http=Connection,
                lifespan="off",
                log_config=None,
                server_header=False,
                timeout_graceful_shutdown=_DRAIN_S,
                timeout_keep_alive=_KEEP_ALIVE_S,
                ws="none",
            )
        )
        self._ended_by: int | None = None
        host, port = self._socket.getsockname()[:2]
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{port}"

    def run(self, on_ready: Callable[[], None] = lambda: None) -> int | None:
        """Serve until a signal says that it is enough, and answer what was accepted.

        Args:
            on_ready: Is called when it can be asked, and told to end.

        Returns:
            The signal.
        """
        try:
            asyncio.run(self._run(on_ready))
        finally:
            self._crew.close()
            self._socket.close()
        return self._ended_by

    def stop(self) -> None:
        """Take no more requests, and end when those that were taken are answered."""
        self._service.is_stopping = True
        self._uvicorn.should_exit = True

    async def _run(self, on_ready: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(NotImplementedError):  # Windows
                loop.add_signal_handler(number, self._hear, number)
        if hasattr(signal, "SIGHUP"):
            loop.add_signal_handler(signal.SIGHUP, self._reload)
        on_ready()  # the port is open since it was taken
        await self._uvicorn.serve(sockets=[self._socket])

    def _hear(self, number: int) -> None:
        self._ended_by = number
        self.stop()

    def _reload(self) -> None:
        Thread(target=self._read_anew, name="reload", daemon=True).start()

    def _read_anew(self) -> None:
        try:
            page_files = browser_files(self._opening)  # first: it may fail, and all stays
            self._crew.reload()
            self._service.browser_files = page_files
        except BadBundle as error:
            self._tell("reload_failed", reason=str(error))
            return
        about = self._crew.about
        self._tell("reloaded", version=about["version"], sha256=about["sha256"])

    def _tell(self, event: str, **fields: Any) -> None:
        self._log.write(event, **fields)
        self._metrics.count_event(event)


class _Uvicorn(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to who runs it, since this would end the process by one."""
        yield


def _allow_many_connections() -> None:
    """As many as the system lets us have: each is an open file, and 1,024 is a usual limit."""
    if sys.platform == "win32":
        return
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise InvalidInput(
            "`host` and `port` must be free to listen on. "
            f"Received: {host}:{port}, of which the system says: {error.strerror or error}."
        ) from error
