"""List file: a text that names one picture per line."""

import stat
from pathlib import Path
from typing import Final

from maskwise.errors import InvalidInput
from maskwise.names import legible

SUFFIX: Final = ".txt"
MAX_BYTES: Final = 64 * 2**20
"""Of a list: about half a million paths."""


def read_list(path: Path) -> list[tuple[int, str]]:
    """Read what a list file names, and on which line.

    Spaces around a name do not count, nor do blank lines and those that begin with `#`. The
    encoding is UTF-8.

    Raises:
        InvalidInput: It cannot be read, is too large or no such text, or names nothing.
    """
    text = _decode(_read(path), path)
    lines = [(number, line.strip()) for number, line in enumerate(text.split("\n"), start=1)]
    named = [(number, line) for number, line in lines if line and not line.startswith("#")]
    if not named:
        raise InvalidInput(
            f"A list must name a picture per line. Received: {legible(path)}, which names none."
        )
    return named


def _read(path: Path) -> bytes:
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise InvalidInput(f"A list must be a regular file. Received: {legible(path)}.")
        if found.st_size > MAX_BYTES:
            raise InvalidInput(
                f"A list must have at most {MAX_BYTES // 2**20} MiB. "
                f"Received: {legible(path)} of {found.st_size / 2**20:.1f} MiB; split it."
            )
        return path.read_bytes()
    except OSError as error:
        raise InvalidInput(
            f"A list must be readable. Received: {legible(path)}: {error.strerror or error}."
        ) from error


def _decode(content: bytes, path: Path) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InvalidInput(
            f"A list must be a text in UTF-8. Received: {legible(path)}, whose line {line} is not; "
            "save it as UTF-8."
        ) from error
