"""Client: asks a service what faces wear, with the same answers as `MaskDetector` gives."""

import http.client
import json
import os
import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import numpy as np
from numpy.typing import NDArray

from maskwise.errors import InvalidInput, ServiceFailed, UnreadableImage
from maskwise.images import Readable, decode_image, encode_image, read_bytes, read_image
from maskwise.names import legible
from maskwise.results import Faces

_TOGETHER: Final = 8  # pictures in one request
_UNREADABLE: Final = frozenset({413, 415, 422})
_LATER: Final = frozenset({429, 503})


class Client:
    """Asks a service of `maskwise serve`; threads may share it.

        client = Client("http://127.0.0.1:8000")
        faces = client.detect("street.jpg")

    A service that is busy is asked again, for as long as `timeout_s` allows.
    """

    def __init__(
        self, url: str = "http://127.0.0.1:8000", *, key: str | None = None, timeout_s: float = 30.0
    ) -> None:
        """Remember where it is; nothing is asked yet.

        Args:
            url: Of the service, http or https.
            key: That opens it, if it needs one.
            timeout_s: How long an answer may take.

        Raises:
            InvalidInput: The URL is none of http or https, or `timeout_s` is not above 0.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InvalidInput(f"`url` must begin with http:// or https://. Received: {url!r}.")
        if not timeout_s > 0:
            raise InvalidInput(f"`timeout_s` must be above 0. Received: {timeout_s}.")
        self._parts = parts
        self._headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        self._timeout_s = timeout_s

    def detect(self, picture: Readable, *, min_probability: float = 0.0) -> Faces:
        """What the faces of a picture wear.

        Args:
            picture: Whatever `maskwise.read_image` takes. A file is sent as it is.
            min_probability: Answers that are less sure become *unsure*.

        Raises:
            UnreadableImage: It is no picture.
            ServiceFailed: The service cannot be reached, refuses, or stays busy.
        """
        return self.detect_many([picture], min_probability=min_probability)[0]

    def detect_many(
        self, pictures: Iterable[Readable], *, min_probability: float = 0.0
    ) -> list[Faces]:
        """What the faces of several pictures wear, some of them in one request.

        Raises:
            UnreadableImage: One of them is no picture; the message tells which.
            ServiceFailed: As `detect`.
        """
        contents = [_content(picture) for picture in pictures]
        query = urlencode({"min_probability": min_probability})
        found: list[Faces] = []
        for start in range(0, len(contents), _TOGETHER):
            together = contents[start : start + _TOGETHER]
            body, kind = _multipart(together)
            answer = self._parse(self._ask("POST", f"/v1/detect?{query}", body, kind))
            for number, result in enumerate(answer["results"], start=start):
                if "error" in result:
                    raise UnreadableImage(f"Picture {number}: {result['error']['message']}")
                found.append(Faces.from_dicts(result["faces"]))
        return found

    def annotate(
        self, picture: Readable, *, min_probability: float = 0.0, blur: bool = False
    ) -> NDArray[np.uint8]:
        """A picture with the answers drawn on it, RGB uint8 `(h, w, 3)`.

        Raises:
            UnreadableImage, ServiceFailed: As `detect`.
        """
        query = urlencode({"min_probability": min_probability, "blur": str(blur).lower()})
        content = self._ask(
            "POST", f"/v1/detect/annotated?{query}", _content(picture), "application/octet-stream"
        )
        return decode_image(content)

    def model(self) -> Mapping[str, Any]:
        """Which model decides, and what is known of it.

        Raises:
            ServiceFailed: As `detect`.
        """
        return self._parse(self._ask("GET", "/v1/model"))

    def _parse(self, content: bytes) -> Mapping[str, Any]:
        try:
            answer = json.loads(content)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise ServiceFailed(f"{self._parts.netloc} gives no answer of maskwise.")
        return answer

    def _ask(self, method: str, path: str, body: bytes = b"", kind: str = "") -> bytes:
        until_s = time.monotonic() + self._timeout_s
        while True:
            status, headers, content = self._ask_once(method, path, body, kind)
            if status < 300:
                return content
            message = _message(content) or f"status {status}"
            if status in _UNREADABLE:
                raise UnreadableImage(message)
            pause_s = _pause_s(headers)
            if status not in _LATER or time.monotonic() + pause_s > until_s:
                raise ServiceFailed(f"{self._parts.netloc} refused: {message}")
            time.sleep(pause_s)

    def _ask_once(
        self, method: str, path: str, body: bytes, kind: str
    ) -> tuple[int, Mapping[str, str], bytes]:
        parts = self._parts
        https = parts.scheme == "https"
        connect = http.client.HTTPSConnection if https else http.client.HTTPConnection
        connection = connect(str(parts.hostname), parts.port, timeout=self._timeout_s)
        headers = {**self._headers, **({"Content-Type": kind} if kind else {})}
        try:
            connection.request(method, parts.path.rstrip("/") + path, body or None, headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise ServiceFailed(
                f"{parts.scheme}://{parts.netloc} cannot be asked: {reason}."
            ) from error
        finally:
            connection.close()


def _content(picture: Readable) -> bytes:
    """What is sent: a file as it is, anything else as a PNG, which loses nothing."""
    if isinstance(picture, bytes | bytearray | memoryview):
        return bytes(picture)
    if isinstance(picture, str | os.PathLike):
        try:
            return read_bytes(picture)
        except UnreadableImage as error:
            raise UnreadableImage(f"{legible(Path(picture))}: {error}") from error
    return encode_image(read_image(picture), format="png")


def _multipart(contents: Sequence[bytes]) -> tuple[bytes, str]:
    """A body of several pictures, and its type."""
    boundary = secrets.token_hex(16)
    parts = []
    for content in contents:
        head = (
            f"--{boundary}\r\nContent-Disposition: form-data; "
            'name="file"; filename="picture"\r\nContent-Type: application/octet-stream\r\n\r\n'
        )
        parts.append(head.encode("ascii") + content + b"\r\n")
    return b"".join(parts) + f"--{boundary}--\r\n".encode(
        "ascii"
    ), f"multipart/form-data; boundary={boundary}"


def _message(content: bytes) -> str:
    """What an answer says is wrong."""
    try:
        return str(json.loads(content)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return ""


def _pause_s(headers: Mapping[str, str]) -> float:
    given = headers.get("retry-after", "1")
    return float(given) if given.isdecimal() else 1.0
