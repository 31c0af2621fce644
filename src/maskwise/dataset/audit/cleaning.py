"""Cleaning: a data set without what an audit is sure of."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from maskwise.dataset.audit.findings import Audit
from maskwise.dataset.dataset import Dataset
from maskwise.dataset.samples import Sample


def clean(data: Dataset, found: Audit) -> tuple[Dataset, Mapping[str, str]]:
    """Leave out duplicates and contradictions; doubtful labels stay, as a person must judge them.

    Of pictures that are one shot the one with most faces, most pixels and most bytes stays. If
    they were given different classes, none does, since nobody can say which is right; unless one
    is `synthetic`: a mask that was painted onto a bare face makes another class of it.

    Args:
        data: What was audited; itself unchanged.
        found: Its audit.

    Returns:
        What is left, and for every picture or file that is not, why.
    """
    faces: dict[str, list[Sample]] = defaultdict(list)
    for sample in data.samples:
        faces[sample.path].append(sample)
    removed = {file.path: f"cannot be used: {file.reason}" for file in data.unreadable}
    for group in found.near_duplicates:
        if len(group.labels) > 1 and _is_painted([faces[path] for path in group.paths]):
            continue
        if len(group.labels) > 1:
            for path in group.paths:
                removed[path] = "the same shot stands in another class"
            continue
        kept = max(group.paths, key=lambda path: (_worth(faces[path]), path))
        for path in group.paths:
            if path != kept:
                removed[path] = f"the same shot as {kept}"
    return (
        replace(
            data,
            samples=tuple(sample for sample in data.samples if sample.path not in removed),
            unreadable=(),
        ),
        dict(sorted(removed.items())),
    )


def _is_painted(pictures: Sequence[Sequence[Sample]]) -> bool:
    return any(face.attributes.get("synthetic") == "1" for faces in pictures for face in faces)


def _worth(faces: Sequence[Sample]) -> tuple[int, int, int]:
    height, width = faces[0].size_hw
    return len(faces), height * width, faces[0].n_bytes
