"""Trains, calibrates, judges and exports the bundle that is shipped inside the package.

    python models/shipped.py DATA OUT

DATA holds `faces/` (pictures of one face each, a folder per class, with a manifest.csv that names
sources) and `scenes/` (photos with boxes in COCO, parted into train and val). The network is judged
on val, and trained on no near-duplicate of it. The run, its reports and the bundle land in OUT; cut
off, the script goes on where it was. `make model` runs it and puts the bundle into the package.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

import maskwise as mw
from maskwise.cli.console import hushed, say
from maskwise.cli.train import TrainingProgress
from maskwise.dataset.audit.fingerprint import take_fingerprint
from maskwise.dataset.dataset import Dataset
from maskwise.dataset.grouping import group_beside
from maskwise.dataset.joining import join_datasets
from maskwise.dataset.samples import Sample
from maskwise.dataset.threads import map_in_threads
from maskwise.durable import make_folder
from maskwise.evaluation.scenes.judge import evaluate_scenes
from maskwise.evaluation.validation import calibrate
from maskwise.exporters.export import export
from maskwise.faces.detector import open_detector

NOT_FOR_US: Final = {"maskedfacenet_maskon"}  # its licence forbids commercial use
CUT_FROM_SCENES: Final = {"andrewmvd_crops", "ilc2021_crops"}  # we cut them ourselves, by our rule
MIN_SIDE_PX: Final = 16  # of a face: below, nobody can tell
MIN_SCORE: Final = 0.7
MAX_ERROR: Final = 0.05  # of what is answered; less would leave too much unanswered
LICENCE: Final = "Apache-2.0"


def single_faces(folder: Path) -> Dataset:
    """Pictures of one face each: as they are and, where it is found, cut to the face."""
    data = Dataset.open(folder)
    kept = [s for s in data.samples if s.source not in NOT_FOR_US | CUT_FROM_SCENES]
    detector = open_detector("yunet")

    def cut(sample: Sample) -> Sample | None:
        found = detector(data.read(sample))
        sure = found.xyxy[found.detector_score >= MIN_SCORE].astype(np.float64)
        if not len(sure):
            return None
        left, top, right, bottom = max(sure.tolist(), key=lambda b: (b[2] - b[0]) * (b[3] - b[1]))
        return replace(sample, box_xyxy=(left, top, right, bottom))

    cuts = [sample for sample in map_in_threads(cut, kept) if sample]
    return replace(data, samples=tuple(sorted([*kept, *cuts], key=lambda s: s.path)))


def faces_in_scenes(folder: Path) -> Dataset:
    """The faces of the training part that are large enough to tell."""
    data = Dataset.open(folder / "annotations_coco_train.json")
    return replace(data, samples=tuple(large_enough(data.samples)))


def large_enough(samples: tuple[Sample, ...]) -> Iterator[Sample]:
    """The faces whose shorter side has at least MIN_SIDE_PX."""
    for sample in samples:
        if sample.box_xyxy is not None:
            left, top, right, bottom = sample.box_xyxy
            if min(right - left, bottom - top) >= MIN_SIDE_PX:
                yield sample


def without_copies_of(judged_on: Dataset, data: Dataset) -> Dataset:
    """The data without near-duplicates of the pictures that the network will be judged on."""
    firsts = {sample.path: sample for sample in judged_on.samples}
    prints = np.stack([take_fingerprint(judged_on.read(sample)) for sample in firsts.values()])
    _, familiar = group_beside(data, prints)
    return replace(data, samples=tuple(s for s in data.samples if s.path not in familiar))


def main() -> None:
    """Do all of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    run = arguments.out / "run"
    scenes = arguments.data / "scenes"
    judged_on = Dataset.open(scenes / "annotations_coco_val.json")
    data = without_copies_of(
        judged_on,
        join_datasets([single_faces(arguments.data / "faces"), faces_in_scenes(scenes)]),
    )
    with TrainingProgress() as watcher:
        mw.train(data, out=run, recipe="shipped", resume=True, watcher=watcher)
    rule = calibrate(run, max_error=MAX_ERROR)
    say(f"Answers below {rule.min_probability:.3f} are unsure (guaranteed: {rule.guaranteed})")
    mw.evaluate(run).write(run)
    make_folder(run / "on-scenes")
    evaluate_scenes(run, judged_on, min_size_px=20).write(run / "on-scenes")
    with hushed():
        bundle = export(run, arguments.out / "bundle", name="maskwise-reference", licence=LICENCE)
    for model in bundle.models:
        say(f"{model.runtime} {model.precision}: {dict(model.proof)}")


if __name__ == "__main__":
    main()
