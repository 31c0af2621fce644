"""Material: what the shipped network is trained on.

DATA holds `faces/` (pictures of one face each, a folder per class, with a manifest.csv that names
sources) and `scenes/` (photos with boxes in COCO, parted into train and val).
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from maskwise.dataset.audit.fingerprint import take_fingerprint
from maskwise.dataset.dataset import Dataset
from maskwise.dataset.grouping import group_beside
from maskwise.dataset.joining import join_datasets
from maskwise.dataset.samples import Sample
from maskwise.dataset.threads import map_in_threads
from maskwise.faces.detector import open_detector

NOT_FOR_US: Final = {"maskedfacenet_maskon"}  # its licence forbids commercial use
CUT_FROM_SCENES: Final = {"andrewmvd_crops", "ilc2021_crops"}  # we cut them ourselves, by our rule
MIN_SIDE_PX: Final = 16  # of a face: below, nobody can tell
MIN_SCORE: Final = 0.7


def all_pictures(folder: Path) -> Dataset:
    """Single faces, and the faces in the training part of the scenes."""
    return join_datasets([single_faces(folder / "faces"), faces_in_scenes(folder / "scenes")])


def scenes_to_judge_on(folder: Path) -> Dataset:
    """The validation part of the scenes."""
    return Dataset.open(folder / "scenes" / "annotations_coco_val.json")


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
