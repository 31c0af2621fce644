"""What tests send to other processes, which find it by the name of this module."""

import os
import signal
import time

import numpy as np
from numpy.typing import NDArray

from maskwise.errors import InvalidInput, UnreadableImage
from maskwise.faces.whole import WholePicture
from maskwise.inference.classifier import MaskClassifier
from maskwise.inference.pipeline import MaskDetector
from maskwise.preprocess import PreprocessSpec
from maskwise.results import Faces


class Brightness:
    """A session that takes bright pictures for masks, or dark ones."""

    def __init__(self, *, is_dark: bool = False) -> None:
        self._is_dark = is_dark

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        bright = batch.mean(axis=(1, 2, 3))
        if self._is_dark:
            bright = 1 - bright
        return np.stack([1 - bright, bright], axis=1).astype(np.float32)


def load() -> MaskDetector:
    return MaskDetector(
        WholePicture(), MaskClassifier(Brightness(), PreprocessSpec(size_hw=(8, 8)), n_classes=2)
    )


class Mortal:
    """Takes a picture as one face, and dies of pictures that are seven pixels high."""

    def __call__(self, image_rgb: NDArray[np.uint8]) -> Faces:
        if image_rgb.shape[0] == 7:
            os.kill(os.getpid(), signal.SIGKILL)
        return WholePicture()(image_rgb)


def load_mortal() -> MaskDetector:
    return MaskDetector(
        Mortal(), MaskClassifier(Brightness(), PreprocessSpec(size_hw=(8, 8)), n_classes=2)
    )


def load_nothing() -> MaskDetector:
    raise InvalidInput("`model` is none.")


def die() -> NDArray[np.uint8]:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def unreadable() -> NDArray[np.uint8]:
    raise UnreadableImage("b.png: this is no picture")


class Slow:
    """Takes a picture as one face, and its time."""

    def __call__(self, image_rgb: NDArray[np.uint8]) -> Faces:
        time.sleep(0.05)
        return WholePicture()(image_rgb)


def load_slow() -> MaskDetector:
    return MaskDetector(
        Slow(), MaskClassifier(Brightness(), PreprocessSpec(size_hw=(8, 8)), n_classes=2)
    )


class MortalAndSlow(Slow):
    """Both."""

    def __call__(self, image_rgb: NDArray[np.uint8]) -> Faces:
        return super().__call__(image_rgb) if image_rgb.shape[0] != 7 else Mortal()(image_rgb)


def load_mortal_and_slow() -> MaskDetector:
    return MaskDetector(
        MortalAndSlow(), MaskClassifier(Brightness(), PreprocessSpec(size_hw=(8, 8)), n_classes=2)
    )
