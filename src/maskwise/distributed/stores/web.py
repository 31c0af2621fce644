"""Web: files behind HTTP, which can be read by their address and not be listed."""

import asyncio
from collections.abc import Iterator
from typing import Any, BinaryIO, Final, NoReturn, cast

import fsspec

from maskwise.errors import OutputFailed, StoreFailed, UnreadableImage
from maskwise.sources.url import Url

_TIME_LIMIT_S: Final = 30.0
_NOT_FOUND: Final = 404


class Web:
    """Addresses are URLs of http and https; see `Store`.

    Whatever a server does costs its file alone: of lists of URLs from everywhere some are always
    dead.
    """

    def __init__(self) -> None:
        """Prepare to ask; nobody is asked yet."""
        # Imported by fsspec anyway; its errors are not those of the system.
        import aiohttp

        self._errors = (OSError, ValueError, asyncio.TimeoutError, aiohttp.ClientError)
        timeout = aiohttp.ClientTimeout(total=_TIME_LIMIT_S)
        self._files: Any = fsspec.filesystem("http", client_kwargs={"timeout": timeout})

    def is_folder(self, address: str) -> bool:
        """See `Store`."""
        Url.parse(address)
        return False

    def walk(self, address: str) -> Iterator[str]:
        """Refuse; see `Store`.

        Raises:
            StoreFailed: Always.
        """
        raise StoreFailed(
            f"{Url.parse(address)} cannot be listed, as it lies behind HTTP. Name a list of paths, "
            "a shard or a Parquet file there."
        )

    def open(self, address: str) -> BinaryIO:
        """See `Store`."""
        url = Url.parse(address)
        try:
            return cast(BinaryIO, self._files.open(address, "rb"))
        except self._errors as error:
            _refuse(url, error)

    def read(self, address: str, *, max_bytes: int) -> bytes:
        """See `Store`."""
        url = Url.parse(address)
        try:
            with self._files.open(address, "rb", block_size=0) as file:  # a stream
                return _read_up_to(file, max_bytes)
        except self._errors as error:
            _refuse(url, error)

    def write(self, address: str, content: bytes) -> None:  # noqa: ARG002
        """Refuse; see `Store`.

        Raises:
            OutputFailed: Always.
        """
        raise OutputFailed(
            f"Nothing can be written to {Url.parse(address)}, as it lies behind HTTP. Name a "
            "folder or an s3:// address."
        )


def _read_up_to(file: Any, max_bytes: int) -> bytes:
    parts, left = [], max_bytes
    while left and (part := file.read(left)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def _refuse(url: Url, error: BaseException) -> NoReturn:
    known = error.__cause__ or error  # fsspec calls much not found
    status = getattr(known, "status", None)
    if isinstance(known, FileNotFoundError) or status == _NOT_FOUND:
        reason = "there is no such file"
    elif status:
        reason = f"the server answers {status}"
    elif isinstance(known, asyncio.TimeoutError):
        reason = f"it takes longer than {_TIME_LIMIT_S:g} s"
    else:
        reason = "it cannot be fetched"
    raise UnreadableImage(f"{url}: {reason}") from error
