"""Decider: a model that answers jobs, several at once."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from maskwise.errors import BadBundle, InvalidInput, UnreadableImage
from maskwise.faces.detector import MODES
from maskwise.images import ACCEPTED, MAX_BYTES, decode_image, encode_image
from maskwise.inference.bundle import Bundle, model_folder
from maskwise.inference.golden import check_golden
from maskwise.inference.pipeline import MaskDetector, model_sha256
from maskwise.inference.runtimes import open_session
from maskwise.labels import UNSURE, label_name
from maskwise.names import legible
from maskwise.outputs.blur import blur
from maskwise.outputs.draw import draw
from maskwise.results import Faces
from maskwise.service.workers.job import Answer, Job
from maskwise.service.workers.tensors import Inference
from maskwise.signatures.kinds import kind_of

_MOST_OFF: Final = {"fp32": 1e-4, "int8": 0.1}  # of answers to drawn faces, on any machine


class Decider:
    """A model of a bundle, with what is said about it.

    Attributes:
        about: What `GET /v1/model` tells.
    """

    def __init__(self, detector: MaskDetector, about: Mapping[str, Any]) -> None:
        self._detector = detector
        self.about = about
        self._model = {name: about[name] for name in ("name", "version", "sha256")}

    def answer(self, jobs: Sequence[Job]) -> list[Answer]:
        """Answer all, in their order; faces of different jobs share a batch.

        What is wrong with one costs only that one.
        """
        answers = self._answer_pictures(jobs)
        for index, job in enumerate(jobs):
            if job.kind == "infer":
                answers[index] = self._answer_inference(job)
        return [replace(answers[index], model=self._model) for index in range(len(jobs))]

    def _answer_pictures(self, jobs: Sequence[Job]) -> dict[int, Answer]:
        answers: dict[int, Answer] = {}
        decoded: dict[int, _Decoded] = {}

        def pictures() -> Iterator[NDArray[np.uint8]]:
            for index, job in enumerate(jobs):
                if job.kind == "infer":
                    continue
                began_s = time.perf_counter()
                try:
                    image_rgb = decode_image(job.content)
                except UnreadableImage as error:
                    answers[index] = Answer(_status_of(job.content), {"message": f"{error}."})
                    continue
                decoded[index] = _Decoded(
                    image_rgb.shape[:2],
                    time.perf_counter() - began_s,
                    image_rgb if job.kind == "annotate" else None,
                )
                yield image_rgb

        began_s = time.perf_counter()
        found = self._detector.detect_many(pictures())
        all_s = time.perf_counter() - began_s
        decode_s = sum(each.seconds for each in decoded.values())
        for (index, each), faces in zip(decoded.items(), found, strict=True):
            seconds = {"decode": each.seconds, "decide": (all_s - decode_s) / len(decoded)}
            answers[index] = _answer_picture(jobs[index], each, faces, seconds)
        return answers

    def _answer_inference(self, job: Job) -> Answer:
        began_s = time.perf_counter()
        try:
            inference = Inference.parse(job.content, job.json_bytes)
            faces = self._detector.decide_on_faces(inference.faces_rgb)
            body, content = inference.answer(faces, self.about)
        except InvalidInput as error:
            return Answer(400, {"message": str(error)})
        return Answer(200, body, content, {"decide": time.perf_counter() - began_s})


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """Which bundle decides, as the options of `maskwise detect` of the same names have it.

    Raises:
        InvalidInput: There is no such mode.
    """

    model: str | None = None
    mode: str | None = None
    strict: bool = False

    def __post_init__(self) -> None:
        if self.mode is not None and self.mode not in MODES:
            raise InvalidInput(
                f"`mode` must be one of {', '.join(MODES)}. Received: {self.mode!r}."
            )

    def open(self) -> Decider:
        """Load it, make sure that it answers as where it was made, and decide once to warm up.

        Raises:
            BadBundle: It is damaged, was changed while it was loaded, or answers otherwise.
            InvalidInput: A name is unknown, or `strict` was not chosen for it.
        """
        bundle = Bundle.open(model_folder(self.model))
        model = bundle.find("onnx")
        off = check_golden(bundle, open_session(bundle, n_threads=1))
        if off > _MOST_OFF[model.precision]:
            raise BadBundle(
                f"{legible(bundle.folder)} answers otherwise here than where it was made, by up to "
                f"{off:.3g}. Export it anew."
            )
        detector = MaskDetector.load(bundle.folder, mode=self.mode, strict=self.strict, n_threads=1)
        about = describe(bundle, self, model.precision)
        if Bundle.open(bundle.folder).seal != bundle.seal:
            raise BadBundle(f"{legible(bundle.folder)} was changed while it was loaded. Try again.")
        detector(np.zeros((64, 64, 3), np.uint8))
        return Decider(detector, about)


@dataclass(frozen=True, slots=True)
class _Decoded:
    size_hw: tuple[int, ...]
    seconds: float
    image_rgb: NDArray[np.uint8] | None


def _answer_picture(
    job: Job, decoded: _Decoded, found: Faces, seconds: Mapping[str, float]
) -> Answer:
    unsure = np.where(found.confidence < job.min_probability, UNSURE, found.label)
    faces = replace(found, label=unsure)
    height, width = decoded.size_hw
    body = {"width": width, "height": height, "faces": faces.to_dicts()}
    if decoded.image_rgb is None:
        return Answer(200, body, seconds=seconds)
    began_s = time.perf_counter()
    shown = blur(decoded.image_rgb, faces) if job.is_blurred else decoded.image_rgb
    content = encode_image(draw(shown, faces), format="jpeg")
    return Answer(200, body, content, {**seconds, "draw": time.perf_counter() - began_s})


def _status_of(content: bytes) -> int:
    """Why bytes are no picture, as HTTP has it."""
    if len(content) > MAX_BYTES:
        return 413
    return 422 if not content or kind_of(content) in ACCEPTED else 415


def describe(bundle: Bundle, opening: Opening, precision: str) -> Mapping[str, Any]:
    """What `GET /v1/model` tells of a bundle, of which the network of one precision decides.

    Raises:
        BadBundle: It was changed.
        InvalidInput: `strict`, and that was not chosen for it.
    """
    if opening.strict:
        bundle.rule.require_strict()
    return {
        "name": bundle.name,
        "version": bundle.version,
        "sha256": model_sha256(bundle.folder),
        "licence": bundle.licence,
        "labels": [*map(label_name, bundle.labels)],
        "precision": precision,
        "strict": opening.strict,
        "preprocess": bundle.preprocess.to_dict(),
        "decision": bundle.rule.to_dict(),
        "quality": bundle.quality.to_dict(),
        "detector": {**bundle.detector, **({"mode": opening.mode} if opening.mode else {})},
        "card": bundle.read_card(),
    }
