"""Reports to show, with names that a reader should not be fooled by."""

import math
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from maskwise.dataset.samples import Sample
from maskwise.evaluation.calibration import coverage_risk, measure_selective
from maskwise.evaluation.metrics import Metrics, measure
from maskwise.evaluation.report import Mistake, Report
from maskwise.evaluation.robustness import Robustness, measure_robustness
from maskwise.evaluation.slices import Slice, measure_slices
from maskwise.images import encode_image
from maskwise.inference.decision import DecisionRule

THUMBNAIL = encode_image(np.full((8, 8, 3), 120, dtype=np.uint8), format="jpeg")


LABEL = np.arange(40, dtype=np.int64) % 2


def some_probability() -> NDArray[np.float32]:
    """Answers on 40 pictures in two classes, of which 6 are wrong."""
    masked = np.where(LABEL == 1, 0.9, 0.1)
    masked[[3, 4, 10, 11, 20, 32]] = 0.35, 0.97, 0.55, 0.25, 0.6, 0.75
    masked += np.linspace(0, 0.02, 40)
    return np.stack([1 - masked, masked], axis=1).astype(np.float32)


def some_metrics() -> Metrics:
    """Of 40 pictures in two classes; 6 answers are wrong."""
    return measure(LABEL, some_probability())


def some_slices() -> tuple[Slice, ...]:
    """By looks, and by a source whose name should fool nobody."""
    names = ("<b>web</b>", "a|b\u202e")
    samples = [
        Sample(
            f"{i}.jpg",
            int(label),
            1,
            f"{i:064x}",
            (90, 90),
            attributes={"source": names[i % 3 % 2]},
        )
        for i, label in enumerate(LABEL)
    ]
    looks = np.stack([np.arange(40.0)] * 3, axis=1)
    return measure_slices(samples, looks, some_probability())


def some_robustness() -> Robustness:
    """Of a network that goes by the brightness of the whole picture."""
    faces = [np.full((24, 24, 3), 60 + 130 * label, dtype=np.uint8) for label in LABEL]

    def classify(faces_rgb: Iterable[NDArray[np.uint8]]) -> NDArray[np.float32]:
        masked = np.array([face.mean() / 255 for face in faces_rgb])
        return np.stack([1 - masked, masked], axis=1).astype(np.float32)

    return measure_robustness(classify, faces.__getitem__, LABEL)


def hostile_report() -> Report:
    """Three mistakes, three epochs, and names that a reader should not be fooled by."""
    history: tuple[Mapping[str, float | None], ...] = (
        {"epoch": 1, "loss": 0.7, "accuracy": 0.5, "val_loss": math.nan, "val_accuracy": 0.5},
        {"epoch": 2, "loss": 0.4, "accuracy": 0.8, "val_loss": 0.6, "val_accuracy": 0.7},
        {"epoch": 3, "loss": math.inf, "accuracy": 0.9, "val_loss": None, "val_accuracy": 0.8},
    )
    return Report(
        title="reference on <b>faces</b>",
        created="2026-11-23T14:31:07+00:00",
        facts={"Recipe": "reference", "Judged on": "/data/\udcff|<i>faces</i>\u202e"},
        metrics=some_metrics(),
        rule=DecisionRule(
            temperature=1.3, min_probability=0.7, max_error=0.1, guaranteed=True, n=30
        ),
        selective=measure_selective(LABEL, np.where(np.arange(40) < 4, -1, LABEL)),
        coverage_risk=coverage_risk(LABEL, some_probability()),
        slices=some_slices(),
        robustness=some_robustness(),
        history=history,
        mistakes=(
            Mistake(
                "with_mask/<script>alert(1)</script>.jpg",
                1,
                0,
                (0.65, 0.35),
                THUMBNAIL,
                None,
                THUMBNAIL,
            ),
            Mistake('without_mask/"onload=x\u202egpj.\x1b[31m\udcff`|.jpg', 0, 1, (0.03, 0.97)),
            Mistake("without_mask/äöü 顔.jpg", 0, 1, (0.45, 0.55), THUMBNAIL),
        ),
        notes=("Try `maskwise evaluate RUN DATA` & <see>.",),
    )
