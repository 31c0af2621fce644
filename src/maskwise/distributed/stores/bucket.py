"""Bucket: files of an object store that speaks S3.

The environment says where it is and who asks, as for all tools of AWS: `AWS_ACCESS_KEY_ID` and
`AWS_SECRET_ACCESS_KEY`, or a profile; `AWS_REGION`; `AWS_ENDPOINT_URL` for stores of others.
"""

import os
from collections.abc import Iterator
from typing import BinaryIO, Final, cast
from urllib.parse import urlsplit

from pyarrow import fs

from maskwise.distributed.stores.store import split
from maskwise.errors import OutputFailed, StoreFailed, UnreadableImage
from maskwise.names import legible

_CONNECT_S: Final = 5.0
_ATTEMPTS: Final = 4
_MAX_REASON: Final = 200
_NO_BUCKET: Final = ("NO_SUCH_BUCKET", "NoSuchBucket", "does not exist")
_REFUSED: Final = (
    *("ACCESS_DENIED", "AccessDenied", "InvalidAccessKeyId", "INVALID_ACCESS_KEY_ID"),
    *("SignatureDoesNotMatch", "SIGNATURE_DOES_NOT_MATCH", "INVALID_CLIENT_TOKEN_ID"),
    *("No credentials", "ExpiredToken", "HTTP response code: 403", "HTTP status 403"),
)
_UNREACHABLE: Final = ("NETWORK_CONNECTION", "curlCode", "REQUEST_TIMEOUT")


class Bucket:
    """Addresses are `s3://bucket/key`; see `Store`."""

    def __init__(self, name: str) -> None:
        """Prepare to ask for it.

        Args:
            name: Of the bucket.

        Raises:
            StoreFailed: It is not known where it is.
        """
        self._name = name
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL", "")
        region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
        place = urlsplit(endpoint)
        try:
            if not region and not endpoint:
                region = fs.resolve_s3_region(name)
            self._files = fs.S3FileSystem(
                region=region or "us-east-1",
                endpoint_override=place.netloc or None,
                scheme=place.scheme or "https",
                connect_timeout=_CONNECT_S,
                retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=_ATTEMPTS),
            )
        except (OSError, ValueError) as error:
            raise self._failed(error) from error

    def is_folder(self, address: str) -> bool:
        """See `Store`."""
        return bool(self._type_of(address) == fs.FileType.Directory)

    def walk(self, address: str) -> Iterator[str]:
        """See `Store`."""
        yield from (f"s3://{path}" for path in self._below(_path(address)))

    def _below(self, folder: str) -> Iterator[str]:
        try:
            entries = self._files.get_file_info(fs.FileSelector(folder))
        except OSError as error:
            raise self._failed(error) from error
        for entry in sorted(entries, key=lambda entry: entry.base_name):
            if entry.base_name.startswith("."):
                continue
            if entry.type == fs.FileType.Directory:
                yield from self._below(entry.path)
            else:
                yield entry.path

    def open(self, address: str) -> BinaryIO:
        """See `Store`."""
        try:
            return cast(BinaryIO, self._files.open_input_file(_path(address)))
        except OSError as error:
            raise self._unreadable(address, error) from error

    def read(self, address: str, *, max_bytes: int) -> bytes:
        """See `Store`."""
        try:
            with self._files.open_input_file(_path(address)) as file:
                return bytes(file.read(max_bytes))
        except OSError as error:
            raise self._unreadable(address, error) from error

    def write(self, address: str, content: bytes) -> None:
        """See `Store`."""
        try:
            # An upload takes its place when it is complete; who is killed leaves nothing.
            with self._files.open_output_stream(_path(address)) as file:
                file.write(content)
        except OSError as error:
            raise OutputFailed(
                f"Could not write {legible(address)}: {self._reason(error)}. What is complete "
                "stays; the same command goes on."
            ) from error

    def _type_of(self, address: str) -> fs.FileType:
        try:
            return self._files.get_file_info(_path(address)).type
        except OSError as error:
            raise self._failed(error) from error

    def _unreadable(self, address: str, error: OSError) -> UnreadableImage | StoreFailed:
        """Whether one file is at fault, or all of them are."""
        if isinstance(error, FileNotFoundError):
            return UnreadableImage(f"{legible(address)}: there is no such file")
        if any(word in str(error) for word in _REFUSED):
            return UnreadableImage(f"{legible(address)}: the store refuses it")
        return self._failed(error)

    def _failed(self, error: Exception) -> StoreFailed:
        return StoreFailed(f"s3://{legible(self._name)}: {self._reason(error)}.")

    def _reason(self, error: Exception) -> str:
        said = " ".join(str(error).split())
        if any(word in said for word in _REFUSED):
            return (
                "the store refuses, as credentials are missing or wrong; set AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
            )
        if any(word in said for word in _UNREACHABLE):
            return "the store cannot be reached; AWS_ENDPOINT_URL says where it is, if not at AWS"
        if isinstance(error, FileNotFoundError) or any(word in said for word in _NO_BUCKET):
            return "there is no such bucket or folder"
        return legible(said)[:_MAX_REASON]


def _path(address: str) -> str:
    return split(address)[1]
