"""Uploads: from the body of a request to the bytes of pictures, within limits.

Everything stays in memory: a part that is spooled to a file would be a picture on a disk.
"""

import asyncio
import base64
import binascii
import json
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from typing import Any, Final

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from maskwise.images import ACCEPTED
from maskwise.service.problem import Problem, busy
from maskwise.signatures.kinds import kind_of

MAX_PICTURES: Final = 16
MAX_REQUEST_BYTES: Final = 64 * 2**20
READ_S: Final = 20.0
"""How long a body may take to arrive."""

_MAX_BYTES_AT_ONCE: Final = 512 * 2**20  # of all requests that are read or answered
_MAX_FIELDS: Final = 16
_MAX_FIELD_BYTES: Final = 4096
_WAYS: Final = (
    "Send a picture as the body (image/jpeg, image/png or image/webp), or pictures as parts named "
    '`file` of multipart/form-data, or JSON: {"images": ["<base64>"]}.'
)


class Uploads:
    """Reads bodies, as long as all of them together fit into memory.

    Attributes:
        n_bytes: Of bodies that are in memory at the moment.
    """

    def __init__(self) -> None:
        self.n_bytes = 0

    @contextmanager
    def kept(self) -> Iterator["Upload"]:
        """A place for the body of one request; what it takes is given back at the end."""
        upload = Upload(self)
        try:
            yield upload
        finally:
            self.n_bytes -= upload.n_bytes


class Upload:
    """The body of one request."""

    def __init__(self, uploads: Uploads) -> None:
        self._uploads = uploads
        self.n_bytes = 0

    async def read(self, request: Request) -> bytes:
        """The body.

        Raises:
            Problem: It is too large or too slow, or there is no memory left for it.
            ClientDisconnect: Who sent it has left.
        """
        if request.headers.get("content-encoding", "identity") != "identity":
            raise Problem(415, "The body must not be compressed; pictures are already.")
        claimed = request.headers.get("content-length", "")
        if claimed.isdecimal() and int(claimed) > MAX_REQUEST_BYTES:
            raise _too_large()
        chunks = []
        try:
            async with asyncio.timeout(READ_S):
                async for chunk in request.stream():
                    self._take(len(chunk))
                    chunks.append(chunk)
        except TimeoutError as error:
            raise Problem(408, f"The body must arrive within {READ_S:.0f} seconds.") from error
        return b"".join(chunks)

    async def read_pictures(self, request: Request) -> list[bytes]:
        """The pictures of the body, as they were sent.

        Raises:
            Problem: As `read`; or there are none, or too many, or in no known way.
            ClientDisconnect: Who sent it has left.
        """
        body = await self.read(request)
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == "multipart/form-data":
            pictures = await _of_multipart(request, body)
        elif kind == "application/json":
            pictures = _of_json(body)
        elif (
            kind.startswith("image/")
            or kind == "application/octet-stream"
            or kind_of(body) in ACCEPTED
        ):
            pictures = [body]
        else:
            raise Problem(
                415, f"No picture was received, but {kind or 'a body of no kind'}. {_WAYS}"
            )
        if not pictures:
            raise Problem(422, f"There is no picture in it. {_WAYS}")
        if len(pictures) > MAX_PICTURES:
            raise Problem(
                413,
                f"At most {MAX_PICTURES} pictures go into a request. Received: {len(pictures)}.",
            )
        return pictures

    def _take(self, n_bytes: int) -> None:
        self.n_bytes += n_bytes
        self._uploads.n_bytes += n_bytes
        if self.n_bytes > MAX_REQUEST_BYTES:
            raise _too_large()
        if self._uploads.n_bytes > _MAX_BYTES_AT_ONCE:
            raise busy("Too much is being sent at the moment. Try again.")


class _InMemory(MultiPartParser):
    spool_max_size = 2 * MAX_REQUEST_BYTES


async def _of_multipart(request: Request, body: bytes) -> list[bytes]:
    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    parser = _InMemory(
        request.headers,
        stream(),
        max_files=MAX_PICTURES,
        max_fields=_MAX_FIELDS,
        max_part_size=_MAX_FIELD_BYTES,
    )
    try:
        form = await parser.parse()
    except MultiPartException as error:
        is_many = "Too many" in error.message
        raise Problem(
            413 if is_many else 400, f"The multipart body cannot be read: {error.message}"
        ) from error
    try:
        parts = form.getlist("file")
        if not all(isinstance(part, UploadFile) for part in parts):
            raise Problem(422, "Parts named `file` must be files: they need a file name, any.")
        return [await part.read() for part in parts if isinstance(part, UploadFile)]
    finally:
        await form.close()


def _of_json(body: bytes) -> list[bytes]:
    try:
        values: Any = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Problem(400, "The body must be JSON, as its Content-Type says.") from error
    if not isinstance(values, dict) or values.keys() != {"images"}:
        raise Problem(422, 'The JSON must be {"images": ["<base64>", ...]} and nothing else.')
    images = values["images"]
    if not isinstance(images, list) or not all(isinstance(image, str) for image in images):
        raise Problem(422, "`images` must be a list of strings.")
    return [_of_base64(image, number) for number, image in enumerate(images[: MAX_PICTURES + 1])]


def _of_base64(text: str, number: int) -> bytes:
    if text.startswith("data:"):  # as browsers write a picture
        text = text.partition(",")[2]
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Problem(422, f"`images[{number}]` must be base64.") from error


def _too_large() -> Problem:
    return Problem(413, f"A request must have at most {MAX_REQUEST_BYTES // 2**20} MiB.")
