"""The bulk path: what could still be gained by decoding less, and by threads for processes?

    python benchmarks/bulk.py FOLDER

Large photos: those of FOLDER, enlarged to 12 megapixels and saved as JPEG, on one core: the
milliseconds of processor time for decoding by `read_image`; for decoding at half the size, which
JPEG allows without decoding the whole (`draft` of Pillow); for the face detector; and for the whole
pipeline. What decoding at half the size would save is told for these photos and for FOLDER as it
is. It is not done: a face would be cut out of other pixels, and get another answer, as soon as its
photo is larger.

Threads: FOLDER by two processes of one thread each, as `--workers 2` does, and by one process whose
classifier has two threads, by turns; pictures a second by the clock, once it flows.

Waiting: FOLDER behind HTTP, on this machine, each answer 50 ms late, as `score` reads it ahead with
one worker: pictures a second, without decoding.

The figures are added to results/bulk.jsonl, unless `--dry`. They mean something only where nothing
else runs.
"""

import argparse
import io
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from folder import clocked, decide, rate_of_flow
from maskwise.distributed.part import read_part
from maskwise.distributed.unit import PICTURE, Unit
from maskwise.faces.detector import open_detector
from maskwise.images import read_image
from maskwise.inference.batch import Task
from maskwise.inference.pipeline import MaskDetector
from maskwise.sources.named import find_sources
from record import record

MEGAPIXELS = 12
ROUNDS = 3
LATE_S = 0.05


def enlarge(path: Path, to: Path) -> None:
    """Save a photo as a JPEG of 12 megapixels."""
    with Image.open(path) as photo:
        scale = (MEGAPIXELS * 10**6 / (photo.width * photo.height)) ** 0.5
        size_wh = (round(photo.width * scale), round(photo.height * scale))
        photo.convert("RGB").resize(size_wh).save(to, quality=90)


def decode_at_half(path: Path) -> NDArray[np.uint8]:
    """A JPEG at half its size."""
    with Image.open(io.BytesIO(path.read_bytes())) as photo:
        photo.draft("RGB", (photo.width // 2, photo.height // 2))
        return np.array(photo.convert("RGB"))


def measure_parts(paths: Sequence[Path]) -> dict[str, float]:
    """Milliseconds of processor time a photo, and what decoding at half the size would save."""
    find, detector = open_detector("yunet", mode="balanced"), MaskDetector.load(n_threads=1)
    tasks = [Task(source) for source in find_sources([str(path) for path in paths])]
    decide(tasks[:2], detector)
    spent_s = dict.fromkeys(("decoding", "at_half", "detector"), 0.0)
    for path in paths:  # one at a time, as the pipeline holds a few
        decode_s, image = clocked(partial(read_image, path))
        half_s, _ = clocked(partial(decode_at_half, path))
        find_s, _ = clocked(partial(find, image))
        for name, seconds in zip(spent_s, (decode_s, half_s, find_s), strict=True):
            spent_s[name] += seconds
    whole_s, _ = clocked(partial(decide, tasks, detector))
    saved = (spent_s["decoding"] - spent_s["at_half"]) / whole_s
    told = {**spent_s, "whole": whole_s}
    return {
        **{name: round(1000 * seconds / len(paths), 2) for name, seconds in told.items()},
        "share_saved": round(saved, 3),
    }


def measure_ways(tasks: Sequence[Task]) -> dict[str, Any]:
    """Pictures a second of two processes, and of one with two threads."""
    ways: dict[str, tuple[int | None, int]] = {
        "2 processes": (2, 1),
        "1 process, 2 threads": (None, 2),
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, (workers, n_threads) in ways.items():
            load = partial(MaskDetector.load, n_threads=n_threads)
            rates[name].append(round(rate_of_flow(tasks, load, workers), 1))
    processes, threads = rates.values()
    ratios = [many / one for many, one in zip(processes, threads, strict=True)]
    return {"pictures_per_s": rates, "processes_to_threads": round(statistics.median(ratios), 2)}


class Late(SimpleHTTPRequestHandler):
    """Gives files, each 50 ms late."""

    def do_GET(self) -> None:
        """Wait, then answer."""
        time.sleep(LATE_S)
        super().do_GET()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """Lets many callers wait at its door; by default the sixth would have to knock again."""

    request_queue_size = 128


def measure_waiting(paths: Sequence[Path]) -> float:
    """Pictures a second that one worker reads from a store that is late."""
    handler = partial(Late, directory=str(paths[0].parent))
    with Server(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        units = [Unit(PICTURE, f"{address}/{path.name}") for path in paths]
        next(read_part(units))  # the first loads what speaks HTTP
        began_s = time.perf_counter()
        n_read = sum(encoded.content is not None for encoded in read_part(units))
        rate = n_read / (time.perf_counter() - began_s)
        server.shutdown()
    return round(rate, 1)


def main() -> None:
    """Measure, show and keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--photos", type=int, default=24, help="how many are enlarged")
    parser.add_argument("--dry", action="store_true", help="keep no figures")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    sources = find_sources(arguments.folder)
    load_before = os.getloadavg()[0]
    ways = measure_ways([Task(source) for source in sources[:240]])
    waiting = measure_waiting([source.path for source in sources[:400] if source.path])
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    paths = [source.path for source in sources[: arguments.photos] if source.path]
    with tempfile.TemporaryDirectory() as folder:
        large = [Path(folder) / f"{number}.jpg" for number in range(len(paths))]
        for path, to in zip(paths, large, strict=True):
            enlarge(path, to)
        parts = {"as_it_is": measure_parts(paths), "12_megapixels": measure_parts(large)}
    figures = {
        "load_before": round(load_before, 2),
        "ms_a_photo": parts,
        "ways": ways,
        "read_per_s_when_50_ms_late": waiting,
    }
    record("bulk", figures, dry=arguments.dry)


if __name__ == "__main__":
    main()
