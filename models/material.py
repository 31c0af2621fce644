"""Material: what the shipped network is trained on.

DATA holds `faces/` (pictures of one face each, a folder per class, with a manifest.csv that names
sources) and `scenes/` (photos with boxes in COCO, parted into train and val).
"""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
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
from maskwise.labels import LABELS

NOT_FOR_US: Final = {"maskedfacenet_maskon"}  # its licence forbids commercial use
CUT_FROM_SCENES: Final = {"andrewmvd_crops", "ilc2021_crops"}  # we cut them ourselves, by our rule
MIN_SIDE_PX: Final = 16  # of a face: below, nobody can tell
MIN_SCORE: Final = 0.7
MAX_SECOND: Final = 0.5  # of the area of the largest face
LABELS_CSV: Final = Path(__file__).with_name("labels.csv")
"""Of faces whose label is wrong: the hash of the picture, the box where it holds several, what the
label should be, or nothing if the face should not be used, and why. Each was looked at, after a
network that had not been trained on it had found the label unlikely."""
TOLD: Final = ("source", "group", "scene", "synthetic")
CROWDS: Final = ((1, "1"), (4, "2 to 4"), (10**6, "5 and more"))
COVERINGS_CSV: Final = Path(__file__).with_name("coverings.csv")
"""Of most pictures of one face: the hash, and which kind of mask or what else covers the mouth or
the chin. Each was looked at once."""


def all_pictures(folder: Path) -> Dataset:
    """Single faces, and the faces in the training part of the scenes."""
    parts = [single_faces(folder / "faces"), faces_in_scenes(folder / "scenes")]
    data = join_datasets(parts)
    return replace(data, samples=tuple(described(data.samples)))


def described(samples: Sequence[Sample]) -> Iterator[Sample]:
    """The samples with those attributes alone by which results are to be told apart."""
    covering_of = read_coverings()
    for sample in samples:
        said = {name: sample.attributes[name] for name in TOLD if sample.attributes.get(name)}
        if covering := covering_of.get(sample.sha256):
            said["covering"] = covering
        if n_faces := int(sample.attributes.get("boxes", 0)):
            said["faces_in_photo"] = next(words for most, words in CROWDS if n_faces <= most)
        yield replace(sample, attributes=said)


def scenes_to_judge_on(folder: Path) -> Dataset:
    """The validation part of the scenes."""
    return Dataset.open(folder / "scenes" / "annotations_coco_val.json")


def single_faces(folder: Path) -> Dataset:
    """Pictures of one face each: as they are and, where it is found, cut to the face.

    Labels are corrected as labels.csv says. Of a picture with several faces of
    about one size nobody knows which the label means: it is left out.
    """
    data = Dataset.open(folder)
    kept = [s for s in data.samples if s.source not in NOT_FOR_US | CUT_FROM_SCENES]
    detector = open_detector("yunet")

    def shown(sample: Sample) -> list[Sample]:
        found = detector(data.read(sample))
        sure = found.xyxy[found.detector_score >= MIN_SCORE].astype(np.float64)
        boxes = sorted(sure.tolist(), key=_area, reverse=True)
        if not boxes:
            return [sample]
        if len(boxes) > 1 and _area(boxes[1]) > MAX_SECOND * _area(boxes[0]):
            return []
        left, top, right, bottom = boxes[0]
        return [sample, replace(sample, box_xyxy=(left, top, right, bottom))]

    samples = chain.from_iterable(map_in_threads(shown, list(corrected(kept))))
    return replace(data, samples=tuple(samples))


def corrected(samples: Iterable[Sample]) -> Iterator[Sample]:
    """The samples with the labels of labels.csv, without those that have none there."""
    with LABELS_CSV.open(encoding="utf-8", newline="") as file:
        label_of = {(row["sha256"], row["box_xyxy"]): row["label"] for row in csv.DictReader(file)}
    for sample in samples:
        box = "" if sample.box_xyxy is None else json.dumps(sample.box_xyxy)
        name = label_of.get((sample.sha256, box), LABELS[sample.label])
        if name:
            yield replace(sample, label=LABELS.index(name))


def read_coverings() -> Mapping[str, str]:
    """What covers the face, by the hash of its picture."""
    with COVERINGS_CSV.open(encoding="utf-8", newline="") as file:
        return {row["sha256"]: row["covering"] for row in csv.DictReader(file)}


def _area(box_xyxy: Sequence[float]) -> float:
    left, top, right, bottom = box_xyxy
    return (right - left) * (bottom - top)


def faces_in_scenes(folder: Path) -> Dataset:
    """The faces of the training part that are large enough to tell."""
    data = Dataset.open(folder / "annotations_coco_train.json")
    return replace(data, samples=tuple(corrected(large_enough(data.samples))))


def large_enough(samples: Iterable[Sample]) -> Iterator[Sample]:
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
