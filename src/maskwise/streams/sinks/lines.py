"""Lines: events as lines of JSON in a file, which is turned over before it grows too large."""

import json
import os
from collections import deque
from itertools import pairwise
from pathlib import Path
from typing import Final

from maskwise.streams.event import Event

_MOST_WAITING: Final = 10_000


class LinesSink:
    """Adds a line for each event, on the disk as soon as it is written.

    The full file becomes `NAME.1`, the one before `NAME.2`, and so on; the oldest is removed. If
    the disk is full, events wait in memory, ten thousand at most, and are written when there is
    room; a last line that a kill cut off is removed when the file is opened again.
    """

    def __init__(self, path: Path, *, max_bytes: int, keep: int) -> None:
        """Write to a file.

        Args:
            path: The file.
            max_bytes: How large it may become.
            keep: How many older ones are kept.
        """
        self._path = path
        self._max_bytes = max_bytes
        self._keep = keep
        self._waiting: deque[bytes] = deque(maxlen=_MOST_WAITING)
        self._trouble = ""
        self._is_mended = False

    @property
    def trouble(self) -> str:
        """See `Sink`."""
        return self._trouble

    def write(self, event: Event) -> None:
        """Add a line; see `Sink`."""
        self._waiting.append(json.dumps(event.to_dict()).encode("ascii") + b"\n")
        self._flush()

    def close(self) -> None:
        """Write what is waiting; see `Sink`."""
        self._flush()

    def _flush(self) -> None:
        try:
            while self._waiting:
                self._add(self._waiting[0])
                self._waiting.popleft()
        except OSError as error:
            self._is_mended = False  # half a line may be there
            self._trouble = f"{self._path}: {(error.strerror or 'it failed').lower()}"
        else:
            self._trouble = ""

    def _add(self, line: bytes) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if not self._is_mended:
            self._mend()
        if self._path.exists() and self._path.stat().st_size + len(line) > self._max_bytes:
            self._turn_over()
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
        try:
            n_written = os.write(descriptor, line)
            if n_written < len(line):
                self._is_mended = False
                raise OSError(28, os.strerror(28))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _mend(self) -> None:
        """Remove a last line that was cut off."""
        if self._path.exists():
            with self._path.open("r+b") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - 2**20))
                tail = file.read()
                file.truncate(size - len(tail) + tail.rfind(b"\n") + 1)
        self._is_mended = True

    def _turn_over(self) -> None:
        names = [self._path, *(self._older(number) for number in range(1, self._keep + 1))]
        for newer, older in reversed([*pairwise(names)]):
            if newer.exists():
                newer.replace(older)
        if not self._keep:
            self._path.unlink()

    def _older(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")
