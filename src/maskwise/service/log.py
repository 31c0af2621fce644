"""Log: a line of JSON for each request and each event, without anything that shows a face."""

import json
import sys
import threading
from datetime import UTC, datetime
from typing import Any, TextIO


class Log:
    """Writes lines, which threads may share.

    What is in them is chosen by who writes: never a picture, the name of a file, or a key.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        """Write to a stream; None for stdout."""
        self._stream = stream or sys.stdout
        self._lock = threading.Lock()

    def write(self, event: str, **fields: Any) -> None:
        """Write a line; a reader that has gone is not missed."""
        moment = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"time": moment, "event": event, **fields})
        with self._lock:
            try:
                self._stream.write(line + "\n")
                self._stream.flush()
            except (OSError, ValueError):
                return
