"""Reports to show, with names that a reader should not be fooled by."""

import math
from collections.abc import Mapping

import numpy as np

from maskwise.evaluation.metrics import Metrics, measure
from maskwise.evaluation.report import Mistake, Report
from maskwise.images import encode_image

THUMBNAIL = encode_image(np.full((8, 8, 3), 120, dtype=np.uint8), format="jpeg")


def some_metrics() -> Metrics:
    """Of 40 pictures in two classes; 6 answers are wrong."""
    label = np.arange(40, dtype=np.int64) % 2
    masked = np.where(label == 1, 0.9, 0.1)
    masked[[3, 4, 10, 11, 20, 32]] = 0.35, 0.97, 0.55, 0.25, 0.6, 0.75
    masked += np.linspace(0, 0.02, 40)
    return measure(label, np.stack([1 - masked, masked], axis=1).astype(np.float32))


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
        history=history,
        mistakes=(
            Mistake("with_mask/<script>alert(1)</script>.jpg", 1, 0, (0.65, 0.35), THUMBNAIL),
            Mistake('without_mask/"onload=x\u202egpj.\x1b[31m\udcff`|.jpg', 0, 1, (0.03, 0.97)),
            Mistake("without_mask/äöü 顔.jpg", 0, 1, (0.45, 0.55), THUMBNAIL),
        ),
        notes=("Try `maskwise evaluate RUN DATA` & <see>.",),
    )
