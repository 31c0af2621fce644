"""Outcomes as a detector might give them, with names as disks may hold them."""

import os

import numpy as np

from maskwise.outputs.outcome import Outcome
from maskwise.results import Faces

ODD_NAMES = [
    'line\nbreak, comma and "quotes".jpg',
    "back\\slash.jpg",
    "=cmd|' /C calc'!A1.jpg",
    "+1.jpg",
    "-1\\2.jpg",
    "@sum.jpg",
    "\ttab.jpg",
    "\rreturn.jpg",
    "'=quoted.jpg",
    "semi;=1+1.jpg",
    "Straße-口罩-😷.jpg",
    "\\udce9.jpg",
    os.fsdecode(b"latin-\xe9-\\x.jpg"),
    os.fsdecode(b"=\xff\xfe.jpg"),
    " ",
]


def three_faces() -> Faces:
    """One with a mask, one that wears it wrongly, one unsure for two reasons."""
    return Faces(
        xyxy=np.array([[10, 20, 42.125, 60.5], [50, 5, 80, 40], [0, 0, 9, 8]], np.float32),
        detector_score=np.array([0.9, 0.8, 0.7], np.float32),
        probability=np.array([[0.1, 0.8, 0.1], [0.2, 0.1, 0.7], [0.4, 0.5, 0.1]], np.float32),
        label=np.array([1, 2, -1]),
        quality=((), (), ("too_small", "cut_off")),
    )


def nobody() -> Faces:
    """No faces."""
    return Faces.found(xyxy=np.zeros((0, 4), np.float32), detector_score=np.zeros(0, np.float32))


def some_outcomes() -> list[Outcome]:
    """One with three faces, one with none, one with an error."""
    return [
        Outcome("a/street.jpg", size_hw=(100, 120), faces=three_faces()),
        Outcome("a/empty.png", size_hw=(30, 40), faces=nobody()),
        Outcome("bad.jpg", error="bad.jpg: this is a text; save the picture as JPEG"),
    ]
