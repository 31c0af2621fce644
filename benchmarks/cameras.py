"""Can eight cameras be watched for long: does anything grow, and how old are the frames?

    python benchmarks/cameras.py DATA [--minutes 30] [--cameras 8] [--fps 5] [--lost-every 5]

Cameras that are none serve composed clips (`composed.py`) of 1280x720 pixels as MJPEG, by a process
of their own; `Watch` watches all of them in `fast` mode, as `maskwise watch` does, with a file of
events. Twice a second are noted: memory of the watching process, how much of it the C library has
handed out and how much it keeps for later, and how many blocks Python has; memory of the readers;
open files, threads, and the age of each frame when it was decided on. Each is told as its median
over each tenth of the time, so that what still grows at the end can be told from what grew while
all began. With `--dead`, one camera more is silent; with `--lost-every`, each hangs up that many
seconds after it was connected.

The figures are added to results/cameras.jsonl, unless `--dry`.
"""

import argparse
import contextlib
import ctypes
import itertools
import math
import multiprocessing
import os
import socket
import statistics
import sys
import tempfile
import time
from array import array
from collections import defaultdict
from pathlib import Path
from threading import Event as Signal
from threading import Thread
from typing import Any, ClassVar, Final

import cv2
import numpy as np

from composed import compose
from maskwise.dataset.dataset import Dataset
from maskwise.images import encode_image
from maskwise.inference.pipeline import MaskDetector
from maskwise.streams.config import read_config
from maskwise.streams.watch import Watch
from record import record

SEED: Final = 300
SECONDS: Final = 6.0
SOURCE_FPS: Final = 5
_HEAD: Final = (
    b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n--frame\r\n"
)


def pictures(data: Dataset, seed: int) -> list[bytes]:
    """The frames of a clip, as a camera sends them."""
    clip = compose(data, seed=seed, seconds=SECONDS, n_people=5)
    return [
        encode_image(look.image_rgb, format="jpeg")
        for index, look in enumerate(clip.looks)
        if index % 5 == 0
    ]


def serve(
    listeners: list[socket.socket], streams: list[list[bytes]], seconds: float = math.inf
) -> None:
    """Stream for so many seconds each time; a listener without pictures accepts, and is silent."""
    for listener, stream in zip(listeners, streams, strict=True):
        Thread(target=_accept, args=(listener, stream, seconds), daemon=True).start()
    while True:
        time.sleep(60)


def _accept(listener: socket.socket, stream: list[bytes], seconds: float) -> None:
    while True:
        connection, _ = listener.accept()
        Thread(target=_stream, args=(connection, stream, seconds), daemon=True).start()


def _stream(connection: socket.socket, stream: list[bytes], seconds: float) -> None:
    with connection:
        try:
            connection.recv(4096)
            while not stream:
                time.sleep(60)
            connection.sendall(_HEAD)
            began_s = next_s = time.monotonic()
            for picture in itertools.cycle(stream):
                head = b"Content-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(picture)
                connection.sendall(head + picture + b"\r\n--frame\r\n")
                next_s += 1 / SOURCE_FPS
                time.sleep(max(0.0, next_s - time.monotonic()))
                if next_s - began_s > seconds:
                    return
        except OSError:
            return


def memory_mb(pid: int) -> float:
    """What a process holds by itself, shared pages by their part; nothing if it has just gone."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0


class GlibcMemory(ctypes.Structure):
    """What `mallinfo2` of the GNU C library tells, of all its arenas."""

    _fields_: ClassVar = [
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    ]


glibc_memory = ctypes.CDLL("libc.so.6").mallinfo2
glibc_memory.restype = GlibcMemory


def readers() -> list[int]:
    """The processes that read the cameras."""
    found = []
    for task in Path("/proc/self/task").iterdir():
        for pid in map(int, (task / "children").read_text().split()):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                if "spawn_main" in Path(f"/proc/{pid}/cmdline").read_text():
                    found.append(pid)
    return found


def main() -> None:
    """Do all of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--cameras", type=int, default=8)
    parser.add_argument("--fps", type=float, default=5.0)
    parser.add_argument("--dead", action="store_true", help="one camera more, which is silent")
    parser.add_argument("--lost-every", type=float, default=math.inf, metavar="SECONDS")
    parser.add_argument("--dry", action="store_true", help="keep no record")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)  # as `maskwise watch` does
    data = Dataset.open(arguments.data)
    streams = [pictures(data, SEED + index) for index in range(arguments.cameras)]
    streams += [[]] * arguments.dead
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in streams]
    server = multiprocessing.get_context("fork").Process(
        target=serve, args=(listeners, streams, arguments.lost_every), daemon=True
    )
    server.start()
    del streams
    # Flat arrays, so that what is noted does not look like memory that leaks.
    notes: dict[str, array[float]] = defaultdict(lambda: array("f"))
    ages_s = array("f")
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "watch.toml"
        config.write_text(
            "".join(
                f'[cameras.c{index}]\naddress = "http://127.0.0.1:{listener.getsockname()[1]}/"\n'
                f"fps = {arguments.fps}\n"
                for index, listener in enumerate(listeners)
            )
            + '[[sinks]]\nkind = "lines"\npath = "events.jsonl"\n'
        )
        watch = Watch(read_config(config), MaskDetector.load(mode="fast", n_threads=1))
        seen: dict[str, int] = defaultdict(int)
        lost: dict[str, int] = {}
        began_s = time.monotonic()

        def note() -> None:
            for name, post in watch.posts.items():
                if n_new := post.n_looks - seen[name]:
                    ages_s.extend(post.ages_s[-n_new:])
                seen[name] = post.n_looks
                if post.camera is not None:
                    lost[name] = post.camera.health.n_lost
            processes = readers()
            notes["mb"].append(memory_mb(os.getpid()))
            notes["readers_mb"].append(sum(map(memory_mb, processes)))
            notes["files"].append(sum(1 for _ in Path("/proc/self/fd").iterdir()))
            notes["threads"].append(sum(1 for _ in Path("/proc/self/task").iterdir()))
            held = glibc_memory()
            notes["in_use_mb"].append(held.uordblks / 2**20)
            notes["free_mb"].append(held.fordblks / 2**20)
            notes["kiloblocks"].append(sys.getallocatedblocks() / 1000)
            notes["pace"].append(watch.pace)
            if time.monotonic() - began_s > arguments.minutes * 60:
                stop.set()

        stop = Signal()
        cpu_s = time.process_time()
        watch.run(stop, note)
        cpu_s = time.process_time() - cpu_s
        n_events = len((Path(folder) / "events.jsonl").read_text().splitlines())
    server.kill()
    seconds = time.monotonic() - began_s
    record(
        "cameras",
        summed_up(arguments, notes, ages_s, seen, sum(lost.values()), seconds, cpu_s, n_events),
        dry=arguments.dry,
    )


def summed_up(
    arguments: argparse.Namespace,
    notes: dict[str, "array[float]"],
    ages_s: "array[float]",
    seen: dict[str, int],
    n_lost: int,
    seconds: float,
    cpu_s: float,
    n_events: int,
) -> dict[str, Any]:
    """All that was noted, in a few numbers."""
    tenths = {
        f"{name}_by_tenth": [
            round(float(np.median(part)), 1)
            for part in np.array_split(notes[name], 10)
            if part.size
        ]
        for name in (
            *("mb", "in_use_mb", "free_mb", "kiloblocks"),
            *("readers_mb", "files", "threads"),
        )
    }
    return {
        "minutes": round(seconds / 60, 1),
        "cameras": arguments.cameras,
        "dead": arguments.dead,
        "fps_wanted": arguments.fps,
        "fps": sorted(round(n / seconds, 2) for n in seen.values()),
        "age_ms": {
            f"p{share}": round(float(np.percentile(ages_s, share)) * 1000) for share in (50, 99)
        },
        "watching_process_cores": round(cpu_s / seconds, 2),
        "pace": round(statistics.median(notes["pace"]), 2),
        "events": n_events,
        "losses": n_lost,
        **tenths,
        "targets": {"age_p99_ms": 1500},
    }


if __name__ == "__main__":
    main()
