"""Captions: what is written at each face, and where there is room for it."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from maskwise.labels import UNSURE, label_words
from maskwise.results import Faces

Pixels = NDArray[np.float64]

_OVER_CAPTION: Final = 4.0  # what covering a pixel costs: of another caption, two become illegible
_OVER_FACE: Final = 1.0
_OVER_OWN_FACE: Final = 0.6  # nobody takes it for another's


def answer(faces: Faces, index: int) -> str:
    """The answer on one face in words, with the reasons of one that is *unsure*."""
    label = int(faces.label[index])
    words = label_words(label)
    reasons = ", ".join(reason.replace("_", " ") for reason in faces.quality[index])
    return f"{words}: {reasons}" if label == UNSURE and reasons else words


def caption(faces: Faces, index: int) -> str:
    """The answer on one face in words, with how sure it is, or why it is not.

    A person who is followed has a number, and an answer that does not hang on this look alone.
    """
    words = answer(faces, index)
    if faces.track_id is not None:
        return f"{faces.track_id[index]}: {words}"
    is_unsure = faces.label[index] == UNSURE
    return words if is_unsure else f"{words} {faces.confidence[index]:.0%}"


def place(captions_wh: Pixels, boxes_xyxy: Pixels, size_wh: tuple[int, int]) -> Pixels:
    """Find each caption a place at its box where it hides little.

    Each goes above, below or beside its box or, where there is no room, into it, moved into the
    picture. Of these places it takes the one that covers least of captions placed before and of
    faces, in this order of weight. Small faces come first, as they have the least room of their
    own.

    Args:
        captions_wh: Their widths and heights `(n, 2)` in pixels.
        boxes_xyxy: The faces `(n, 4)`.
        size_wh: Width and height of the picture.

    Returns:
        Left and top of each caption `(n, 2)`.
    """
    placed_xyxy = np.zeros((len(boxes_xyxy), 4))  # of those not placed yet, empty
    for index in np.argsort((boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]).prod(axis=1), kind="stable"):
        places = _places(captions_wh[index], boxes_xyxy[index], size_wh)
        face_weights = np.full(len(boxes_xyxy), _OVER_FACE)
        face_weights[index] = _OVER_OWN_FACE
        cost = _OVER_CAPTION * _shared(places, placed_xyxy).sum(axis=1)
        cost += _shared(places, boxes_xyxy) @ face_weights
        placed_xyxy[index] = places[cost.argmin()]
    return placed_xyxy[:, :2]


def _places(caption_wh: Pixels, box_xyxy: Pixels, size_wh: tuple[int, int]) -> Pixels:
    """Where a caption may go `(places, 4)`, the best first."""
    width, height = caption_wh
    left, top, right, bottom = box_xyxy
    corners = np.array(
        [(x, y) for y in (top - height, bottom) for x in (left, right - width)]
        + [(x, y) for y in (top, bottom - height) for x in (right, left - width, left)]
    )
    corners = np.clip(corners, 0, np.maximum(0, np.subtract(size_wh, caption_wh)))
    return np.hstack([corners, corners + caption_wh])


def _shared(a_xyxy: Pixels, b_xyxy: Pixels) -> Pixels:
    """What every box of `a` covers of every box of `b`, in square pixels."""
    starts = np.maximum(a_xyxy[:, None, :2], b_xyxy[:, :2])
    ends = np.minimum(a_xyxy[:, None, 2:], b_xyxy[:, 2:])
    covered: Pixels = np.maximum(ends - starts, 0).prod(axis=2)
    return covered
