"""Load: who asks a service of HTTP as often as is wanted, whether it keeps up or not."""

import asyncio
import contextlib
import random
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

_MOST_CONNECTIONS: Final = 400
_LENGTH: Final = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_WAIT_S: Final = 30.0


def request_of(picture: bytes, *, host: str, path: str, content_type: str = "image/jpeg") -> bytes:
    """A whole request, ready to be sent."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(picture)}\r\n\r\n"
    )
    return head.encode("ascii") + picture


@dataclass(slots=True)
class Told:
    """What came of many requests.

    Attributes:
        status: Of each, 0 for one that failed below HTTP.
        seconds: From when each was due to the end of its answer, in the same order.
        n_not_sent: How many were due, but had no connection left.
    """

    status: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    n_not_sent: int = 0

    def count(self) -> dict[str, int]:
        """How many of each status."""
        return {str(status): self.status.count(status) for status in sorted(set(self.status))}

    def percentile_ms(self, share: float, *, of_status: int = 200) -> float:
        """How long it took, of those with a status."""
        chosen = [
            s for s, status in zip(self.seconds, self.status, strict=True) if status == of_status
        ]
        return round(float(np.percentile(chosen, share)) * 1000, 1) if chosen else float("nan")


class Caller:
    """Connections to one service, which are kept open."""

    def __init__(self, host: str, port: int) -> None:
        self._address = host, port
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self.n_open = 0

    async def ask(self, request: bytes) -> int:
        """The status of the answer, which is read to its end; 0 if there is none."""
        self.n_open += 1
        try:
            async with asyncio.timeout(_WAIT_S):
                while self._idle:
                    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                        return await self._talk(*self._idle.pop(), request)  # if it is still open
                return await self._talk(*await asyncio.open_connection(*self._address), request)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            return 0
        finally:
            self.n_open -= 1

    async def _talk(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
    ) -> int:
        writer.write(request)
        await writer.drain()
        head = await reader.readuntil(b"\r\n\r\n")
        found = _LENGTH.search(head)
        await reader.readexactly(int(found[1]) if found else 0)
        if b"connection: close" in head.lower():
            writer.close()
        else:
            self._idle.append((reader, writer))
        return int(head[9:12])

    def close(self) -> None:
        """Hang up."""
        for _, writer in self._idle:
            writer.close()


async def ask_in_turn(
    caller: Caller, requests: Sequence[bytes], *, n: int, side_by_side: int
) -> Told:
    """Ask `n` times, always so many at once: how fast it can be."""
    told, left = Told(), iter(range(n))

    async def keep_asking() -> None:
        for index in left:
            began_s = time.perf_counter()
            told.status.append(await caller.ask(requests[index % len(requests)]))
            told.seconds.append(time.perf_counter() - began_s)

    await asyncio.gather(*(keep_asking() for _ in range(side_by_side)))
    return told


async def ask_at_random(
    caller: Caller,
    requests: Sequence[bytes],
    *,
    per_s: float,
    seconds: float,
    seed: int,
    on_second: Callable[[], None] = lambda: None,
) -> Told:
    """Ask at random times (Poisson), whether it keeps up or not: an open loop.

    The clock of each request runs from when it was due, not from when it could be sent.
    """
    told, lots = Told(), random.Random(seed)
    asking: set[asyncio.Task[None]] = set()
    began_s = due_s = told_s = time.perf_counter()

    async def ask(request: bytes, due_s: float) -> None:
        status = await caller.ask(request)
        told.status.append(status)
        told.seconds.append(time.perf_counter() - due_s)

    while True:
        due_s += lots.expovariate(per_s)
        if due_s - began_s > seconds:
            break
        await asyncio.sleep(max(0.0, due_s - time.perf_counter()))
        if time.perf_counter() - told_s > 1:
            told_s = time.perf_counter()
            on_second()
        if caller.n_open >= _MOST_CONNECTIONS:
            told.n_not_sent += 1
            continue
        task = asyncio.ensure_future(ask(lots.choice(requests), due_s))
        asking.add(task)
        task.add_done_callback(asking.discard)
    await asyncio.gather(*asking)
    return told
