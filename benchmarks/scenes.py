"""Whole pictures: how fast are faces found and named, and how well, beside a popular package?

    python benchmarks/scenes.py SCENES --peer PYTHON

SCENES holds pictures with a box for each face, and is split into sides; the validation side is
used. PYTHON is that of an environment with the package `face-mask-detector` 0.2.3; see
plain_scenes.py, which runs there. The package loads its face finder anew for each picture: it is
measured as it is, and with a finder that is loaded once, which is what the targets refer to. Where
it fails, the time until then counts, and its answers are judged as if it had not.

Speed: pictures per second of processor time, each picture by itself, all parties on one thread of
the same core, a group of pictures in turn; finding and naming alone, and with decoding as each
does it. What counts is the median of the ratios, group by group.

Quality: average precision (AP) at an IoU of 0.5, as `maskwise evaluate` takes it on whole pictures.
The package knows no mask that is worn wrongly, so faces that wear one are ignored for all. `ranked`
lets all name every detection of a score from 0.05 on, with its most probable class, and ranks it by
score x probability. `answered` judges what users are told: ours from the score of the mode on and
with faces left *unsure*, which count as missed, the package from its own confidence of 0.5 on.

The figures are added to results/scenes.jsonl, unless `--dry`.
"""

import argparse
import json
import os
import statistics
import subprocess
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from maskwise.dataset.dataset import Dataset
from maskwise.dataset.samples import Sample
from maskwise.evaluation.scenes.metrics import measure_scenes
from maskwise.evaluation.scenes.scene import Scene
from maskwise.faces import yunet
from maskwise.faces.detector import MODES
from maskwise.faces.refined import Refined
from maskwise.faces.yunet import YuNet
from maskwise.images import read_image
from maskwise.inference.bundle import Bundle, shipped_folder
from maskwise.inference.classifier import MaskClassifier
from maskwise.inference.decision import DecisionRule
from maskwise.inference.pipeline import MaskDetector
from maskwise.inference.runtimes import open_session
from maskwise.labels import INCORRECT, LABELS
from maskwise.results import Faces
from record import record

HERE = Path(__file__).parent
GROUP = 20
LEAST_SCORE = 0.05
PEER_CONFIDENCE = 0.5
MIN_SIZES_PX = (0, 20)
PEER = "package, finder loaded once"
TARGETS = {"fast": 5.0, "balanced": 2.5}  # times the rate of `PEER`

Answers = dict[str, list[Faces]]


class Peer:
    """The package, in a process of its own.

    Attributes:
        n_failed: How often it gave up on a picture.
    """

    def __init__(self, python: Path) -> None:
        """Start it."""
        self.n_failed = 0
        self._process = subprocess.Popen(
            [python, HERE / "plain_scenes.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def look(self, paths: Sequence[Path]) -> tuple[dict[str, float], list[Faces]]:
        """Seconds of processor time by what was done, and every detection of each picture."""
        if self._process.stdin is None or self._process.stdout is None:
            raise SystemExit("the package cannot be reached")
        self._process.stdin.write(json.dumps([str(path) for path in paths]) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("the package died; run plain_scenes.py to see why")
        reply = json.loads(line)
        self.n_failed += reply["n_failed"]
        return reply["cpu_s"], [to_faces(each) for each in reply["detections"]]

    def end(self) -> None:
        """Let it go."""
        self._process.communicate()


def to_faces(detections: Sequence[Sequence[float]]) -> Faces:
    """What the package told, with the class that it would name."""
    values = np.array(detections, dtype=np.float32).reshape(-1, 7)
    probability = values[:, 5:]
    return Faces(
        xyxy=values[:, :4],
        detector_score=values[:, 4],
        probability=probability,
        label=probability.argmax(axis=1).astype(np.int64),
    )


def faces_by_path(folder: Path) -> dict[Path, list[Sample]]:
    """The pictures of the validation side with their faces."""
    data = Dataset.open(folder, format="coco")
    by_path: dict[Path, list[Sample]] = {}
    for sample in data.samples:
        if sample.attributes["side"] == "validation":
            by_path.setdefault(data.root / sample.path, []).append(sample)
    return by_path


def open_all(mode: str) -> MaskDetector:
    """As the mode finds faces, but however unsure, and never unsure of what they wear."""
    bundle = Bundle.open(shipped_folder())
    session = open_session(bundle, n_threads=1)
    return MaskDetector(
        Refined(YuNet(yunet.SEARCHES[mode]), min_score=LEAST_SCORE),
        MaskClassifier(session, bundle.preprocess, n_classes=len(bundle.labels)),
        DecisionRule(temperature=bundle.rule.temperature, bias=bundle.rule.bias),
    )


def named(faces: Faces) -> Faces:
    """All of them called by their most probable class."""
    return replace(faces, label=faces.probability.argmax(axis=1).astype(np.int64))


def at_least(faces: Faces, min_score: float) -> Faces:
    """Those that are so sure to be faces."""
    kept = faces.detector_score > min_score
    return Faces(
        xyxy=faces.xyxy[kept],
        detector_score=faces.detector_score[kept],
        probability=faces.probability[kept],
        label=faces.label[kept],
    )


def run_all(paths: Sequence[Path], peer: Peer) -> tuple[dict[str, list[float]], dict[str, Answers]]:
    """Let all take turns; seconds of each by group, and answers of each in both ways."""
    told = {mode: MaskDetector.load(mode=mode, n_threads=1) for mode in MODES}
    every = {mode: open_all(mode) for mode in MODES}
    seconds: dict[str, list[float]] = defaultdict(list)
    answers: dict[str, Answers] = {"ranked": defaultdict(list), "answered": defaultdict(list)}
    run_group(paths[:GROUP], told)  # for warming up
    peer.look(paths[:GROUP])
    peer.n_failed = 0
    for start in range(0, len(paths), GROUP):
        group = paths[start : start + GROUP]
        took_s, said = run_group(group, told)
        peer_took_s, peer_said = peer.look(group)
        for name, each_s in took_s.items():
            seconds[name].append(each_s)
        for name, each_s in peer_took_s.items():
            seconds[f"package, {name}"].append(each_s)
        images_rgb = [read_image(path) for path in group]
        for mode in MODES:
            answers["answered"][mode] += said[mode]
            answers["ranked"][mode] += [named(every[mode](image)) for image in images_rgb]
        answers["answered"]["package"] += [at_least(each, PEER_CONFIDENCE) for each in peer_said]
        answers["ranked"]["package"] += peer_said
    return seconds, answers


def run_group(
    paths: Sequence[Path], detectors: Mapping[str, MaskDetector]
) -> tuple[dict[str, float], Answers]:
    """Seconds of processor time by what was done, and the answers in each mode."""
    began_s = time.process_time()
    images_rgb = [read_image(path) for path in paths]
    seconds = {"decoding": time.process_time() - began_s}
    answers = {}
    for mode, detector in detectors.items():
        began_s = time.process_time()
        answers[mode] = [detector(image_rgb) for image_rgb in images_rgb]
        seconds[mode] = time.process_time() - began_s
    return seconds, answers


def measure_speed(
    seconds: Mapping[str, Sequence[float]], n_pictures: int, *, decoding: bool
) -> dict[str, Any]:
    """Pictures per second of processor time, and how many times that of the package."""
    spent = {name: np.array(each) for name, each in seconds.items() if "decoding" not in name}
    if decoding:
        for name, each in spent.items():
            each += seconds["package, decoding" if "package" in name else "decoding"]
    return {
        "pictures_per_cpu_s": {
            name: round(n_pictures / float(each.sum()), 1) for name, each in spent.items()
        },
        "ratios": {
            mode: {
                name: round(statistics.median((each / spent[mode]).tolist()), 2)
                for name, each in spent.items()
                if "package" in name
            }
            for mode in MODES
        },
    }


def measure_quality(
    faces: Sequence[Sequence[Sample]], answers: Sequence[Faces]
) -> dict[str, dict[str, Any]]:
    """AP with interval by class and of both, for all faces and without the small ones."""
    scenes = [to_scene(*pair) for pair in zip(faces, answers, strict=True)]
    found = {}
    for min_size_px in MIN_SIZES_PX:
        overall = measure_scenes(scenes, min_size_px=min_size_px).overall
        estimates = {
            LABELS[each.label]: each.average_precision
            for each in overall.per_class
            if each.label != INCORRECT
        }
        estimates["mean"] = overall.mean_average_precision
        found[f"from_{min_size_px}px"] = {
            name: {key: None if v is None else round(v, 4) for key, v in each.to_dict().items()}
            for name, each in estimates.items()
        }
    return found


def to_scene(faces: Sequence[Sample], answer: Faces) -> Scene:
    """A picture to judge, on which masks that are worn wrongly are ignored."""
    boxes = np.array([face.box_xyxy for face in faces], dtype=np.float64).reshape(-1, 4)
    label = np.array([face.label for face in faces], dtype=np.int64)
    ignored = label == INCORRECT
    return Scene(boxes[~ignored], label[~ignored], answer, ignored_xyxy=boxes[ignored])


def main() -> None:
    """Measure, show and keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scenes", type=Path)
    parser.add_argument("--peer", type=Path, required=True, metavar="PYTHON")
    parser.add_argument("--dry", action="store_true", help="keep no figures")
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    cv2.setNumThreads(1)
    by_path = faces_by_path(arguments.scenes)
    peer = Peer(arguments.peer)
    seconds, answers = run_all(list(by_path), peer)
    peer.end()
    figures = {
        "pictures": len(by_path),
        "package_failed_on": peer.n_failed,
        "speed": measure_speed(seconds, len(by_path), decoding=False),
        "speed_with_decoding": measure_speed(seconds, len(by_path), decoding=True),
        "targets": {mode: {PEER: times} for mode, times in TARGETS.items()},
        "ap": {
            way: {name: measure_quality(list(by_path.values()), each) for name, each in of.items()}
            for way, of in answers.items()
        },
    }
    record("scenes", figures, dry=arguments.dry)


if __name__ == "__main__":
    main()
