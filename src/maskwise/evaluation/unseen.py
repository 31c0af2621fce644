"""Unseen: which pictures a network can be judged on, as it was not trained on them."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from maskwise.dataset.audit.fingerprint import FINGERPRINT, take_fingerprint
from maskwise.dataset.dataset import Dataset
from maskwise.dataset.grouping import group_beside
from maskwise.dataset.reading import Progress, progress_from
from maskwise.dataset.samples import Sample
from maskwise.dataset.threads import map_in_threads
from maskwise.errors import BadDataset
from maskwise.names import legible
from maskwise.runs.run import Run


def unseen_pictures(
    runs: Sequence[Run],
    data: Dataset | str | os.PathLike[str],
    *,
    labels: Sequence[int],
    who: str,
    on_progress: Progress | None = None,
) -> tuple[Dataset, tuple[str, ...]]:
    """The pictures that networks can be judged on, though they were not trained from this data.

    Args:
        runs: Where they were trained, as far as that is known.
        data: Where the pictures come from.
        labels: The classes that they tell apart.
        who: How sentences name the networks.
        on_progress: Told how many pictures were looked at, those of the trainings included.

    Returns:
        The data, grouped, without pictures of other classes, and without pictures that a network
        was trained or watched on, near-duplicates of these, and other faces of their scenes; and
        sentences that say how many were left out, and what could not be looked for.

    Raises:
        BadDataset: The same picture stands in two classes, or nothing is left.
    """
    dataset = data if isinstance(data, Dataset) else Dataset.open(data)
    known = dataset.only(labels)
    known.require_one_class_each()
    trained_on = _training_pictures(runs)
    others = _without(known, {s.path for s in known.samples if s.sha256 in trained_on})
    new = _without(others, _of_known_scenes(others, [s for _, s in trained_on.values()]))
    total = len(trained_on) + len({sample.path for sample in new.samples})
    prints, n_gone = _take_fingerprints(trained_on, progress_from(0, total, on_progress))
    grouped, familiar = group_beside(
        new, prints, on_progress=progress_from(len(trained_on), total, on_progress)
    )
    kept = _without(grouped, familiar)
    left_out = {
        f"of classes that {who} does not know": _left_out(dataset, known),
        f"that {who} was trained on, byte for byte": _left_out(known, others),
        f"of a scene that {who} was trained on, by its name": _left_out(others, new),
        f"that {who} was trained on in another copy (near-duplicates)": _left_out(grouped, kept),
        "that cannot be read": _in_words(len(dataset.unreadable)),
        "of which no class is known": _in_words(len(dataset.unlabelled)),
    }
    reasons = [f"{words} {why}" for why, words in left_out.items() if words]
    if not kept.samples:
        raise BadDataset(
            f"Nothing in {legible(dataset.root)} is left to judge on. " + "; ".join(reasons)
        )
    notes = [f"Left out: {reason}." for reason in reasons]
    if n_gone:
        notes.append(
            f"{_in_words(n_gone)} that {who} was trained on can no longer be read where "
            "the training found them: their near-duplicates, if any, are judged on."
        )
    return kept, tuple(notes)


def _training_pictures(runs: Sequence[Run]) -> dict[str, tuple[Dataset, Sample]]:
    """Each picture that a network was trained or watched on, once, by its hash."""
    pictures = {}
    for run in runs:
        split = run.read_split()
        home = Dataset(root=run.data_folder, samples=())
        pictures.update({s.sha256: (home, s) for s in (*split.train, *split.validation)})
    return pictures


def _of_known_scenes(data: Dataset, trained_on: Sequence[Sample]) -> set[str]:
    """The paths of faces whose scene a network was trained on, as far as names tell.

    A scene is named by whoever cut faces out of it, and then mostly after the picture: so the
    names of scenes are compared with each other and with those of pictures that have boxes.
    """
    scenes = {_scene(sample) for sample in trained_on} - {""}
    pictures = {PurePosixPath(sample.path).stem for sample in trained_on if sample.box_xyxy}
    return {
        sample.path
        for sample in data.samples
        if _scene(sample) in scenes | pictures
        or (sample.box_xyxy and PurePosixPath(sample.path).stem in scenes)
    }


def _scene(sample: Sample) -> str:
    return PurePosixPath(sample.attributes.get("scene", "")).stem


def _take_fingerprints(
    pictures: dict[str, tuple[Dataset, Sample]], on_progress: Progress | None
) -> tuple[NDArray[np.void], int]:
    """Their fingerprints, and of how many there are none as the picture is gone or changed."""
    prints = np.zeros(len(pictures), dtype=FINGERPRINT)
    n_found = 0
    found = map_in_threads(_take_if_there, list(pictures.values()))
    for done, fingerprint in enumerate(found, start=1):
        if fingerprint is not None:
            prints[n_found] = fingerprint
            n_found += 1
        if on_progress is not None:
            on_progress(done, len(pictures))
    return prints[:n_found], len(pictures) - n_found


def _take_if_there(picture: tuple[Dataset, Sample]) -> NDArray[np.void] | None:
    home, sample = picture
    try:
        return take_fingerprint(home.read(sample))
    except BadDataset:
        return None


def _without(data: Dataset, paths: set[str] | frozenset[str]) -> Dataset:
    return replace(data, samples=tuple(s for s in data.samples if s.path not in paths))


def _left_out(before: Dataset, after: Dataset) -> str:
    kept = {sample.key for sample in after.samples}
    gone = [sample for sample in before.samples if sample.key not in kept]
    is_whole = all(sample.box_xyxy is None for sample in gone)
    return _in_words(len(gone), "picture" if is_whole else "face")


def _in_words(n: int, noun: str = "picture") -> str:
    return f"{n} {noun}{'' if n == 1 else 's'}" if n else ""
