"""Problem: why a request gets no answer, as HTTP has it."""

from collections.abc import Mapping
from typing import Final

CODES: Final[Mapping[int, str]] = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    408: "too_slow",
    413: "too_large",
    415: "unsupported_format",
    422: "unreadable",
    429: "too_many_requests",
    500: "internal_error",
    503: "busy",
}
"""By status, what programs read."""


class Problem(Exception):
    """A request that gets no answer.

    Attributes:
        status: As HTTP has it, a key of `CODES`.
        message: What people read: the rule, what was received, the way out.
        headers: What is sent beside it.
    """

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = dict(headers or {})


def busy(message: str, *, status: int = 503, retry_after_s: float = 1.0) -> Problem:
    """Come again later."""
    return Problem(status, message, {"Retry-After": str(max(1, round(retry_after_s + 0.5)))})
