"""How fast is a video followed, and which part of it takes the time?

    python benchmarks/video.py DATA [CLIP ...]

A composed clip (`composed.py`) of 1280x720 pixels with up to five people, in H.264, and the CLIPs
that are named: read, found, followed and decided on in `fast` mode by one thread, as `maskwise
detect` does without `--workers`. What counts is processor time for each frame of the video; beside
it what reading alone takes, what it takes if every frame is looked at, and what a plain loop of
OpenCV takes: `cv2.VideoCapture`, then the same detector on every frame. All take turns, in the same
run; the median of the turns is told.

The figures are added to results/video.jsonl, unless `--dry`.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from composed import FPS, compose
from maskwise.dataset.dataset import Dataset
from maskwise.inference.following import due, follow
from maskwise.inference.pipeline import LOOKS_PER_S, MaskDetector
from maskwise.outputs.film import filming
from maskwise.sources.video import Video
from maskwise.tracking.people import People
from record import record

SEED: Final = 200
SECONDS: Final = 8.0
TARGET_FPS: Final = 30.0


def read_alone(path: Path, detector: MaskDetector) -> int:
    """Decode every frame, and make RGB of those that would be looked at."""
    del detector
    n = 0
    with Video.open(str(path)) as video:
        video._stream.thread_type = "NONE"  # so that its time is that of one core

        def counted() -> Any:
            nonlocal n
            for frame in video:
                n += 1
                yield frame

        for frame in due(counted(), LOOKS_PER_S):
            frame.read_rgb()
    return n


def followed(looks_per_s: float | None) -> Callable[[Path, MaskDetector], int]:
    """Follow the people, looking so often."""

    def run(path: Path, detector: MaskDetector) -> int:
        n = 0
        with Video.open(str(path)) as video:
            video._stream.thread_type = "NONE"

            def counted() -> Any:
                nonlocal n
                for frame in video:
                    n += 1
                    yield frame

            for _ in follow(due(counted(), looks_per_s), lambda: detector, People()):
                pass
        return n

    return run


def plain(path: Path, detector: MaskDetector) -> int:
    """What a first script does: OpenCV, and every frame."""
    capture = cv2.VideoCapture(str(path))
    n = 0
    while True:
        is_there, image_bgr = capture.read()
        if not is_there:
            capture.release()
            return n
        detector(np.ascontiguousarray(image_bgr[:, :, ::-1]))
        n += 1


WAYS: Final[Mapping[str, Callable[[Path, MaskDetector], int]]] = {
    "reading": read_alone,
    "followed": followed(LOOKS_PER_S),
    "followed_every_frame": followed(None),
    "plain_loop": plain,
}


def measure(path: Path, detector: MaskDetector, turns: int) -> dict[str, Any]:
    """Milliseconds of processor time a frame, by way."""
    ms: dict[str, list[float]] = {name: [] for name in WAYS}
    n = 0
    for _ in range(turns):
        for name, way in WAYS.items():
            began_s = time.process_time()
            n = way(path, detector)
            ms[name].append((time.process_time() - began_s) / n * 1000)
    middle = {name: round(statistics.median(each), 2) for name, each in ms.items()}
    return {
        "frames": n,
        "ms_a_frame": middle,
        "frames_per_core_second": round(1000 / middle["followed"], 1),
        "plain_loop_to_followed": round(middle["plain_loop"] / middle["followed"], 2),
    }


def main() -> None:
    """Do all of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("clips", type=Path, nargs="*")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--dry", action="store_true", help="keep no record")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    detector = MaskDetector.load(mode="fast", n_threads=1)
    with tempfile.TemporaryDirectory() as folder:
        composed = Path(folder) / "composed.mp4"
        clip = compose(Dataset.open(arguments.data), seed=SEED, seconds=SECONDS, n_people=5)
        with filming(composed, FPS) as film:
            for index, look in enumerate(clip.looks):
                film.add(look.image_rgb, index / FPS)
        figures = {
            path.name: measure(path, detector, arguments.turns)
            for path in (composed, *arguments.clips)
        }
    record("video", {"target_fps": TARGET_FPS, "videos": figures}, dry=arguments.dry)


if __name__ == "__main__":
    main()
