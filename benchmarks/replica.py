"""A replica of the service: how soon it is ready, how many pictures wait for it, what it holds.

    python benchmarks/replica.py DATA

`maskwise serve` with a process for each core, on this machine beside who asks; the pictures are
those of `service.py`. These are the figures by which `deploy/kubernetes` and docs/scaling.md go.

Ready: from the command until /readyz says so.

Waiting: requests at random times (Poisson, an open loop) at shares of what it can. How busy its
workers are and how many pictures wait are means over the time, from what /metrics tells: the
seconds of work of a worker, a second; the seconds that pictures waited, a second (Little's law).

Memory: of all its processes, with what they share counted once (PSS): at rest; at most, while each
worker has a JPEG of 50 megapixels; at most, while forty of these are sent at once.

The figures are added to results/replica.jsonl, unless `--dry`.
"""

import argparse
import asyncio
import os
import re
import sys
import time
import urllib.request
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image

from load import Caller, ask_at_random, ask_in_turn, request_of
from maskwise.dataset.dataset import Dataset
from maskwise.images import encode_image
from record import record
from service import CORES, children, pictures, service_per_s, started

SHARES: Final = (0.5, 0.7, 0.8, 0.9, 1.0, 1.2)
STARTS: Final = 3
LARGE_HW: Final = (7100, 7000)
FLOOD: Final = 40
_STAGE: Final = re.compile(r'^maskwise_stage_seconds_sum\{stage="(\w+)"\} (\S+)$', re.MULTILINE)


def large_picture() -> bytes:
    """A JPEG of nearly as many megapixels as are accepted, and many bytes."""
    noise = np.random.default_rng(0).integers(0, 255, (LARGE_HW[0] // 8, LARGE_HW[1] // 8, 3))
    image = Image.fromarray(noise.astype(np.uint8)).resize(LARGE_HW[::-1], Image.Resampling.BICUBIC)
    return encode_image(np.asarray(image), format="jpeg")


def tell(port: int, path: str) -> str:
    """What the service says at a path."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        return str(answer.read().decode())


def spent_s(port: int) -> dict[str, float]:
    """What pictures have spent so far in each stage, all together."""
    return {stage: float(s) for stage, s in _STAGE.findall(tell(port, "/metrics"))}


def memory_mb(pid: int) -> float:
    """What all processes of a service hold, what they share counted once."""
    kb = 0
    for each in (pid, *children(pid)):
        with suppress(FileNotFoundError, ProcessLookupError):
            text = Path(f"/proc/{each}/smaps_rollup").read_text()
            kb += int(text.partition("\nPss:")[2].split()[0])
    return kb / 1024


async def waiting_at(
    caller: Caller, requests: Sequence[bytes], port: int, *, per_s: float, seconds: float
) -> dict[str, Any]:
    """How busy the workers are and how many pictures wait, when asked so often."""
    before, began_s = spent_s(port), time.perf_counter()
    told = await ask_at_random(caller, requests, per_s=per_s, seconds=seconds, seed=round(per_s))
    took_s = time.perf_counter() - began_s
    spent = {stage: seconds - before.get(stage, 0.0) for stage, seconds in spent_s(port).items()}
    return {
        "busy": round((spent["decode"] + spent["decide"]) / took_s / CORES, 2),
        "waiting": round(spent["queue"] / took_s, 2),
        "refused": round(told.status.count(503) / len(told.status), 4),
    }


async def most_mb(caller: Caller, request: bytes, pid: int, *, n: int, side_by_side: int) -> float:
    """The most that is held while pictures are asked for."""
    asking = asyncio.ensure_future(ask_in_turn(caller, [request], n=n, side_by_side=side_by_side))
    most = 0.0
    while not asking.done():
        most = max(most, await asyncio.to_thread(memory_mb, pid))
        await asyncio.sleep(0.05)
    return most


async def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Do all of it."""
    load_before = os.getloadavg()[0]
    command = [sys.executable, "-m", "maskwise", "serve", "--port", "0"]
    frames = pictures(Dataset.open(arguments.data))
    large = large_picture()
    ready_s = []
    for _ in range(STARTS):
        began_s = time.perf_counter()
        with started(command) as (port, _):
            tell(port, "/readyz")
            ready_s.append(round(time.perf_counter() - began_s, 2))
    with started(command) as (port, pid):
        host = f"127.0.0.1:{port}"
        caller = Caller("127.0.0.1", port)
        requests = [request_of(frame, host=host, path="/v1/detect") for frame in frames]
        per_s = await service_per_s(caller, requests, 600)
        waiting = [
            await waiting_at(caller, requests, port, per_s=share * per_s, seconds=arguments.seconds)
            for share in SHARES
        ]
        caller.close()
    with started(command) as (port, pid):
        caller = Caller("127.0.0.1", port)
        request = request_of(large, host=f"127.0.0.1:{port}", path="/v1/detect")
        memory = {"at_rest": memory_mb(pid)}
        for name, side_by_side in (("large", CORES), ("flood", FLOOD)):
            memory[name] = await most_mb(
                caller, request, pid, n=3 * side_by_side, side_by_side=side_by_side
            )
        caller.close()
    return {
        "load_before": round(load_before, 2),
        "workers": CORES,
        "ready_s": ready_s,
        "waiting": waiting,
        "large_mb": round(len(large) / 1e6, 1),
        "memory_mb": {name: round(mb) for name, mb in memory.items()},
    }


def main() -> None:
    """Measure, show and keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--seconds", type=float, default=40.0, help="of each share")
    parser.add_argument("--dry", action="store_true", help="keep no record")
    arguments = parser.parse_args()
    record("replica", asyncio.run(measure(arguments)), dry=arguments.dry)


if __name__ == "__main__":
    main()
