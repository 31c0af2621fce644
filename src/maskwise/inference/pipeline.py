"""MaskDetector: the whole way from a picture to its `Faces`."""

import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from maskwise.errors import BadRun, InvalidInput
from maskwise.extras import load
from maskwise.faces.detector import FaceDetector, open_detector
from maskwise.inference.classifier import MaskClassifier
from maskwise.inference.decision import DecisionRule
from maskwise.names import legible
from maskwise.results import Faces
from maskwise.runs.run import Run


class MaskDetector:
    """Finds the faces of a picture and says which wear a mask.

    Calling it changes nothing in it; several can live side by side.
    """

    def __init__(
        self,
        detector: FaceDetector,
        classifier: MaskClassifier,
        rule: DecisionRule | None = None,
    ) -> None:
        """Join what finds faces with what tells them apart; without a rule, all are answered."""
        self._detector = detector
        self._classifier = classifier
        self._rule = rule or DecisionRule()

    @classmethod
    def load(cls, model: str | os.PathLike[str], *, faces: str = "whole") -> Self:
        """Make a detector from what was trained.

        Args:
            model: A finished run folder.
            faces: How faces are found: `whole` takes each picture as one face, `yunet` looks for
                all faces in it.

        Raises:
            BadRun: The run is missing, unfinished or damaged.
            InvalidInput: `faces` is unknown.
            MissingExtra: TensorFlow or the weights of YuNet are not installed.
        """
        detector = open_detector(faces)
        run = Run.open(model)
        session = load("maskwise.inference.runtime_keras", extra="train").KerasSession.load(run)
        return cls(detector, MaskClassifier(session, run.recipe.preprocess), read_rule(run))

    def __call__(self, image_rgb: NDArray[np.uint8]) -> Faces:
        """Decide on the faces of a picture.

        Args:
            image_rgb: Upright, RGB, `(h, w, 3)` uint8, as `maskwise.read_image` gives it.

        Raises:
            InvalidInput: The array has another shape or type.
        """
        require_image(image_rgb)
        faces = self._detector(image_rgb)
        if not len(faces):
            return faces
        probability = self._classifier(self._crops(image_rgb, faces))
        return replace(
            faces,
            probability=self._rule.calibrate(probability),
            label=self._rule.decide(probability),
        )

    def _crops(self, image_rgb: NDArray[np.uint8], faces: Faces) -> Iterator[NDArray[np.uint8]]:
        for left, top, right, bottom in faces.xyxy.astype(np.float64).tolist():
            yield self._classifier.spec.crop(image_rgb, (left, top, right, bottom))


def read_rule(run: Run) -> DecisionRule:
    """How the network of a run answers: always, if nothing else was chosen for it.

    Raises:
        BadRun: What was chosen is damaged.
    """
    kept = run.read_decision()
    try:
        return DecisionRule() if kept is None else DecisionRule.from_dict(kept)
    except InvalidInput as error:
        raise BadRun(f"decision.json in {legible(run.folder)} is damaged: {error}") from error


def require_image(image_rgb: NDArray[np.uint8]) -> None:
    """Refuse what is no picture.

    Raises:
        InvalidInput: The array is not RGB uint8 of shape `(h, w, 3)`, or it is empty.
    """
    shape, dtype = np.shape(image_rgb), getattr(image_rgb, "dtype", type(image_rgb).__name__)
    if len(shape) != 3 or shape[2] != 3 or 0 in shape or dtype != np.uint8:
        raise InvalidInput(
            "`image_rgb` must be an RGB picture, uint8 of shape (h, w, 3). "
            f"Received: {dtype} of shape {shape}. `maskwise.read_image` makes one."
        )
