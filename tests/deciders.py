"""Deciders that tests send to other processes, which find them by the name of this module."""

import os
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwise.errors import BadBundle
from maskwise.faces.whole import WholePicture
from maskwise.inference.classifier import MaskClassifier
from maskwise.inference.pipeline import MaskDetector
from maskwise.preprocess import PreprocessSpec
from maskwise.results import Faces
from maskwise.service.workers.decider import Decider
from workers import Brightness

DEADLY_PX = 7
"""A picture of this height kills the process that decides on it."""


class _Eye:
    """Takes a picture as one face, after a while, and dies of some."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __call__(self, image_rgb: NDArray[np.uint8]) -> Faces:
        time.sleep(self._seconds)
        if image_rgb.shape[0] == DEADLY_PX:
            os.kill(os.getpid(), signal.SIGKILL)
        return WholePicture()(image_rgb)


def about(version: str = "3") -> dict[str, Any]:
    return {
        **{
            "name": "brightness",
            "version": version,
            "sha256": version.zfill(64),
            "licence": "CC0-1.0",
        },
        **{"labels": ["without_mask", "with_mask"], "precision": "fp32", "strict": False},
        **{"preprocess": {}, "decision": {}, "quality": {}, "detector": {"faces": "whole"}},
        "card": "# brightness\n",
    }


def load_decider(seconds: float = 0.0, version: str = "3") -> Decider:
    """Even versions take dark pictures for masks, odd ones bright pictures."""
    session = Brightness(is_dark=int(version) % 2 == 0)
    classifier = MaskClassifier(session, PreprocessSpec(size_hw=(8, 8)), n_classes=2)
    return Decider(MaskDetector(_Eye(seconds), classifier), about(version))


def load_from(path: Path) -> Decider:
    """The decider of the version that a file names; `bad` cannot be used."""
    version = path.read_text()
    if version == "bad":
        raise BadBundle("The bundle is bad.")
    return load_decider(version=version)


def slow(seconds: float) -> Callable[[], Decider]:
    return partial(load_decider, seconds)
