"""MaskDetector: the whole way from a picture to its `Faces`."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from maskwise.errors import BadRun, InvalidInput
from maskwise.extras import load
from maskwise.faces.detector import FaceDetector, open_detector
from maskwise.faces.given import GivenBoxes
from maskwise.faces.whole import WholePicture
from maskwise.inference.bundle import Bundle, has_bundle, model_folder
from maskwise.inference.classifier import MaskClassifier
from maskwise.inference.decision import DecisionRule
from maskwise.inference.quality import QualityRule
from maskwise.labels import UNSURE
from maskwise.names import legible
from maskwise.results import Faces

if TYPE_CHECKING:  # deciding with a bundle needs nothing of runs
    from maskwise.runs.run import Run

LOOKS_PER_S: Final = 10.0
"""How many frames of a second of video are looked at; docs/video.md tells what more would give."""

_RUNTIME: Final = "onnx"


class MaskDetector:
    """Finds the faces of a picture and says which wear a mask.

    Calling it changes nothing in it: threads may share it, and several can live side by side.
    """

    def __init__(
        self,
        detector: FaceDetector,
        classifier: MaskClassifier,
        rule: DecisionRule | None = None,
        quality: QualityRule | None = None,
        *,
        strict: bool = False,
    ) -> None:
        """Join what finds faces with what tells them apart; without rules, all are answered.

        Raises:
            InvalidInput: `strict`, but the rule does not say how sure a mask must be.
        """
        self._detector = detector
        self._classifier = classifier
        self._rule = rule or DecisionRule()
        self._quality = quality or QualityRule()
        self._is_strict = strict
        if strict:
            self._rule.require_strict()

    @classmethod
    def load(
        cls,
        model: str | os.PathLike[str] | None = None,
        *,
        faces: str | None = None,
        mode: str | None = None,
        boxes_xyxy: ArrayLike | None = None,
        strict: bool = False,
        runtime: str = _RUNTIME,
        precision: str | None = None,
        n_threads: int | None = None,
    ) -> Self:
        """Make a detector from what was trained.

        Args:
            model: The folder of a bundle or of a finished run, or `shipped`; None takes the same,
                the bundle that comes with maskwise. A run needs TensorFlow.
            faces: How faces are found: `yunet` or `centerface` look for all faces of a picture,
                `whole` takes it as one face. None takes what the bundle says, and for a run
                `yunet`.
            mode: `fast`, `balanced` or `thorough`. None takes what the bundle says, and for a run
                `balanced`.
            boxes_xyxy: Where the faces of every picture are, `(n, 4)` in pixels, if that is known;
                `faces` and `mode` are then not asked.
            strict: Whether no bare face may be missed: `with_mask` is then answered only where that
                is surer than the share of bare faces allows that the model was calibrated for, and
                `unsure` otherwise.
            runtime: What runs the network of a bundle: `onnx`, `litert` or `openvino`; `auto` takes
                the fastest of those that are installed.
            precision: Of the network of a bundle: `int8` or `fp32`. None takes int8 if it is there.
            n_threads: How many threads run the network of a bundle; None: as many as there are
                cores.

        Raises:
            BadBundle: The bundle is damaged or was changed.
            BadRun: There is neither bundle nor run, or the run is unfinished or damaged.
            InvalidInput: A name is unknown; the bundle holds no such model; `runtime` or
                `precision` are set for a run; or `strict`, and that was not chosen for the model.
            MissingExtra: A library that is needed is not installed.
        """
        folder = model_folder(model)
        given = None if boxes_xyxy is None else GivenBoxes(boxes_xyxy)
        if has_bundle(folder):
            bundle = Bundle.open(folder)
            session = load("maskwise.inference.runtimes", extra="export").open_session(
                bundle, runtime=runtime, precision=precision, n_threads=n_threads
            )
            said = bundle.detector
            return cls(
                given or open_detector(faces or said["faces"], mode=mode or said["mode"]),
                MaskClassifier(session, bundle.preprocess, n_classes=len(bundle.labels)),
                bundle.rule,
                bundle.quality,
                strict=strict,
            )
        from maskwise.runs.run import Run, has_run

        if not has_run(folder):
            raise BadRun(
                f"{legible(folder)} holds no run and no bundle. Name a folder that "
                "`maskwise export` or `maskwise train --out` made."
            )
        if (runtime, precision) != (_RUNTIME, None):
            raise InvalidInput(
                "`runtime` and `precision` choose a model of a bundle, but "
                f"{legible(folder)} is a run, which TensorFlow runs. "
                f"Received: {' '.join(filter(None, (runtime, precision)))}. "
                "Leave them out, or make a bundle of it by `maskwise export`."
            )
        detector = given or open_detector(faces or "yunet", mode=mode or "balanced")
        run = Run.open(folder)
        keras = load("maskwise.inference.runtime_keras", extra="train").KerasSession.load(run)
        recipe = run.recipe
        classifier = MaskClassifier(keras, recipe.preprocess, n_classes=len(recipe.labels))
        return cls(detector, classifier, read_rule(run), strict=strict)

    def __call__(self, image_rgb: NDArray[np.uint8], boxes_xyxy: ArrayLike | None = None) -> Faces:
        """Decide on the faces of a picture.

        A face with any reason to doubt it (`Faces.quality`) is *unsure*; its probabilities stay.

        Args:
            image_rgb: Upright, RGB, `(h, w, 3)` uint8, as `maskwise.read_image` gives it.
            boxes_xyxy: Where its faces are, `(n, 4)` in pixels, if that is known already; None
                looks for them.

        Raises:
            InvalidInput: The picture or the boxes have another shape or type, or a box lies
                outside of the picture.
        """
        detector = self._detector if boxes_xyxy is None else GivenBoxes(boxes_xyxy)
        return self._decide([image_rgb], detector)[0]

    def detect_many(self, images_rgb: Iterable[NDArray[np.uint8]]) -> list[Faces]:
        """Decide on the faces of several pictures, which is faster than one by one.

        Args:
            images_rgb: As when called. They are taken one after the other, so a generator is fine.

        Returns:
            For each picture what calling would give.

        Raises:
            InvalidInput: A picture has another shape or type.
        """
        return self._decide(images_rgb, self._detector)

    def decide_on_faces(self, faces_rgb: Iterable[NDArray[np.uint8]]) -> list[Faces]:
        """Decide on pictures of one face each, which others have found and cut out.

        Args:
            faces_rgb: RGB uint8 `(h, w, 3)` of any size, cut out as `PreprocessSpec.crop` does.

        Returns:
            For each its `Faces`, one face that is all of the picture.

        Raises:
            InvalidInput: A picture has another shape or type.
        """
        return self._decide(faces_rgb, WholePicture())

    def track(
        self, video: str | os.PathLike[str], *, looks_per_s: float | None = LOOKS_PER_S
    ) -> Iterator[tuple[NDArray[np.uint8], Faces]]:
        """Follow the people of a video, and decide once for each instead of in every frame.

        Args:
            video: A file, `camera:0`, or an address of rtsp or http.
            looks_per_s: How many frames a second are looked at; None: all.

        Yields:
            Each frame that is looked at, RGB uint8 `(h, w, 3)`, and its faces, with `track_id`, and
            with what is said of each person so far as `label`: -1 as long as that is nothing.

        Raises:
            InvalidInput: `video` or `looks_per_s` make no sense.
            UnreadableVideo: The video cannot be read, or a stream was lost.
            MissingExtra: What reads videos is not installed.
        """
        # Only now: who decides on pictures need not wait for it.
        from maskwise.inference.following import arriving, due, follow
        from maskwise.sources.video import Video
        from maskwise.tracking.people import People

        people = People()
        with Video.open(os.fspath(video)) as opened, arriving(opened) as frames:
            for look in follow(due(frames, looks_per_s), lambda: self, people):
                yield look.frame.read_rgb(), look.faces
                for _ in people.leave(look.frame.time_s):
                    pass  # forgotten, so that a camera can be watched for weeks

    def _decide(
        self, images_rgb: Iterable[NDArray[np.uint8]], detector: FaceDetector
    ) -> list[Faces]:
        found: list[Faces] = []

        def crops() -> Iterator[NDArray[np.uint8]]:
            for image_rgb in images_rgb:
                require_image(image_rgb)
                faces = self._quality.judge(image_rgb, detector(image_rgb))
                found.append(faces)
                for left, top, right, bottom in faces.xyxy.astype(np.float64).tolist():
                    yield self._classifier.spec.crop(image_rgb, (left, top, right, bottom))

        network_says = self._classifier(crops())
        probability = self._rule.calibrate(network_says)
        label = self._rule.decide(network_says, is_strict=self._is_strict)
        answered, start = [], 0
        for faces in found:
            own = slice(start, start := start + len(faces))
            doubted = np.array([bool(reasons) for reasons in faces.quality], dtype=bool)
            answers = np.where(doubted, UNSURE, label[own])
            answered.append(replace(faces, probability=probability[own], label=answers))
        return answered


def read_rule(run: "Run") -> DecisionRule:
    """How the network of a run answers: always, if nothing else was chosen for it.

    Raises:
        BadRun: What was chosen is damaged.
    """
    kept = run.read_decision()
    try:
        return DecisionRule() if kept is None else DecisionRule.from_dict(kept)
    except InvalidInput as error:
        raise BadRun(f"decision.json in {legible(run.folder)} is damaged: {error}") from error


def model_sha256(model: str | os.PathLike[str] | None) -> str:
    """What tells a model, as `MaskDetector.load` takes it, from every other one.

    Raises:
        BadBundle: The bundle is damaged or was changed.
        BadRun: There is neither bundle nor run, or the run is damaged.
    """
    folder = model_folder(model)
    digest = hashlib.sha256()
    if has_bundle(folder):
        digest.update(repr(sorted(Bundle.open(folder).seal.sha256.items())).encode())
    else:
        from maskwise.runs.run import Run

        run = Run.open(folder)
        digest.update(f"{run.split_sha256} {run.recipe} {run.read_decision()}".encode())
        for name, array in sorted(run.finished_checkpoint().arrays.items()):
            digest.update(name.encode() + array.tobytes())
    return digest.hexdigest()


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
