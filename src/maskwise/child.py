"""A child: a process that may be lost, with a pipe to it.

For work that can crash, hang or take all memory, whatever it is given: decoding what others send.
"""

import contextlib
import multiprocessing
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, Final

_GRACE_S: Final = 2.0  # for a process to go after it was killed


class Child:
    """One process; it is killed when it is closed, and when the process that started it ends.

    Attributes:
        connection: Our end of the pipe; it breaks (`EOFError`, `OSError`) when the process dies.
        pid: Of the process.
    """

    def __init__(self, run: Callable[..., None], *args: Any, name: str) -> None:
        """Start it.

        Args:
            run: What the process does, with `args` and then its end of the pipe; like `args`, it
                must survive being sent to the process.
            args: What it is given.
            name: What lists of processes show.
        """
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=_begin, args=(run, args, theirs), name=name)
        self._process.daemon = True  # it must not outlive us
        self._process.start()
        self.pid = self._process.pid or 0
        theirs.close()

    @property
    def is_alive(self) -> bool:
        """Whether the process is there."""
        return self._process.is_alive()

    def kill(self) -> None:
        """Kill it, whatever it does; who waits for it then hears that it died."""
        with contextlib.suppress(ValueError):  # closed meanwhile, by another thread
            self._process.kill()

    def close(self) -> None:
        """Kill it, and let go of all that belongs to it."""
        self.kill()
        self._process.join(_GRACE_S)
        self.connection.close()
        with contextlib.suppress(ValueError):  # still dying: the system buries it
            self._process.close()


def _begin(run: Callable[..., None], args: tuple[Any, ...], connection: Connection) -> None:
    """What the process does first."""
    # Who started us ends us: shells and init systems send a signal to all processes, and what is in
    # hand must not be lost because of that.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _forbid_core_dumps()
    run(*args, connection)


def _forbid_core_dumps() -> None:
    """A dump would put on the disk what was just looked at."""
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
