"""Export: a finished run becomes a bundle; every file in it was run and compared before."""

import errno
import os
import platform
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

import maskwise
from maskwise.dataset.dataset import Dataset
from maskwise.dataset.samples import Sample
from maskwise.dataset.threads import map_in_threads
from maskwise.durable import output_failed, require_place
from maskwise.errors import BadRun, InvalidInput
from maskwise.exporters.card import write_card
from maskwise.exporters.parity import Parity, compare_sessions
from maskwise.extras import load
from maskwise.inference.bundle import PRECISIONS, Bundle, ModelFile, write_bundle
from maskwise.inference.decision import DecisionRule
from maskwise.inference.golden import golden_answers
from maskwise.inference.pipeline import read_rule
from maskwise.inference.quality import QualityRule
from maskwise.inference.runtime_keras import KerasSession, load_network
from maskwise.inference.runtimes import RUNTIMES
from maskwise.inference.session import Session
from maskwise.labels import LABELS
from maskwise.names import legible
from maskwise.runs.run import Run

FORMATS: Final = ("onnx", "litert", "openvino", "savedmodel")
_DEFAULT: Final = ("onnx",)
_N_CALIBRATION: Final = 300
_N_COMPARED: Final = 512
_SEED: Final = 0
_FILES: Final[Mapping[str, tuple[str, ...]]] = {
    "onnx": ("model{}.onnx",),
    "litert": ("model{}.tflite",),
    "openvino": ("model{}.xml", "model{}.bin"),
}
_LIBRARIES: Final[Mapping[str, tuple[str, ...]]] = {
    "onnx": ("onnx", "tf2onnx", "onnxruntime"),
    "litert": ("ai-edge-litert",),
    "openvino": ("onnx", "tf2onnx", "onnxruntime", "openvino"),
    "savedmodel": (),
}
_CURVES: Final = {"roc", "precision_recall"}
QUALITY: Final = QualityRule(min_side_px=12, min_sharpness=0.05)
"""Chosen on faces of scenes; docs/bundle.md tells how."""

Told = Callable[[str, str, Parity], None]


def export(
    run: str | os.PathLike[str] | Run,
    out: str | os.PathLike[str],
    *,
    formats: Sequence[str] = _DEFAULT,
    int8: bool = True,
    name: str | None = None,
    model_version: str = "1",
    licence: str = "not stated",
    about: str = "",
    on_proof: Told | None = None,
) -> Bundle:
    """Make a bundle of a finished run.

    Each format is written in 32-bit floats and in 8-bit integers, whose ranges are taken from
    faces of the training side; a SavedModel in floats alone, as TensorFlow cannot run it in
    integers. Each file is then run and asked about faces of the other sides. If its answers differ
    from those of the network that was trained by more than `maskwise.exporters.parity.LIMITS`,
    nothing is written.

    Args:
        run: A finished run or its folder.
        out: The folder of the bundle; missing or empty.
        formats: Entries of `FORMATS`.
        int8: Whether to write integers besides the floats. Without them the bundle is larger and
            slower; some networks answer otherwise in integers, above all after few pictures.
        name: Of the bundle; None: that of the run's folder.
        model_version: Of the bundle.
        licence: Under which the weights may be used.
        about: What the card is to say besides, in Markdown: where the pictures come from and by
            what right, where it is used, what it is known to get wrong, whom to ask.
        on_proof: Told the format, the precision and the comparison, after each.

    Returns:
        The bundle.

    Raises:
        BadRun: The run is missing, unfinished or damaged.
        BadDataset: Pictures of the run are gone or changed.
        ExportFailed: A file answers otherwise.
        InvalidInput: A format is unknown or named twice, or there is none.
        MissingExtra: A library is not installed.
        OutputFailed: The folder is not empty or closed to us, or the disk is full.
    """
    # What can be known at once comes before what takes time.
    _require_formats(formats)
    _require_vacant(Path(out))
    opened = run if isinstance(run, Run) else Run.open(run)
    for format in formats:
        load(f"maskwise.exporters.{format}", extra="export")
    rule = read_rule(opened)
    facts = {
        **{"name": name or opened.folder.resolve().name, "version": model_version},
        **{"licence": licence, "rule": rule, **_facts(opened, rule, formats)},
    }
    network = load_network(opened)
    original = KerasSession(network)
    calibration, compared = _read_faces(opened)
    models: list[ModelFile] = []
    contents: dict[str, bytes] = {}
    for format in formats:
        for precision in reversed(PRECISIONS):
            if precision == "int8" and (format == "savedmodel" or not int8):
                continue
            files = _convert(network, format, precision, calibration)
            session = _open(format, files, opened)
            parity = compare_sessions(original, session, compared, rule)
            if on_proof:
                on_proof(format, precision, parity)
            parity.require(precision, f"The {format} model in {precision}")
            models.append(ModelFile(format, precision, tuple(files), parity.to_dict()))
            contents.update(files)
    golden = golden_answers(original, opened.recipe.preprocess)
    card = write_card(**facts, models=models, about=about)
    return write_bundle(out, **facts, models=models, golden=golden, contents=contents, card=card)


def _require_formats(formats: Sequence[str]) -> None:
    unknown = [format for format in formats if format not in FORMATS]
    if unknown or not formats or len(set(formats)) < len(formats):
        raise InvalidInput(
            f"`formats` must be one or more of {', '.join(FORMATS)}, each once. "
            f"Received: {', '.join(formats) or 'none'}."
        )


def _require_vacant(folder: Path) -> None:
    place = require_place(folder)
    if place.exists() and any(place.iterdir()):
        raise output_failed(folder, OSError(errno.ENOTEMPTY, "the folder is not empty"))


def _convert(
    network: keras.Model, format: str, precision: str, faces: NDArray[np.float32]
) -> Mapping[str, bytes]:
    exporter = load(f"maskwise.exporters.{format}", extra="export")
    if format == "savedmodel":
        made: Mapping[str, bytes] = exporter.to_savedmodel(network)
        return {f"savedmodel/{name}": content for name, content in made.items()}
    if precision == "int8":
        converted = getattr(exporter, f"to_int8_{format}")(network, faces)
    else:
        converted = getattr(exporter, f"to_{format}")(network)
    parts = (converted,) if isinstance(converted, bytes) else converted
    infix = ".int8" if precision == "int8" else ""
    return {file.format(infix): part for file, part in zip(_FILES[format], parts, strict=True)}


def _open(format: str, files: Mapping[str, bytes], run: Run) -> Session:
    if format == "savedmodel":
        exporter = load("maskwise.exporters.savedmodel", extra="export")
        proven: Session = exporter.SavedModelSession(
            {name.removeprefix("savedmodel/"): content for name, content in files.items()}
        )
        return proven
    module = load(f"maskwise.inference.runtime_{format}", extra="export")
    session: Session = getattr(module, RUNTIMES[format])(
        list(files.values()),
        size_hw=run.recipe.preprocess.size_hw,
        n_classes=len(run.recipe.labels),
    )
    return session


def _read_faces(run: Run) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Faces to take ranges from, and faces to compare answers on, preprocessed."""
    split = run.read_split()
    calibration = _draw(split.train, _N_CALIBRATION // len(run.recipe.labels))
    compared = _draw((*split.validation, *split.test), _N_COMPARED // len(run.recipe.labels))
    if not calibration or not compared:
        raise BadRun(f"{legible(run.folder)} has no faces to prove an export on.")
    data = Dataset(root=run.data_folder, samples=())
    spec = run.recipe.preprocess

    def read(sample: Sample) -> NDArray[np.float32]:
        return spec(data.read_face(sample, spec))

    calibrating, comparing = (
        np.stack(list(map_in_threads(read, samples))) for samples in (calibration, compared)
    )
    return calibrating, comparing


def _draw(samples: Sequence[Sample], per_class: int) -> list[Sample]:
    """The same at each export: of each class up to `per_class`."""
    draw = np.random.default_rng(_SEED)
    drawn: list[Sample] = []
    for label in range(len(LABELS)):
        own = [sample for sample in samples if sample.label == label]
        chosen = draw.permutation(len(own))[:per_class]
        drawn.extend(own[index] for index in sorted(chosen.tolist()))
    return drawn


def _facts(run: Run, rule: DecisionRule, formats: Sequence[str]) -> Mapping[str, Any]:
    return {
        "labels": run.recipe.labels,
        "preprocess": run.recipe.preprocess,
        "quality": QUALITY,
        "detector": {"faces": "yunet", "mode": "balanced"},
        "training": _training(run),
        "metrics": _metrics(run, rule),
        "created_with": {
            "maskwise": maskwise.__version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "tensorflow": tf.__version__,
            "keras": keras.__version__,
            **{name: version(name) for format in formats for name in _LIBRARIES[format]},
        },
    }


def _training(run: Run) -> Mapping[str, Any]:
    split = run.read_split()
    counts = Counter((sample.source, sample.label) for sample in split.train)
    return {
        "recipe": run.recipe.to_dict(),
        "seed": run.seed,
        "split_sha256": run.split_sha256,
        "n_train": len(split.train),
        "n_validation": len(split.validation),
        "n_test": len(split.test),
        "train_by_source": {
            source: {
                LABELS[label]: counts[source, label]
                for label in run.recipe.labels
                if counts[source, label]
            }
            for source in sorted({source for source, _ in counts})
        },
        "environment": run.environment,
    }


def _metrics(run: Run, rule: DecisionRule) -> Mapping[str, Any]:
    """What was found on the test side, without the points of its curves; empty if not judged."""
    judged = run.read_metrics()
    if judged is None:
        return {}
    try:
        figures = {
            name: figure for name, figure in judged["metrics"].items() if name not in _CURVES
        }
        kept = {"created": judged["created"], "notes": judged["notes"], "metrics": figures}
        kept["slices"], kept["robustness"] = judged["slices"], judged["robustness"]
        if judged["decision_rule"] == rule.to_dict():  # else it was chosen anew since
            kept["selective"], kept["strict"] = judged["selective"], judged["strict"]
    except (AttributeError, KeyError) as error:
        raise BadRun(f"metrics.json in {legible(run.folder)} is damaged: {error}.") from error
    return kept
