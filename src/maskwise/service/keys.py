"""Keys: who may ask the service."""

import hashlib
import hmac
import os
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from maskwise.errors import InvalidInput
from maskwise.names import legible

VARIABLE: Final = "MASKWISE_KEYS"
"""Holds keys as a file does, with commas or line ends between them."""

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")
_MIN_LENGTH: Final = 16
_MAX_BYTES: Final = 2**20
_REREAD_S: Final = 1.0  # how soon a key that is taken out of the file no longer opens


class Keys:
    """Named keys, from a file, which may change at any time, and from the environment.

    A line of the file is `name:key`; empty lines and lines that begin with `#` are comments. A key
    that is taken out no longer opens within a second; a file that cannot be read any more, or in
    which something is wrong, leaves all as it was.
    """

    def __init__(self, path: Path | None = None, environment: str = "") -> None:
        """Read them.

        Args:
            path: The file, if there is one.
            environment: What `MASKWISE_KEYS` holds.

        Raises:
            InvalidInput: The file cannot be read, or is no file of keys.
        """
        self._path = path
        self._fixed = _parse(environment.replace(",", "\n"), VARIABLE)
        self._stamp = self._look()
        self._looked_s = time.monotonic()
        self._digests = self._read()
        self.trouble = ""

    @classmethod
    def open(cls, path: Path | None) -> "Keys":
        """The keys of a file and of the environment of this process."""
        return cls(path, os.environ.get(VARIABLE, ""))

    def __len__(self) -> int:
        return len(self._digests)

    def name_of(self, key: str) -> str | None:
        """Whose key this is, or None; how long that takes tells nothing about the keys."""
        self._keep_up()
        asked, found = _digest(key), None
        for name, digest in self._digests.items():
            if hmac.compare_digest(asked, digest):
                found = name
        return found

    def _keep_up(self) -> None:
        if self._path is None or time.monotonic() - self._looked_s < _REREAD_S:
            return
        self._looked_s = time.monotonic()
        stamp = self._look()
        if stamp == self._stamp:
            return
        try:
            self._digests, self._stamp, self.trouble = self._read(), stamp, ""
        except InvalidInput as error:
            self.trouble = str(error)

    def _look(self) -> tuple[int, int, int]:
        try:
            status = None if self._path is None else self._path.stat()
        except OSError:
            status = None
        return (0, 0, 0) if status is None else (status.st_mtime_ns, status.st_size, status.st_ino)

    def _read(self) -> Mapping[str, bytes]:
        if self._path is None:
            return self._fixed
        try:
            with self._path.open("rb") as file:
                content = file.read(_MAX_BYTES + 1)
            text = content.decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is no UTF-8"
            raise InvalidInput(
                f"`keys` must be a file of keys. {legible(self._path)}: {reason}."
            ) from error
        if len(content) > _MAX_BYTES:
            raise InvalidInput(f"`keys` must have at most {_MAX_BYTES} bytes. Received: more.")
        return {**_parse(text, legible(self._path)), **self._fixed}


def _parse(text: str, where: str) -> Mapping[str, bytes]:
    """Never shows a line that is wrong: it may hold a key."""
    digests: dict[str, bytes] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        name, colon, key = (part.strip() for part in line.partition(":"))
        if not colon or not _NAME.fullmatch(name):
            raise InvalidInput(
                f"{where}, line {number}: a key is written name:key, with a name of letters, "
                "digits, - and _."
            )
        if len(key) < _MIN_LENGTH or not key.isascii():
            raise InvalidInput(
                f"{where}, line {number}: a key must have at least {_MIN_LENGTH} characters of "
                "ASCII. `openssl rand -hex 24` makes one."
            )
        if name in digests:
            raise InvalidInput(f"{where}, line {number}: the name {name} is there twice.")
        digests[name] = _digest(key)
    return digests


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
