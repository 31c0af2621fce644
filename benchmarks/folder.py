"""A folder of JPEGs: how near is the whole pipeline to what its necessary parts allow?

    python benchmarks/folder.py FOLDER

One thread: `detect_all`, from sources to outcomes, takes turns with its parts on the same group of
pictures, all on one core: decoding by `read_image`; the face detector on decoded pictures; the
classifier on face crops, a whole group in batches of 32. The limit is a pipeline that spends
nothing besides these three. What counts is the median, over the groups, of the share of this limit
that is reached, in pictures per second of processor time.

Workers: `detect_all` with one and with two processes on all pictures, by turns. So that starting
them does not count, the clock runs from the outcome after the first tenth to the last outcome. What
counts is the median of the ratios; it means something only where nothing else runs.

The figures are added to results/folder.jsonl, unless `--dry`.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import cv2

from maskwise.faces.detector import open_detector
from maskwise.images import read_image
from maskwise.inference.batch import Task
from maskwise.inference.bulk import detect_all
from maskwise.inference.bundle import Bundle, shipped_folder
from maskwise.inference.classifier import MaskClassifier
from maskwise.inference.pipeline import MaskDetector
from maskwise.inference.runtimes import open_session
from maskwise.sources.named import find_sources
from record import record

GROUP = 24
ROUNDS = 3
TARGETS = {"share_of_limit": 0.85, "two_workers_to_one": 1.8}

T = TypeVar("T")


class Parts:
    """What the pipeline is made of, each by itself."""

    def __init__(self, mode: str) -> None:
        """Load them as `MaskDetector` does."""
        bundle = Bundle.open(shipped_folder())
        session = open_session(bundle, n_threads=1)
        self._detector = open_detector("yunet", mode=mode)
        self._classifier = MaskClassifier(session, bundle.preprocess, n_classes=len(bundle.labels))

    def measure(self, paths: Sequence[Path]) -> dict[str, float]:
        """Seconds of processor time of each."""
        decode_s, images_rgb = clocked(lambda: [read_image(path) for path in paths])
        detect_s, found = clocked(lambda: [self._detector(image) for image in images_rgb])
        crop = self._classifier.spec.crop
        crops = [
            crop(image, (left, top, right, bottom))
            for image, faces in zip(images_rgb, found, strict=True)
            for left, top, right, bottom in faces.xyxy.tolist()
        ]
        classify_s, _ = clocked(lambda: self._classifier(crops))
        return {"decoding": decode_s, "detector": detect_s, "classifier": classify_s}


def clocked(work: Callable[[], T]) -> tuple[float, T]:
    """Seconds of processor time, and what came of it."""
    began_s = time.process_time()
    result = work()
    return time.process_time() - began_s, result


def decide(tasks: Sequence[Task], detector: MaskDetector) -> None:
    """The whole pipeline."""
    for _ in detect_all(tasks, lambda: detector):
        pass


def measure_share(tasks: Sequence[Task], mode: str) -> dict[str, Any]:
    """Milliseconds a picture of each part and of the whole, and the share of the limit reached."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    parts, detector = Parts(mode), MaskDetector.load(mode=mode, n_threads=1)
    spent: list[dict[str, float]] = []
    shares: list[float] = []
    for start in range(-GROUP, len(tasks), GROUP):
        group = tasks[max(start, 0) : max(start, 0) + GROUP]
        part_s = parts.measure([task.source.path for task in group if task.source.path])
        whole_s, _ = clocked(partial(decide, group, detector))
        if start >= 0:  # the first is for warming up
            spent.append({**part_s, "whole": whole_s})
            shares.append(sum(part_s.values()) / whole_s)
    return {
        "ms_a_picture": {
            name: round(1000 * sum(each[name] for each in spent) / len(tasks), 2)
            for name in spent[0]
        },
        "share_of_limit": round(statistics.median(shares), 3),
    }


def measure_workers(tasks: Sequence[Task], mode: str) -> dict[str, Any]:
    """Pictures per second of one and of two processes, and the ratio round by round."""
    load = partial(MaskDetector.load, mode=mode, n_threads=1)
    rates: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(ROUNDS):
        for workers, each in rates.items():
            each.append(rate_of_flow(tasks, load, workers))
    ratios = [two / one for one, two in zip(rates[1], rates[2], strict=True)]
    return {
        "pictures_per_s": {
            f"{workers} workers": [round(rate, 1) for rate in each]
            for workers, each in rates.items()
        },
        "two_workers_to_one": round(statistics.median(ratios), 2),
    }


def rate_of_flow(
    tasks: Sequence[Task], load: Callable[[], MaskDetector], workers: int | None
) -> float:
    """Pictures per second of the clock, once it flows."""
    times_s = [time.perf_counter() for _ in detect_all(tasks, load, workers=workers)]
    first = len(tasks) // 10
    return (len(tasks) - 1 - first) / (times_s[-1] - times_s[first])


def main() -> None:
    """Measure, show and keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--mode", default="balanced")
    parser.add_argument("--pictures", type=int, default=480)
    parser.add_argument("--dry", action="store_true", help="keep no figures")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    tasks = [Task(source) for source in find_sources(arguments.folder)[: arguments.pictures]]
    load_before = os.getloadavg()[0]
    workers = measure_workers(tasks, arguments.mode)  # first, while all cores are ours
    figures = {
        "load_before": round(load_before, 2),
        "pictures": len(tasks),
        "mode": arguments.mode,
        "one_thread": measure_share(tasks, arguments.mode),
        "workers": workers,
        "targets": TARGETS,
    }
    record("folder", figures, dry=arguments.dry)


if __name__ == "__main__":
    main()
