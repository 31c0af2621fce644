"""Bundles whose models are no networks, for what does not run them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from maskwise.inference.bundle import Bundle, ModelFile, write_bundle
from maskwise.inference.decision import DecisionRule
from maskwise.inference.quality import QualityRule
from maskwise.preprocess import PreprocessSpec

CONTENTS: Mapping[str, bytes] = {
    "model.onnx": b"a network",
    "model.int8.xml": b"how the parts of another hang together",
    "model.int8.bin": bytes(range(256)),
}


def write_small_bundle(folder: Path, **changes: Any) -> Bundle:
    """A bundle of two models, with some of its fields changed."""
    fields: dict[str, Any] = {
        "name": "small",
        "version": "1.0",
        "labels": (0, 1),
        "preprocess": PreprocessSpec(size_hw=(8, 6)),
        "rule": DecisionRule(temperature=1.5, min_probability=0.6),
        "quality": QualityRule(min_side_px=12, min_sharpness=0.01),
        "detector": {"faces": "whole", "mode": "balanced"},
        "models": (
            ModelFile("onnx", "fp32", ("model.onnx",), {"largest_difference": 1e-7}),
            ModelFile("openvino", "int8", ("model.int8.xml", "model.int8.bin"), {}),
        ),
        "training": {"data": [{"source": "drawn", "faces": 40}]},
        "metrics": {"accuracy": 0.98, "n": 400},
        "golden": {"answers": [[0.25, 0.75]]},
        "licence": "Apache-2.0",
        "created_with": {"maskwise": "0.1.0"},
        "contents": CONTENTS,
        "card": "# small\n\nTells noise from noise.\n",
    }
    return write_bundle(folder, **{**fields, **changes})
