"""Audit: look at every picture of a data set once, and say what would fool a training."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import PurePosixPath
from typing import Final

import numpy as np
from numpy.typing import NDArray

from maskwise.dataset.audit.contradictions import classes_of_shot, find_contradictions
from maskwise.dataset.audit.duplicates import NearDuplicates, find_near_duplicates
from maskwise.dataset.audit.findings import Audit, DuplicateGroup, Misnamed, Probe, Suspect
from maskwise.dataset.audit.fingerprint import take_fingerprint
from maskwise.dataset.audit.page import shown_paths
from maskwise.dataset.audit.parted import find_parted
from maskwise.dataset.audit.probes import probe_shortcuts
from maskwise.dataset.audit.suspects import find_mislabels, predict_labels
from maskwise.dataset.audit.traits import TRAITS, take_traits
from maskwise.dataset.dataset import MIN_PER_CLASS, Dataset
from maskwise.dataset.grouping import join_groups
from maskwise.dataset.reading import Progress
from maskwise.dataset.samples import Sample
from maskwise.dataset.split import find_leaks, number_groups, split_randomly
from maskwise.dataset.threads import map_in_threads
from maskwise.images import decode_image, thumbnail_jpeg
from maskwise.labels import LABELS
from maskwise.preprocess import PreprocessSpec
from maskwise.signatures.kinds import kind_of

_LEAST_FACE_SCORE: Final = 0.3
_SUFFIXES: Final = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "PNG": (".png",),
    "WebP": (".webp",),
}


@dataclass(frozen=True, slots=True)
class _Looked:
    """What is kept of a picture: its kind, its fingerprint, and of each face traits and score."""

    kind: str
    fingerprint: NDArray[np.void]
    traits: list[NDArray[np.void]]
    face_scores: list[float]


def audit(
    data: Dataset,
    *,
    face_score: Callable[[NDArray[np.uint8]], float] | None = None,
    seed: int = 0,
    on_progress: Progress | None = None,
) -> Audit:
    """Look for what would fool a training; see `Dataset.audit`."""
    pictures: dict[str, list[Sample]] = defaultdict(list)
    for sample in data.samples:
        pictures[sample.path].append(sample)
    tell = _in_thirds(max(len(pictures), 1), on_progress)
    looked = []
    passing = map_in_threads(lambda faces: _look(data, faces, face_score), list(pictures.values()))
    for done, picture in enumerate(passing, start=1):
        looked.append(picture)
        tell(0, done, len(pictures))
    twins = NearDuplicates((), ())
    if looked:
        prints = np.stack([picture.fingerprint for picture in looked])
        twins = find_near_duplicates(prints, on_progress=lambda done, total: tell(1, done, total))
    grouped = join_groups(data, twins.ties)
    traits = np.array([t for picture in looked for t in picture.traits], dtype=TRAITS)
    probes, mislabels = _suspicions(grouped, traits, seed)
    tell(2, 1, 1)
    paths = list(pictures)
    groups = _worst_first(
        [_duplicates([pictures[paths[i]] for i in found]) for found in twins.groups]
    )
    found = Audit(
        root=data.root,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        n_pictures=len(pictures),
        counts=data.counts(),
        counts_by_source=_by_source(data.samples),
        unreadable=data.unreadable,
        unlabelled=data.unlabelled,
        problems=data.problems,
        misnamed=tuple(_misnamed(zip(paths, (picture.kind for picture in looked), strict=True))),
        exact_duplicates=tuple(sorted(_exact(data.samples))),
        near_duplicates=tuple(groups),
        contradictions=find_contradictions(data.samples),
        split_scenes=_split_scenes(data.samples),
        parted_groups=find_parted(grouped.samples),
        mislabels=mislabels,
        non_faces=None
        if face_score is None
        else tuple(_non_faces(pictures.values(), (picture.face_scores for picture in looked))),
        probes=probes,
        leak=_leak(grouped, seed),
    )
    return replace(
        found,
        thumbnails_jpeg={
            path: thumbnail_jpeg(data.read(pictures[path][0])) for path in shown_paths(found)
        },
    )


def _in_thirds(n: int, on_progress: Progress | None) -> Callable[[int, int, int], None]:
    """Progress over three stages of the same length, in pictures."""

    def tell(stage: int, done: int, total: int) -> None:
        if on_progress is not None:
            on_progress(stage * n + n * done // max(total, 1), 3 * n)

    return tell


def _look(
    data: Dataset,
    faces: Sequence[Sample],
    face_score: Callable[[NDArray[np.uint8]], float] | None,
) -> _Looked:
    content = data.read_file(faces[0])
    image_rgb = decode_image(content)
    faces_rgb = [PreprocessSpec().crop(image_rgb, face.box_xyxy) for face in faces]
    return _Looked(
        kind_of(content),
        take_fingerprint(image_rgb),
        [take_traits(content, face_rgb) for face_rgb in faces_rgb],
        [] if face_score is None else [face_score(face_rgb) for face_rgb in faces_rgb],
    )


def _suspicions(
    grouped: Dataset, traits: NDArray[np.void], seed: int
) -> tuple[tuple[Probe, ...], tuple[Suspect, ...]]:
    samples = grouped.samples
    label = np.array([sample.label for sample in samples], dtype=np.int64)
    if len(np.unique(label)) < 2:
        return (), ()
    group = number_groups(samples)
    probability = predict_labels(traits["thumbnail"], label, group, seed=seed)
    probes = probe_shortcuts(traits, label, group, thumbnail_probability=probability, seed=seed)
    doubted = [] if probability is None else find_mislabels(probability, label)
    return (
        probes,
        tuple(
            Suspect(
                samples[each.index].path,
                samples[each.index].box_xyxy,
                samples[each.index].label,
                1 - each.probability,
                each.likelier_label,
            )
            for each in doubted
        ),
    )


def _duplicates(pictures: Sequence[Sequence[Sample]]) -> DuplicateGroup:
    faces = list(chain.from_iterable(pictures))
    return DuplicateGroup(
        paths=tuple(sorted(picture[0].path for picture in pictures)),
        labels=classes_of_shot(pictures),
        sides=tuple(sorted({face.attributes.get("side", "") for face in faces} - {""})),
        is_exact=len({face.sha256 for face in faces}) == 1,
    )


def _worst_first(groups: Sequence[DuplicateGroup]) -> list[DuplicateGroup]:
    """First those in two classes, then those on two sides of the given split, then by name."""
    return sorted(
        groups,
        key=lambda found: (not found.crosses_classes, not found.crosses_sides, found.paths),
    )


def _by_source(samples: Sequence[Sample]) -> Mapping[str, Mapping[str, int]]:
    found = Counter((sample.source, sample.label) for sample in samples)
    sources = sorted({source for source, _ in found})
    if sources in ([], [""]):
        return {}
    return {
        source: {name: found[source, label] for label, name in enumerate(LABELS)}
        for source in sources
    }


def _non_faces(
    pictures: Iterable[Sequence[Sample]], face_scores: Iterable[Sequence[float]]
) -> list[Suspect]:
    scored = [
        (score, face)
        for faces, scores in zip(pictures, face_scores, strict=True)
        for face, score in zip(faces, scores, strict=True)
    ]
    doubted = sorted(
        ((score, face) for score, face in scored if score < _LEAST_FACE_SCORE),
        key=lambda each: (each[0], each[1].path),
    )
    return [Suspect(face.path, face.box_xyxy, face.label, 1 - score) for score, face in doubted]


def _misnamed(kinds: Iterator[tuple[str, str]]) -> Iterator[Misnamed]:
    for path, kind in kinds:
        if PurePosixPath(path).suffix.lower() not in _SUFFIXES.get(kind, ()):
            yield Misnamed(path, kind)


def _split_scenes(samples: Sequence[Sample]) -> Mapping[str, tuple[str, ...]]:
    sides: dict[str, set[str]] = defaultdict(set)
    for sample in samples:
        scene, side = sample.attributes.get("scene"), sample.attributes.get("side")
        if scene and side:
            sides[scene].add(side)
    return {scene: tuple(sorted(found)) for scene, found in sorted(sides.items()) if len(found) > 1}


def _leak(grouped: Dataset, seed: int) -> float | None:
    counts = Counter(sample.label for sample in grouped.samples)
    common = grouped.only([label for label, n in counts.items() if n >= MIN_PER_CLASS]).samples
    if len({sample.label for sample in common}) < 2:
        return None
    split = split_randomly(common, test_share=0.2, validation_share=0.1, seed=seed)
    return sum(map(len, find_leaks(split).values())) / len(split.test)


def _exact(samples: Sequence[Sample]) -> Iterator[tuple[str, ...]]:
    paths: dict[str, dict[str, None]] = defaultdict(dict)
    for sample in samples:
        paths[sample.sha256][sample.path] = None
    return (tuple(sorted(found)) for found in paths.values() if len(found) > 1)
