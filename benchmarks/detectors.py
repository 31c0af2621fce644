"""Which faces does each detector find in each mode, and how long does it take?

    python benchmarks/detectors.py SCENES train|validation [--faces FACES] [--only NAME ...]

SCENES holds pictures with a box for each face, and is split into sides. Average precision (AP) and
recall are those of `maskwise evaluate` on whole pictures, at an IoU of 0.5, whatever a face wears:
AP counts answers down to a score of 0.05, recall and false alarms those that the mode tells of.
By mask state only faces of at least 20 pixels are judged. Speed is that of detection alone, on one
thread, in pictures per second of processor time.

FACES holds close-ups, class folders with a manifest that marks tight crops. One is found if a box
holds its middle and at least a seventh of it. Half of the pictures, by their names, belong to
either side.

For comparison: `opencv-640` is YuNet run by OpenCV, as most scripts do it, and `plain-yunet` is
YuNet in the sizes of a mode without the second look. The figures are added to
results/detectors.jsonl.
"""

import argparse
import csv
import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwise.dataset.dataset import Dataset
from maskwise.evaluation.scenes.metrics import SizeMetrics, measure_scenes
from maskwise.evaluation.scenes.scene import Scene
from maskwise.faces import centerface, yunet
from maskwise.faces.border import faces_inside
from maskwise.faces.centerface import CenterFace
from maskwise.faces.detector import MODES, FaceDetector
from maskwise.faces.refined import MIN_SCORE, Refined
from maskwise.faces.yunet import YuNet
from maskwise.images import read_image
from maskwise.labels import LABELS
from maskwise.results import Faces
from record import record

LEAST_SCORE = 0.05
MIN_SIZE_PX = 20
CLOSE_UPS = 400
LEAST_SHARE = 1 / 7

Rgb = NDArray[np.uint8]


class OpenCvYuNet:
    """YuNet as OpenCV runs it, in one size."""

    def __init__(self, long_side_px: int, min_score: float) -> None:
        """Load the weights."""
        self._long_side_px = long_side_px
        weights = np.frombuffer(yunet.WEIGHTS.read(), dtype=np.uint8)
        self._detector: Any = cv2.FaceDetectorYN.create(
            *("onnx", weights, np.zeros(0, dtype=np.uint8), (320, 320)),
            score_threshold=min_score,
        )

    def __call__(self, image_rgb: Rgb) -> Faces:
        """Find the faces."""
        height, width = image_rgb.shape[:2]
        scale = self._long_side_px / max(height, width)
        scaled: Any = cv2.resize(image_rgb[:, :, ::-1], None, fx=scale, fy=scale)
        self._detector.setInputSize(scaled.shape[1::-1])
        _, found = self._detector.detect(scaled)
        faces = np.zeros((0, 15)) if found is None else found.astype(np.float64)
        xyxy = np.concatenate([faces[:, :2], faces[:, :2] + faces[:, 2:4]], axis=1) / scale
        return faces_inside(xyxy, faces[:, -1].astype(np.float32), (height, width))


@dataclass(frozen=True)
class Entry:
    """A detector: made so that it tells of faces from a score on, and from which score it does."""

    open: Callable[[float], FaceDetector]
    min_score: float


def plain(mode: str) -> Entry:
    """YuNet without a second look."""
    return Entry(lambda score: YuNet(replace(yunet.SEARCHES[mode], min_score=score)), 0.7)


def refined(mode: str) -> Entry:
    """YuNet as it is used."""
    search = yunet.SEARCHES[mode]
    return Entry(lambda score: Refined(YuNet(search), min_score=score), MIN_SCORE)


def center(mode: str) -> Entry:
    """CenterFace."""
    search = centerface.SEARCHES[mode]
    return Entry(lambda score: CenterFace(replace(search, min_score=score)), search.min_score)


ENTRIES: Mapping[str, Entry] = {
    "opencv-640": Entry(lambda score: OpenCvYuNet(640, score), 0.7),
    **{f"plain-yunet-{mode}": plain(mode) for mode in MODES},
    **{f"yunet-{mode}": refined(mode) for mode in MODES},
    **{f"centerface-{mode}": center(mode) for mode in MODES},
}


def read_scenes(folder: Path, side: str) -> list[tuple[Rgb, Scene]]:
    """The pictures of a side, in order, with their faces; nothing is answered yet."""
    data = Dataset.open(folder, format="coco")
    samples: dict[str, list[Any]] = {}
    for sample in data.samples:
        if sample.attributes.get("side") == side:
            samples.setdefault(sample.path, []).append(sample)
    return [
        (
            read_image(data.root / path),
            Scene(
                truth_xyxy=np.array([face.box_xyxy for face in faces], dtype=np.float64),
                truth_label=np.array([face.label for face in faces], dtype=np.int64),
                answer=told_from(np.zeros((0, 4), np.float32), np.zeros(0, np.float32)),
            ),
        )
        for path, faces in samples.items()
    ]


def told_from(xyxy: NDArray[np.float32], score: NDArray[np.float32]) -> Faces:
    """Faces that are found and named alike, so that AP is that of finding them."""
    n = len(xyxy)
    return Faces(
        xyxy=xyxy,
        detector_score=score,
        probability=np.tile(np.array([1, 0], dtype=np.float32), (n, 1)),
        label=np.zeros(n, dtype=np.int64),
    )


def one_class(scene: Scene, faces: Faces) -> Scene:
    """A scene in which it makes no difference what a face wears."""
    told = told_from(faces.xyxy, faces.detector_score)
    return replace(scene, truth_label=np.zeros_like(scene.truth_label), answer=told)


def at_least(faces: Faces, min_score: float) -> Faces:
    """Those that are so sure."""
    kept = faces.detector_score >= min_score
    return Faces.found(xyxy=faces.xyxy[kept], detector_score=faces.detector_score[kept])


def measure(entry: Entry, pictures: Sequence[tuple[Rgb, Scene]]) -> dict[str, Any]:
    """AP, recall, false alarms and speed."""
    every = entry.open(LEAST_SCORE)
    found = [(scene, every(image_rgb)) for image_rgb, scene in pictures]
    told = [replace(scene, answer=at_least(faces, entry.min_score)) for scene, faces in found]
    in_all = [one_class(scene, faces) for scene, faces in found]
    ranked, recalled = measure_scenes(in_all), measure_scenes(told)
    large = measure_scenes(told, min_size_px=MIN_SIZE_PX).overall
    return {
        "min_score": entry.min_score,
        "ap": rounded(ranked.overall.mean_average_precision.to_dict()),
        "ap_from_20px": rounded(
            measure_scenes(in_all, min_size_px=MIN_SIZE_PX).overall.mean_average_precision.to_dict()
        ),
        "recall": rounded(recalled.overall.detector_recall.to_dict()),
        "recall_by_size": {each.size.words: shortly(each) for each in recalled.by_size},
        "from_20px": shortly(large),
        "recall_by_class": {
            name: {"faces": each.support, **rounded(each.detector_recall.to_dict())}
            for name, each in zip(LABELS, large.per_class, strict=True)
        },
        "pictures_per_cpu_s": round(speed(entry, [image_rgb for image_rgb, _ in pictures]), 1),
    }


def shortly(size: SizeMetrics) -> dict[str, Any]:
    """How many faces there are, and what was found."""
    return {
        "faces": size.support,
        **rounded(size.detector_recall.to_dict()),
        "false_alarms": size.false_alarms,
    }


def rounded(figures: Mapping[str, float | None]) -> dict[str, float | None]:
    """To four digits."""
    return {name: None if each is None else round(each, 4) for name, each in figures.items()}


def speed(entry: Entry, images_rgb: Sequence[Rgb]) -> float:
    """Pictures per second of processor time."""
    detector = entry.open(entry.min_score)
    detector(images_rgb[0])
    began_s = time.process_time()
    for image_rgb in images_rgb:
        detector(image_rgb)
    return len(images_rgb) / (time.process_time() - began_s)


def read_close_ups(folder: Path, side: str) -> list[tuple[str, Rgb]]:
    """Tight crops of this side, drawn by lot, with what each wears."""
    with (folder / "manifest.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["face_crop"] == "1"]
    odd = side != "train"
    rows = [row for row in rows if hashlib.sha256(row["file"].encode()).digest()[0] % 2 == odd]
    chosen = np.random.default_rng(0).permutation(len(rows))[:CLOSE_UPS]
    return [(rows[i]["label"], read_image(folder / rows[i]["file"])) for i in chosen]


def recall_of_close_ups(entry: Entry, pictures: Sequence[tuple[str, Rgb]]) -> dict[str, Any]:
    """How many are found, by what they wear."""
    detector = entry.open(entry.min_score)
    hits: dict[str, list[bool]] = {}
    for label, image_rgb in pictures:
        hits.setdefault(label, []).append(is_found(detector(image_rgb), image_rgb))
    return {
        "all": round(float(np.mean([hit for each in hits.values() for hit in each])), 4),
        **{label: round(float(np.mean(each)), 4) for label, each in sorted(hits.items())},
    }


def is_found(faces: Faces, image_rgb: Rgb) -> bool:
    """Whether a box holds the middle of the picture and enough of it."""
    middle = np.divide(image_rgb.shape[1::-1], 2)
    holds = (faces.xyxy[:, :2] < middle).all(axis=1) & (middle < faces.xyxy[:, 2:]).all(axis=1)
    share = (faces.xyxy[:, 2:] - faces.xyxy[:, :2]).prod(axis=1) / (4 * middle.prod())
    return bool((holds & (share >= LEAST_SHARE)).any())


def main() -> None:
    """Measure, show and keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scenes", type=Path)
    parser.add_argument("side", choices=("train", "validation"))
    parser.add_argument("--faces", type=Path)
    parser.add_argument("--only", nargs="+", choices=ENTRIES, metavar="NAME")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    scenes = read_scenes(arguments.scenes, arguments.side)
    close_ups = read_close_ups(arguments.faces, arguments.side) if arguments.faces else []
    measured: dict[str, Any] = {}
    for name, entry in ENTRIES.items():
        if arguments.only and name not in arguments.only:
            continue
        measured[name] = measure(entry, scenes)
        if close_ups:
            measured[name]["close_ups"] = recall_of_close_ups(entry, close_ups)
        print(name, json.dumps(measured[name]), flush=True)
    figures = {
        "side": arguments.side,
        "pictures": len(scenes),
        "close_ups": len(close_ups),
        "detectors": measured,
    }
    record("detectors", figures)


if __name__ == "__main__":
    main()
