"""URL: taken apart, checked, and shown without what may be secret in it."""

import re
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import quote, urljoin, urlsplit

from maskwise.errors import InvalidInput

_BEGINNING: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_PORTS: Final = {"http": 80, "https": 443}
_HOST: Final = re.compile(r"[A-Za-z0-9_.-]+|[0-9A-Fa-f:.]+")
_AS_IT_IS: Final = "!#$%&'()*+,/:;=?@[]~"  # what quoting leaves alone, besides letters and digits


def is_url(text: str) -> bool:
    """Whether a text begins as a URL does.

    >>> is_url("https://example.org/a.jpg"), is_url("photos/a.jpg")
    (True, False)
    """
    return _BEGINNING.match(text) is not None


@dataclass(frozen=True, slots=True)
class Url:
    """The URL of a picture, by http or https.

    Attributes:
        scheme: `http` or `https`.
        host: A name in ASCII, or an address without brackets.
        port: As given, or that of the scheme.
        target: Path and query, as they are asked for.
    """

    scheme: str
    host: str
    port: int
    target: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Take a URL apart.

        Raises:
            InvalidInput: It is none of http or https, holds a user name or password, or makes no
                sense. The message shows nothing of it that may be secret.
        """
        try:
            parts = urlsplit(text)
            host, port = parts.hostname or "", parts.port
            host = host if host.isascii() else host.encode("idna").decode()
        except ValueError as error:  # also of encodings
            raise _nonsense() from error
        if parts.scheme not in _PORTS:
            raise InvalidInput(
                f"A URL must begin with http:// or https://. Received: {parts.scheme!r}; fetch the "
                "picture yourself and name the file."
            )
        if "@" in parts.netloc:
            raise InvalidInput(
                f"A URL must hold no user name or password. Received one to {host!r} that does; "
                "fetch the picture yourself and name the file."
            )
        if not text.isprintable() or " " in text or not _HOST.fullmatch(host) or port == 0:
            raise _nonsense()
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return cls(parts.scheme, host, port or _PORTS[parts.scheme], quote(target, safe=_AS_IT_IS))

    @property
    def authority(self) -> str:
        """Host and port, as the header `Host` has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def join(self, reference: str) -> Self:
        """Where a redirect leads from here; see `parse`."""
        whole = f"{self.scheme}://{self.authority}{self.target}"
        try:
            joined = urljoin(whole, reference)
        except ValueError as error:
            raise _nonsense() from error
        return self.parse(joined)

    def __str__(self) -> str:
        """The URL as it can be shown: keys often stand in the query."""
        path, asked, _ = self.target.partition("?")
        return f"{self.scheme}://{self.authority}{path}{asked and '?...'}"


def _nonsense() -> InvalidInput:
    return InvalidInput(
        "A URL must have a host and no spaces, such as https://example.org/a.jpg. "
        "Received one that makes no sense."
    )
