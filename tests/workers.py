"""What tests send to other processes, which find it by the name of this module."""

import os
import signal

import numpy as np
from numpy.typing import NDArray

from maskwise.errors import InvalidInput, UnreadableImage
from maskwise.faces.whole import WholePicture
from maskwise.inference.classifier import MaskClassifier
from maskwise.inference.pipeline import MaskDetector
from maskwise.preprocess import PreprocessSpec


class Brightness:
    """A session that takes bright pictures for masks."""

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        bright = batch.mean(axis=(1, 2, 3))
        return np.stack([1 - bright, bright], axis=1).astype(np.float32)


def load() -> MaskDetector:
    return MaskDetector(
        WholePicture(), MaskClassifier(Brightness(), PreprocessSpec(size_hw=(8, 8)), n_classes=2)
    )


def load_nothing() -> MaskDetector:
    raise InvalidInput("`model` is none.")


def die() -> NDArray[np.uint8]:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def unreadable() -> NDArray[np.uint8]:
    raise UnreadableImage("b.png: this is no picture")
