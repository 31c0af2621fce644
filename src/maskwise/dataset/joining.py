"""Joining: several data sets as one, to train on all of them."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from maskwise.dataset.dataset import Dataset
from maskwise.errors import InvalidInput


def join_datasets(datasets: Sequence[Dataset]) -> Dataset:
    """Several data sets as one, below the folder that they have in common.

    Faces of which a data set does not say who collected them have the name of its folder as
    their `source`. What two data sets call a `group` or a `scene` by one name is not taken for the
    same; near-duplicates across data sets are found as everywhere, see `group_samples`.

    Args:
        datasets: One or more, none below another.

    Raises:
        InvalidInput: There is none, or two share a folder.
    """
    roots = [data.root.resolve() for data in datasets]
    for number, root in enumerate(roots):
        for other in roots[:number]:
            if root.is_relative_to(other) or other.is_relative_to(root):
                raise InvalidInput(
                    "`datasets` must lie in folders of their own, none in another. "
                    f"Received: {other} and {root}."
                )
    if not roots:
        raise InvalidInput("`datasets` must hold at least one data set. Received: none.")
    common = Path(os.path.commonpath([root.parent for root in roots]))
    moved = [
        _below(data, root.relative_to(common).as_posix())
        for data, root in zip(datasets, roots, strict=True)
    ]
    return Dataset(
        root=common,
        samples=tuple(sample for data in moved for sample in data.samples),
        unreadable=tuple(file for data in moved for file in data.unreadable),
        unlabelled=tuple(path for data in moved for path in data.unlabelled),
        faceless=tuple(path for data in moved for path in data.faceless),
        problems=tuple(problem for data in moved for problem in data.problems),
        faceless_attributes={
            path: said for data in moved for path, said in data.faceless_attributes.items()
        },
    )


def _below(data: Dataset, folder: str) -> Dataset:
    def at(path: str) -> str:
        return str(PurePosixPath(folder, path))

    return replace(
        data,
        samples=tuple(
            replace(s, path=at(s.path), attributes=_own(s.attributes, folder)) for s in data.samples
        ),
        unreadable=tuple(replace(file, path=at(file.path)) for file in data.unreadable),
        unlabelled=tuple(map(at, data.unlabelled)),
        faceless=tuple(map(at, data.faceless)),
        problems=tuple(replace(problem, where=at(problem.where)) for problem in data.problems),
        faceless_attributes={at(path): said for path, said in data.faceless_attributes.items()},
    )


def _own(attributes: Mapping[str, str], folder: str) -> Mapping[str, str]:
    named = {
        name: f"{folder}/{attributes[name]}" for name in ("group", "scene") if attributes.get(name)
    }
    return {"source": PurePosixPath(folder).name, **attributes, **named}
