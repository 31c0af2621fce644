"""Store: the seam behind which files lie, and which store an address leads to."""

import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from maskwise.errors import InvalidInput, StoreFailed
from maskwise.names import legible

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
_WEB: Final = ("http", "https")


class Store(Protocol):
    """Files that have addresses: absolute paths, or URLs such as `s3://bucket/photos/a.jpg`.

    Every method raises `StoreFailed` where the store itself is at fault: it cannot be reached,
    refuses, or is full. Threads may share a store.
    """

    def is_folder(self, address: str) -> bool:
        """Whether other files lie below an address."""

    def walk(self, address: str) -> Iterator[str]:
        """The addresses of all files below a folder, sorted, folder by folder; not hidden ones."""

    def open(self, address: str) -> BinaryIO:
        """Open a file for reading; it can be sought in.

        Raises:
            UnreadableImage: There is no such file, or it may not be read.
        """

    def read(self, address: str, *, max_bytes: int) -> bytes:
        """Read at most so many bytes of a file.

        Raises:
            UnreadableImage: There is no such file, or it may not be read.
        """

    def write(self, address: str, content: bytes) -> None:
        """Put a file in its place, whole or not at all, with the folders above it.

        Raises:
            OutputFailed: It cannot be written.
        """


def open_store(address: str) -> Store:
    """The store in which an address lies.

    Raises:
        InvalidInput: It is of a kind that is not known.
    """
    scheme, rest = split(address)
    return _open(scheme, rest.partition("/")[0] if scheme == "s3" else "")


def to_address(named: str) -> str:
    """What people name, as an address: paths become absolute, and nothing ends in a slash.

    Raises:
        InvalidInput: It names nothing, or a bucket by no name.

    >>> to_address("s3://bucket/photos/")
    's3://bucket/photos'
    """
    scheme, rest = split(named)
    if not named or (scheme and not rest.strip("/")):
        raise InvalidInput(
            "A place must be a path, or a URL with a name behind `://`. "
            f"Received: {legible(named)!r}."
        )
    return named.rstrip("/") if scheme else str(Path(named).absolute())


def join(folder: str, name: str) -> str:
    """The address of what lies in a folder, or of `name` itself if that is an address.

    >>> join("s3://bucket/lists", "../photos/a.jpg")
    's3://bucket/photos/a.jpg'
    """
    if "://" in name and split(name)[0]:
        return name
    scheme, rest = split(folder)
    if not scheme:
        return os.path.join(folder, name)  # noqa: PTH118 - in lists of millions
    host, *parts = rest.split("/")
    if name.startswith("/"):
        parts = []
    for part in name.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    return f"{scheme}://{'/'.join((host, *parts))}"


def split(address: str) -> tuple[str, str]:
    """Scheme and rest of an address; a path has an empty scheme."""
    found = _SCHEME.match(address)
    return (found[1].lower(), address[found.end() :]) if found else ("", address)


def require_store(address: str, error: Exception) -> None:
    """Tell the fault of a store from that of a file in it, where a library met it.

    Raises:
        StoreFailed: `error` came from the store in which `address` lies.
    """
    if "AWS Error" in str(error):
        raise StoreFailed(f"{legible(address)}: the store failed while it was read.") from error


@cache
def _open(scheme: str, bucket: str) -> Store:
    # Only the one that is asked for: each stands on a library of its own.
    if not scheme:
        from maskwise.distributed.stores.disk import Disk

        return Disk()
    if scheme == "s3":
        from maskwise.distributed.stores.bucket import Bucket

        return Bucket(bucket)
    if scheme in _WEB:
        from maskwise.distributed.stores.web import Web

        return Web()
    raise InvalidInput(
        "A place must be a path, or begin with s3://, http:// or https://. "
        f"Received: {legible(scheme)}://."
    )
