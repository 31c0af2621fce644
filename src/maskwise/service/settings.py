"""Settings: what the service is told when it starts."""

import ipaddress
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from maskwise.errors import InvalidInput
from maskwise.service.uploads import MAX_PICTURES
from maskwise.service.workers.decider import Opening

_WAITING_PER_WORKER: Final = MAX_PICTURES  # so that the largest request finds room in any case
_MOST_WORKERS: Final = 256
_LARGEST_PORT: Final = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the service is told when it starts.

    Attributes:
        opening: The model.
        host: The address to listen on.
        port: The port; 0 takes one that is free.
        workers: How many processes decide.
        keys: A file of keys, if there is one.
        is_open: Whether everybody may ask, although others than this machine can reach it.
        rate_per_s: How many requests a second each key may make for long; 0: as many as it likes.

    Raises:
        InvalidInput: A value is out of its range.
    """

    opening: Opening = field(default_factory=Opening)
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = field(default_factory=lambda: os.cpu_count() or 1)
    keys: Path | None = None
    is_open: bool = False
    rate_per_s: float = 0.0

    def __post_init__(self) -> None:
        _require(0 <= self.port <= _LARGEST_PORT, "port", f"0 to {_LARGEST_PORT}", self.port)
        _require(
            1 <= self.workers <= _MOST_WORKERS, "workers", f"1 to {_MOST_WORKERS}", self.workers
        )
        _require(0 <= self.rate_per_s <= 1e6, "rate", "0 to a million", self.rate_per_s)

    @property
    def is_local(self) -> bool:
        """Whether only this machine can ask."""
        try:
            return self.host == "localhost" or ipaddress.ip_address(self.host).is_loopback
        except ValueError:  # another name
            return False

    @property
    def max_waiting(self) -> int:
        """How many pictures may wait: so many that the last is still answered soon."""
        return _WAITING_PER_WORKER * self.workers


def _require(is_kept: bool, name: str, rule: str, value: object) -> None:
    if not is_kept:
        raise InvalidInput(f"`{name}` must be {rule}. Received: {value}.")
