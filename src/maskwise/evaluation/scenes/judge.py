"""Judge: lets a network and a face detector answer on whole pictures."""

import heapq
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from maskwise import __version__
from maskwise.boxes import Boxes
from maskwise.dataset.dataset import Dataset
from maskwise.dataset.reading import Progress
from maskwise.dataset.samples import Sample
from maskwise.errors import BadDataset
from maskwise.evaluation.scenes.faults import Faults, draw_faults
from maskwise.evaluation.scenes.matching import SizeRange
from maskwise.evaluation.scenes.metrics import measure_scenes
from maskwise.evaluation.scenes.report import SceneReport
from maskwise.evaluation.scenes.scene import Scene
from maskwise.evaluation.subject import Subject
from maskwise.images import read_image
from maskwise.inference.pipeline import MaskDetector
from maskwise.names import legible
from maskwise.runs.run import Run

_SHOWN_PICTURES: Final = 12


def evaluate_scenes(
    model: str | os.PathLike[str] | Run | Subject,
    data: Dataset | str | os.PathLike[str],
    *,
    faces: str = "yunet",
    mode: str = "balanced",
    min_size_px: float = 0.0,
    on_progress: Progress | None = None,
) -> SceneReport:
    """Judge a network on whole pictures, together with what finds the faces for it.

    Args:
        model: A finished run or its folder, the folder of a bundle, or `shipped` for the bundle
            that comes with maskwise.
        data: Pictures with a box for each face. Faces of classes that the network does not know
            are ignored; pictures that a run was trained on, and near-duplicates, are left out.
        faces: How faces are found; a name in `maskwise.faces.detector.DETECTORS`.
        mode: How thoroughly; an entry of `maskwise.faces.detector.MODES`.
        min_size_px: Faces whose shorter side is below this are ignored.
        on_progress: Told how far it is: first how many pictures were looked at, those of the
            training included, then on how many answers were given.

    Returns:
        Average precision by class and by size; faces missed, displaced and misnamed, told apart;
        and the pictures on which most went wrong. `SceneReport.write` makes the files.

    Raises:
        BadRun: The run is missing, unfinished or damaged.
        BadBundle: The bundle is damaged or was changed.
        BadDataset: A face has no box, a picture has changed, or nothing is left to judge on.
        InvalidInput: There is no such detector or mode, or `min_size_px` is negative or not finite.
    """
    size = SizeRange(min_size_px)
    subject = Subject.open(model)
    detector = MaskDetector.load(subject.model.folder, faces=faces, mode=mode)
    dataset = data if isinstance(data, Dataset) else Dataset.open(data)
    _require_boxes(dataset)
    kept, notes = subject.unseen(dataset, on_progress)
    scenes: list[Scene] = []
    worst: list[tuple[int, int, Faults, Scene]] = []
    faces_by_path = _faces_by_path(dataset, kept)
    for number, (path, samples) in enumerate(faces_by_path.items(), start=1):
        answer = detector(_read(dataset, path, samples))
        known = [sample for sample in samples if sample.label in subject.labels]
        scene = Scene(
            truth_xyxy=_boxes(known),
            truth_label=np.array([sample.label for sample in known], dtype=np.int64),
            answer=answer,
            ignored_xyxy=_boxes([s for s in samples if s.label not in subject.labels]),
        )
        scenes.append(scene)
        faults = Faults.of(path, scene, size)
        if faults.total:
            heapq.heappush(worst, (faults.total, -number, faults, scene))
            if len(worst) > _SHOWN_PICTURES:
                heapq.heappop(worst)
        if on_progress is not None:
            on_progress(number, len(faces_by_path))
    return SceneReport(
        title=f"{subject.name} with {faces} on {legible(dataset.root.resolve().name)}",
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        facts=_facts(subject, kept, (faces, mode), min_size_px, len(scenes)),
        metrics=measure_scenes(scenes, min_size_px=min_size_px),
        faults=tuple(
            replace(
                faults,
                picture_jpeg=draw_faults(
                    _read(dataset, faults.path, faces_by_path[faults.path]), scene, size
                ),
            )
            for *_, faults, scene in sorted(worst, reverse=True)
        ),
        notes=notes,
    )


def _require_boxes(dataset: Dataset) -> None:
    for sample in dataset.samples:
        if sample.box_xyxy is None:
            raise BadDataset(
                f"{legible(sample.path)} in {legible(dataset.root)} has no box, but to judge "
                "where faces are found takes one for each. To judge pictures of one face each, "
                "leave `--faces` out."
            )


def _faces_by_path(dataset: Dataset, kept: Dataset) -> Mapping[str, Sequence[Sample]]:
    """All faces of each picture that is to be judged on; none where there is none."""
    judged = {sample.path for sample in kept.samples}
    by_path: dict[str, list[Sample]] = {path: [] for path in dataset.faceless}
    for sample in dataset.samples:
        if sample.path in judged:
            by_path.setdefault(sample.path, []).append(sample)
    return by_path


def _read(dataset: Dataset, path: str, samples: Sequence[Sample]) -> NDArray[np.uint8]:
    return dataset.read(samples[0]) if samples else read_image(dataset.root / path)


def _boxes(samples: Sequence[Sample]) -> Boxes:
    boxes: Boxes = np.array([s.box_xyxy for s in samples], dtype=np.float64).reshape(-1, 4)
    return boxes


def _facts(
    subject: Subject, kept: Dataset, detector: tuple[str, str], min_size_px: float, n_pictures: int
) -> Mapping[str, str]:
    judged = ", ".join(f"{n} {name}" for name, n in kept.counts().items())
    return {
        **subject.facts,
        "Faces found by": detector[0],
        "Mode": detector[1],
        "Judged on": f"{legible(kept.root)}: {n_pictures} pictures with {judged}",
        "Faces ignored below": f"{min_size_px:g} px",
        "Judged with maskwise": __version__,
    }
