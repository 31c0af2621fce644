"""Cleaning: a data set without what an audit is sure of."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from maskwise.dataset.audit.contradictions import classes_of_shot
from maskwise.dataset.audit.findings import Audit
from maskwise.dataset.dataset import Dataset
from maskwise.dataset.formats.tree import Tree
from maskwise.dataset.samples import Sample

_RANKS: Final = {"test": 2, "validation": 1}
"""Of the sides of a given split; all others come behind."""

_Pictures = Mapping[str, Sequence[Sample]]
"""The faces of each picture, by its path."""


def clean(data: Dataset, found: Audit) -> tuple[Dataset, Mapping[str, str]]:
    """Leave out duplicates and contradictions; doubtful labels stay, as a person must judge them.

    Of pictures that are one shot one stays: one on the test side before one on the validation side
    before others, so that no given test is emptied; then the one with most faces, most pixels and
    most bytes. If they were given different classes, none does, since nobody can say which is
    right. Copies that are `synthetic` are no contradiction, as a mask that was painted onto a bare
    face makes another class of it: of these, one of each class stays beside one that is none.
    A picture with a face that has two classes is left out.

    Args:
        data: What was audited; itself unchanged.
        found: Its audit.

    Returns:
        What is left, and for every picture or file that is not, why.
    """
    faces: dict[str, list[Sample]] = defaultdict(list)
    for sample in data.samples:
        faces[sample.path].append(sample)
    removed: dict[str, str] = {}
    for group in found.near_duplicates:
        removed |= _surplus({path: faces[path] for path in group.paths})
    for face in found.contradictions:
        removed |= dict.fromkeys(face.paths, "the same face stands in another class")
    return (
        replace(
            data,
            samples=tuple(sample for sample in data.samples if sample.path not in removed),
            unreadable=(),
        ),
        dict(sorted((_unused(data, faces) | removed).items())),
    )


def _unused(data: Dataset, faces: _Pictures) -> dict[str, str]:
    """Why files that lie in the data folder are no part of the data set."""
    useful = {*faces, *data.faceless}
    lost = (path for path in Tree.walk(data.root).pictures if path not in useful)
    return {
        **dict.fromkeys(lost, "none of its faces can be used, see the problems in annotations"),
        **dict.fromkeys(data.unlabelled, "no class is known"),
        **{file.path: f"cannot be used: {file.reason}" for file in data.unreadable},
    }


def _surplus(shot: _Pictures) -> dict[str, str]:
    """Which pictures of one shot are too many, and why."""
    if len(classes_of_shot(shot.values())) <= 1:
        return _all_but_best(shot)
    taken = {path: faces for path, faces in shot.items() if not _is_painted(faces)}
    by_class: dict[int, dict[str, Sequence[Sample]]] = defaultdict(dict)
    for path, faces in shot.items():
        if path not in taken:
            by_class[faces[0].label][path] = faces
    if len(classes_of_shot(taken.values())) > 1:
        surplus = dict.fromkeys(taken, "the same shot stands in another class")
    else:
        surplus = _all_but_best(taken)
    for painted in by_class.values():
        surplus |= _all_but_best(painted)
    return surplus


def _all_but_best(pictures: _Pictures) -> dict[str, str]:
    best = max(pictures, key=lambda path: (_worth(pictures[path]), path), default="")
    return {path: f"the same shot as {best}" for path in pictures if path != best}


def _is_painted(faces: Sequence[Sample]) -> bool:
    return any(face.attributes.get("synthetic") == "1" for face in faces)


def _worth(faces: Sequence[Sample]) -> tuple[int, int, int, int]:
    height, width = faces[0].size_hw
    rank = max(_RANKS.get(face.attributes.get("side", ""), 0) for face in faces)
    return rank, len(faces), height * width, faces[0].n_bytes
