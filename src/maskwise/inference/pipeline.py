"""MaskDetector: the whole way from a picture to its `Faces`."""

import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from maskwise.errors import InvalidInput
from maskwise.extras import load
from maskwise.faces.detector import FaceDetector, open_detector
from maskwise.inference.classifier import MaskClassifier
from maskwise.inference.decision import decide
from maskwise.results import Faces
from maskwise.runs.run import Run


class MaskDetector:
    """Finds the faces of a picture and says which wear a mask.

    Calling it changes nothing in it; several can live side by side.
    """

    def __init__(self, detector: FaceDetector, classifier: MaskClassifier) -> None:
        self._detector = detector
        self._classifier = classifier

    @classmethod
    def load(cls, model: str | os.PathLike[str], *, faces: str = "whole") -> Self:
        """Make a detector from what was trained.

        Args:
            model: A finished run folder.
            faces: How faces are found: `whole` takes each picture as one face.

        Raises:
            BadRun: The run is missing, unfinished or damaged.
            InvalidInput: `faces` is unknown.
            MissingExtra: TensorFlow is not installed.
        """
        detector = open_detector(faces)
        run = Run.open(model)
        session = load("maskwise.inference.runtime_keras", extra="train").KerasSession.load(run)
        return cls(detector, MaskClassifier(session, run.recipe.preprocess))

    def __call__(self, image_rgb: NDArray[np.uint8]) -> Faces:
        """Decide on the faces of a picture.

        Args:
            image_rgb: Upright, RGB, `(h, w, 3)` uint8, as `maskwise.read_image` gives it.

        Raises:
            InvalidInput: The array has another shape or type.
        """
        _require_image(image_rgb)
        faces = self._detector(image_rgb)
        if not len(faces):
            return faces
        probability = self._classifier(_crops(image_rgb, faces))
        return replace(faces, probability=probability, label=decide(probability))


def _crops(image_rgb: NDArray[np.uint8], faces: Faces) -> Iterator[NDArray[np.uint8]]:
    for left, top, right, bottom in faces.xyxy.round().astype(int):
        yield image_rgb[top:bottom, left:right]


def _require_image(image_rgb: NDArray[np.uint8]) -> None:
    shape, dtype = np.shape(image_rgb), getattr(image_rgb, "dtype", type(image_rgb).__name__)
    if len(shape) != 3 or shape[2] != 3 or 0 in shape or dtype != np.uint8:
        raise InvalidInput(
            "`image_rgb` must be an RGB picture, uint8 of shape (h, w, 3). "
            f"Received: {dtype} of shape {shape}. `maskwise.read_image` makes one."
        )
