"""Reading: from what a data set says that it holds to what can be vouched for."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final

from maskwise.dataset.formats.listing import Listing
from maskwise.dataset.samples import Candidate, Problem, Rejected, Sample
from maskwise.dataset.threads import map_in_threads
from maskwise.errors import UnreadableImage
from maskwise.images import decode_image, read_bytes
from maskwise.labels import LABELS
from maskwise.preprocess import BoxXyxy

_TINY: Final = 2  # pixels: a face in a picture of these sides may well be a pixel

Progress = Callable[[int, int], None]
"""Called with how many are done and how many there are."""


def progress_from(done_before: int, total: int, on_progress: Progress | None) -> Progress | None:
    """The progress of one stage of a longer work, told as that of the whole."""
    if on_progress is None:
        return None
    return lambda done, _: on_progress(done_before + done, total)


def read_listing(
    root: Path, listing: Listing, on_progress: Progress | None
) -> tuple[list[Sample], list[Rejected], list[Problem]]:
    """Read each picture of a listing once, for all of its faces, and those without any.

    Args:
        root: What the paths are relative to.
        listing: In order of path.
        on_progress: Told after each picture.

    Returns:
        The faces that can be used, the pictures that cannot, and what is wrong with faces.
    """
    samples: list[Sample] = []
    unreadable: list[Rejected] = []
    problems: list[Problem] = []
    by_path = groupby(listing.candidates, key=lambda face: face.path)
    pictures = {path: list(faces) for path, faces in by_path}
    pictures |= {path: [] for path in listing.faceless}
    results = map_in_threads(lambda item: _read(root, *item), list(pictures.items()))
    for done, result in enumerate(results, start=1):
        if isinstance(result, Rejected):
            unreadable.append(result)
        else:
            samples.extend(result[0])
            problems.extend(result[1])
        if on_progress is not None:
            on_progress(done, len(pictures))
    return samples, unreadable, problems


def _read(
    root: Path, path: str, faces: Sequence[Candidate]
) -> tuple[list[Sample], list[Problem]] | Rejected:
    try:
        content = read_bytes(root / path)
        height, width, _ = decode_image(content).shape
    except UnreadableImage as error:
        return Rejected(path, str(error))
    digest = hashlib.sha256(content).hexdigest()
    samples = []
    problems = []
    usable: dict[BoxXyxy | None, list[Candidate]] = defaultdict(list)
    for face in faces:
        if reason := _why_not(face, (height, width)):
            problems.append(Problem(face.where or path, reason))
        else:
            usable[_within(face.box_xyxy, (height, width))].append(face)
    for box, (first, *others) in usable.items():
        labels = {first.label, *(face.label for face in others)}
        if len(labels) > 1:
            names = " and ".join(LABELS[label] for label in sorted(labels))
            reason = f"the same face is listed as {names}: it is not used"
            problems += [Problem(face.where or path, reason) for face in (first, *others)]
            continue
        samples.append(
            Sample(
                *(path, first.label, len(content), digest, (height, width)),
                box_xyxy=box,
                attributes=first.attributes,
            )
        )
        if box != first.box_xyxy:
            problems.append(Problem(first.where or path, _cut_off(first, (height, width))))
        reason = "the same face is listed twice: it is used once"
        problems += [Problem(face.where or path, reason) for face in others]
    return samples, problems


def _why_not(face: Candidate, size_hw: tuple[int, int]) -> str | None:
    """Why a face cannot be in a picture of this size, or None."""
    height, width = size_hw
    if face.annotated_hw is not None and face.annotated_hw != size_hw:
        annotated_height, annotated_width = face.annotated_hw
        return (
            f"annotated at {annotated_width}x{annotated_height}, but the upright picture is "
            f"{width}x{height}: the face is not used"
        )
    if face.box_xyxy is None:
        return None
    left, top, right, bottom = face.box_xyxy
    if not (left < right and top < bottom):  # also if one of them is NaN
        return f"the box {_box_text(face.box_xyxy)} is empty or inverted: the face is not used"
    if right <= 0 or bottom <= 0 or left >= width or top >= height:
        return (
            f"the box {_box_text(face.box_xyxy)} lies outside the picture of {width}x{height}: "
            "the face is not used"
        )
    if right <= 1 and bottom <= 1 and max(size_hw) > _TINY:
        return (
            f"the box {_box_text(face.box_xyxy)} lies in a single pixel, as shares of the picture "
            f"of {width}x{height} would: write pixels. The face is not used"
        )
    return None


def _cut_off(face: Candidate, size_hw: tuple[int, int]) -> str:
    height, width = size_hw
    return (
        f"the box {_box_text(face.box_xyxy)} reaches out of the picture of {width}x{height}: "
        "it is cut off at the edge"
    )


def _within(box_xyxy: BoxXyxy | None, size_hw: tuple[int, int]) -> BoxXyxy | None:
    if box_xyxy is None:
        return None
    height, width = size_hw
    left, top, right, bottom = box_xyxy
    return max(left, 0.0), max(top, 0.0), min(right, float(width)), min(bottom, float(height))


def _box_text(box_xyxy: BoxXyxy | None) -> str:
    return "(" + ", ".join(f"{edge:g}" for edge in box_xyxy or ()) + ")"
