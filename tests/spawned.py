"""Processes that ours have started, and what they do in tests."""

import resource
import signal
import subprocess
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path


def spawned_by(process: subprocess.Popen[str]) -> list[int]:
    """Those in which Python works for it, by their numbers."""
    found = []
    for task in Path(f"/proc/{process.pid}/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
            for pid in map(int, (task / "children").read_text().split()):
                if "spawn_main" in Path(f"/proc/{pid}/cmdline").read_text():
                    found.append(pid)
    return found


def repeat(before: bytes, connection: Connection) -> None:
    """Send back what comes, after what was given at the start."""
    connection.send_bytes(before)
    while True:
        connection.send_bytes(before + connection.recv_bytes())


def stay(connection: Connection) -> None:
    """Say what it ignores and may dump, then do nothing, whoever asks."""
    ignored = [signal.getsignal(one) == signal.SIG_IGN for one in (signal.SIGINT, signal.SIGTERM)]
    core, _ = resource.getrlimit(resource.RLIMIT_CORE)
    connection.send_bytes(f"{all(ignored)} {core}".encode())
    while True:
        time.sleep(1)
