"""Spool: what was not delivered yet, on the disk, so that nothing is lost over a restart."""

import sqlite3
from pathlib import Path
from threading import Lock
from typing import Final

_BUSY_S: Final = 5.0


class Spool:
    """A queue in a file that survives kills and power loss; threads may share it.

    It holds a bounded number of texts: when it is full, the oldest goes, and is counted.

    Attributes:
        n_dropped: How many went because it was full.
    """

    def __init__(self, path: Path, *, most: int) -> None:
        """Open a queue, with what was left in it.

        Args:
            path: Its file.
            most: How many texts it holds.

        Raises:
            sqlite3.Error: The file cannot be used.
            OSError: Its folder cannot be made.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._most = most
        self._lock = Lock()
        self.n_dropped = 0
        self._base = sqlite3.connect(
            path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
        )
        self._base.execute("PRAGMA journal_mode=WAL")
        self._base.execute("PRAGMA synchronous=FULL")
        self._base.execute("PRAGMA wal_autocheckpoint=50")  # pages, so that little room is enough
        self._base.execute(
            "CREATE TABLE IF NOT EXISTS spool (number INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT)"
        )

    def __len__(self) -> int:
        with self._lock:
            (n,) = self._base.execute("SELECT COUNT(*) FROM spool").fetchone()
        return int(n)

    def put(self, text: str) -> None:
        """Add a text at the end.

        Raises:
            sqlite3.Error: The disk is full.
        """
        with self._lock:
            self._base.execute("INSERT INTO spool (text) VALUES (?)", (text,))
            gone = self._base.execute(
                "DELETE FROM spool WHERE number <= (SELECT MAX(number) FROM spool) - ?",
                (self._most,),
            )
            self.n_dropped += gone.rowcount

    def first(self) -> tuple[int, str] | None:
        """The oldest text and its number; None if there is none."""
        with self._lock:
            row = self._base.execute(
                "SELECT number, text FROM spool ORDER BY number LIMIT 1"
            ).fetchone()
        return None if row is None else (int(row[0]), str(row[1]))

    def after(self, number: int) -> tuple[int, str] | None:
        """The oldest text behind a number, and its number."""
        with self._lock:
            row = self._base.execute(
                "SELECT number, text FROM spool WHERE number > ? ORDER BY number LIMIT 1", (number,)
            ).fetchone()
        return None if row is None else (int(row[0]), str(row[1]))

    def remove(self, number: int) -> None:
        """Remove a text that was delivered."""
        with self._lock:
            self._base.execute("DELETE FROM spool WHERE number = ?", (number,))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._base.close()
