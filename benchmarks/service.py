"""The service under load: how much of the library's speed is left, and what overload does to it.

    python benchmarks/service.py DATA [--minutes 10] [--soak 50000] [--peer]

`maskwise serve` with a process for each core, on this machine beside who asks, decides on frames of
composed clips (`composed.py`), 1280x720 with up to three people, as JPEGs of their own request.

Speed: pictures a second of the service, always asked by several side by side, and of `detect_all`
with as many processes on files of the same pictures, by turns; their ratio. The clock of both runs
when all processes have begun.

Load: requests at random times (Poisson, an open loop), 70 % as many as it can: latencies from when
each was due; and 15 a second for a minute. Overload: five times as many as it can, for a minute;
then how long until a request is answered as soon as before. `--soak`: so many requests, of which
one in twenty is a broken file, and the memory of the service by tenths of the time.

`--peer`: the same pictures to what tutorials show (`tutorial_service.py`), by turns with ours.

The figures are added to results/service.jsonl, unless `--dry`.
"""

import argparse
import asyncio
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np

from composed import compose
from load import Caller, Told, ask_at_random, ask_in_turn, request_of
from maskwise.dataset.dataset import Dataset
from maskwise.images import encode_image
from maskwise.inference.batch import Task
from maskwise.inference.bulk import detect_all
from maskwise.inference.pipeline import MaskDetector
from maskwise.sources.named import find_sources
from record import record

SEED: Final = 700
PEOPLE: Final = (1, 2, 3)
ROUNDS: Final = 3
CORES: Final = os.cpu_count() or 1
CALM_PER_S: Final = 15
TARGETS: Final = {
    **{"to_library": 0.8, "p99_to_p50": 5.0, "overload_p99_ms": 2000, "recovery_s": 5.0},
    **{"at_15_per_s_p50_ms": 60, "at_15_per_s_p99_ms": 200, "memory_growth": 0.05},
}


def pictures(data: Dataset) -> list[bytes]:
    """Frames with up to three people, as JPEGs."""
    return [
        encode_image(look.image_rgb, format="jpeg")
        for n_people in PEOPLE
        for look in islice(
            compose(data, seed=SEED + n_people, seconds=4.0, n_people=n_people).looks, 0, None, 5
        )
    ]


@contextmanager
def started(command: Sequence[str]) -> Iterator[tuple[int, int]]:
    """A service in a process of its own; its port, and its process."""
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    try:
        if process.stderr is None:
            raise RuntimeError("The service says nothing.")
        said = next(line for line in process.stderr if line.startswith("Serving at"))
        yield int(said.strip().rpartition(":")[2]), process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


def bulk_per_s(folder: Path, n: int) -> float:
    """Pictures a second of the library, from when all processes work."""
    tasks = [Task(source) for source in find_sources(str(folder))]
    tasks = (tasks * (n // len(tasks) + 1))[:n]
    load = partial(MaskDetector.load, n_threads=1)
    for done, _ in enumerate(detect_all(tasks, load, workers=CORES), start=1):
        if done == n // 10:
            began_s = time.perf_counter()
    return (n - n // 10) / (time.perf_counter() - began_s)


async def service_per_s(caller: Caller, requests: Sequence[bytes], n: int) -> float:
    """Pictures a second of a service that is asked by several side by side."""
    await ask_in_turn(caller, requests, n=n // 10, side_by_side=4 * CORES)
    began_s = time.perf_counter()
    told = await ask_in_turn(caller, requests, n=n, side_by_side=4 * CORES)
    seconds = time.perf_counter() - began_s
    if told.count() != {"200": n}:
        raise RuntimeError(f"The service did not answer all: {told.count()}")
    return n / seconds


def memory_mb(pid: int) -> tuple[float, float]:
    """What a process and those that it started hold, and how much of that no file backs."""
    held = {"Rss": 0.0, "Anonymous": 0.0}
    for each in (pid, *children(pid)):
        with suppress(FileNotFoundError, ProcessLookupError):
            for line in Path(f"/proc/{each}/smaps_rollup").read_text().splitlines():
                kind, _, rest = line.partition(":")
                if kind in held:
                    held[kind] += int(rest.split()[0]) / 1024
    return held["Rss"], held["Anonymous"]


def children(pid: int) -> Iterator[int]:
    """The processes that it started."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # of a thread that has just ended
            yield from map(int, (task / "children").read_text().split())


def latencies(told: Told) -> dict[str, Any]:
    """What came of requests, in a few numbers."""
    return {
        "status": told.count(),
        "not_sent": told.n_not_sent,
        **{f"p{share}_ms": told.percentile_ms(share) for share in (50, 99)},
    }


async def overload(caller: Caller, requests: Sequence[bytes], per_s: float) -> dict[str, Any]:
    """Five times too many for a minute, and how soon all is as before."""
    alone = await ask_in_turn(caller, requests, n=20, side_by_side=1)
    usual_s = 2 * statistics.median(alone.seconds)
    told = await ask_at_random(caller, requests, per_s=5 * per_s, seconds=60, seed=2)
    began_s = time.perf_counter()
    while True:
        one = await ask_in_turn(caller, requests, n=1, side_by_side=1)
        if one.status == [200] and one.seconds[0] < usual_s:
            break
    return {
        **latencies(told),
        "accepted_per_s": round(told.status.count(200) / 60, 1),
        "recovery_s": round(time.perf_counter() - began_s, 2),
    }


def broken(frames: Sequence[bytes]) -> Iterator[bytes]:
    """Files of which the end is missing, the head is missing, or bytes are wrong, by turns."""
    lots = np.random.default_rng(3)
    for number, frame in enumerate(frames):
        cut = int(lots.integers(1, len(frame)))
        if number % 3 == 0:
            yield frame[:cut]
        elif number % 3 == 1:
            yield frame[cut:]
        else:
            wrong = np.frombuffer(frame, np.uint8).copy()
            wrong[lots.integers(2, len(frame), size=len(frame) // 100)] = 0xFF
            yield wrong.tobytes()


async def soak(
    caller: Caller, frames: Sequence[bytes], pid: int, *, n: int, per_s: float, host: str
) -> dict[str, Any]:
    """Many requests, one in twenty of which is a broken file, and the memory of the service."""
    mixed = [
        request_of(picture, host=host, path="/v1/detect")
        for picture in (*list(frames) * 19, *broken(frames))
    ]
    memory: list[tuple[float, float]] = []
    told = await ask_at_random(
        caller,
        mixed,
        per_s=per_s,
        seconds=n / per_s,
        seed=4,
        on_second=lambda: memory.append(memory_mb(pid)),
    )
    tenths = [np.median(part, axis=0).round(1).tolist() for part in np.array_split(memory, 10)]
    held, anonymous = ([tenth[kind] for tenth in tenths] for kind in (0, 1))
    return {
        **latencies(told),
        "requests": len(told.status),
        "memory_mb_by_tenth": held,
        "memory_growth": round(held[-1] / held[0] - 1, 4),
        "anonymous_mb_by_tenth": anonymous,
        "anonymous_growth": round(anonymous[-1] / anonymous[0] - 1, 4),
    }


async def measure(arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Do all that is wanted."""
    frames = [path.read_bytes() for path in sorted(folder.iterdir())]
    command = [sys.executable, "-m", "maskwise", "serve", "--port", "0"]
    figures: dict[str, Any] = {"cores": CORES, "pictures": len(frames)}
    with started(command) as (port, pid):
        host = f"127.0.0.1:{port}"
        requests = [request_of(frame, host=host, path="/v1/detect") for frame in frames]
        caller = Caller("127.0.0.1", port)
        bulk, service = [], []
        for _ in range(ROUNDS):
            service.append(await service_per_s(caller, requests, arguments.n))
            bulk.append(await asyncio.to_thread(bulk_per_s, folder, arguments.n))
        per_s = statistics.median(service)
        figures |= {
            "bulk_per_s": [round(each, 1) for each in bulk],
            "service_per_s": [round(each, 1) for each in service],
            "to_library": round(
                statistics.median(s / b for s, b in zip(service, bulk, strict=True)), 3
            ),
        }
        if arguments.minutes:
            steady = await ask_at_random(
                caller, requests, per_s=0.7 * per_s, seconds=60 * arguments.minutes, seed=1
            )
            p50, p99 = steady.percentile_ms(50), steady.percentile_ms(99)
            figures["at_70_percent"] = {**latencies(steady), "p99_to_p50": round(p99 / p50, 2)}
            calm = await ask_at_random(caller, requests, per_s=CALM_PER_S, seconds=60, seed=5)
            figures["at_15_per_s"] = latencies(calm)
            figures["overload"] = await overload(caller, requests, per_s)
        if arguments.soak:
            figures["soak"] = await soak(
                caller, frames, pid, n=arguments.soak, per_s=0.7 * per_s, host=host
            )
        if arguments.peer:
            figures |= await beside_peer(caller, requests, frames, arguments.n)
        caller.close()
    return figures


async def beside_peer(
    caller: Caller, requests: Sequence[bytes], frames: Sequence[bytes], n: int
) -> dict[str, Any]:
    """A service as tutorials show it, by turns with ours."""
    command = [sys.executable, str(Path(__file__).with_name("tutorial_service.py"))]
    with started(command) as (port, _):
        theirs = Caller("127.0.0.1", port)
        asked = [request_of(frame, host=f"127.0.0.1:{port}", path="/predict") for frame in frames]
        ratios, peer = [], []
        for _ in range(ROUNDS):
            ours = await service_per_s(caller, requests, n)
            peer.append(await service_per_s(theirs, asked, max(40, n // 10)))
            ratios.append(ours / peer[-1])
        theirs.close()
    return {
        "peer_per_s": [round(each, 1) for each in peer],
        "to_peer": round(statistics.median(ratios), 1),
    }


def main() -> None:
    """Do all of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--n", type=int, default=600, help="pictures of each measurement of speed")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--soak", type=int, default=0, metavar="REQUESTS")
    parser.add_argument("--peer", action="store_true")
    parser.add_argument("--dry", action="store_true", help="keep no record")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for number, picture in enumerate(pictures(Dataset.open(arguments.data))):
            (Path(folder) / f"{number:04d}.jpg").write_bytes(picture)
        figures = asyncio.run(measure(arguments, Path(folder)))
    record("service", {**figures, "targets": TARGETS}, dry=arguments.dry)


if __name__ == "__main__":
    main()
