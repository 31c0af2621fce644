"""Webhook: events as signed POSTs of JSON."""

import base64
import hashlib
import hmac
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from urllib.parse import unquote, urlsplit, urlunsplit

from maskwise import __version__
from maskwise.sources.video import Address
from maskwise.streams.sinks.delivery import NotDelivered


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A webhook that sends us elsewhere is not followed: it is not where the user sent us."""

    def redirect_request(self, *_: object, **__: object) -> None:
        return None


def webhook(url: str, *, secret: str | None, timeout_s: float) -> Callable[[str], None]:
    """What sends an event to a URL.

    With a secret, the header `X-Maskwise-Signature` is `t=TIME,v1=HMAC`: the HMAC-SHA256, in
    hexadecimal digits, of `TIME.BODY`, where TIME is in seconds since 1970. Who receives it
    computes the same and refuses what is too old.

    Args:
        url: By http or https; a name and password in it are sent as Basic authentication.
        secret: What signs; None: nothing does.
        timeout_s: How long the receiver may take.

    Returns:
        A function of an event as JSON; it raises `NotDelivered` unless the answer is 2xx.
    """
    shown = Address.parse(url).shown
    place, login = _split(url)
    opener = urllib.request.build_opener(_NoRedirect)

    def send(text: str) -> None:
        body = text.encode("utf-8")
        headers = {"Content-Type": "application/json", "User-Agent": f"maskwise/{__version__}"}
        if login is not None:
            headers["Authorization"] = login
        if secret is not None:
            headers["X-Maskwise-Signature"] = sign(body, secret, time.time())
        request = urllib.request.Request(place, body, headers, method="POST")
        try:
            with opener.open(request, timeout=timeout_s):
                pass
        except urllib.error.HTTPError as error:
            error.close()
            raise NotDelivered(f"{shown}: it answered {error.code}") from None
        except (OSError, ValueError) as error:  # among them what the URL makes wrong
            reason = getattr(error, "reason", None) or error
            words = getattr(reason, "strerror", None) or type(reason).__name__
            raise NotDelivered(f"{shown}: {str(words).lower()}") from None

    return send


def _split(url: str) -> tuple[str, str | None]:
    """The URL without name and password, and these as a header, if there are any."""
    parts = urlsplit(url)
    if "@" not in parts.netloc:
        return url, None
    login, _, host = parts.netloc.rpartition("@")
    encoded = base64.b64encode(unquote(login).encode("utf-8")).decode("ascii")
    return urlunsplit(parts._replace(netloc=host)), f"Basic {encoded}"


def sign(body: bytes, secret: str, now_s: float) -> str:
    """The value of the header `X-Maskwise-Signature`."""
    stamp = str(int(now_s))
    digest = hmac.new(secret.encode("utf-8"), f"{stamp}.".encode() + body, hashlib.sha256)
    return f"t={stamp},v1={digest.hexdigest()}"
