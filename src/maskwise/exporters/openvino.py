"""OpenVINO: the fastest on processors of Intel and AMD.

Its files are made from those in ONNX, which it reads. Its own tool for integers, NNCF, was measured
too: as fast, but its answers lay three times as far from those of the network that was trained.
"""

import tempfile
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from maskwise.exporters.onnx import to_int8_onnx, to_onnx
from maskwise.telemetry import forbid_telemetry

forbid_telemetry()
import openvino  # noqa: E402


def to_openvino(network: keras.Model) -> tuple[bytes, bytes]:
    """The network in 32-bit floats: graph (XML) and weights."""
    return _convert(to_onnx(network))


def to_int8_openvino(network: keras.Model, faces: NDArray[np.float32]) -> tuple[bytes, bytes]:
    """The network in 8-bit integers, but for its last layer and softmax; see `to_int8_onnx`."""
    return _convert(to_int8_onnx(network, faces, for_onnxruntime=False))


def _convert(content: bytes) -> tuple[bytes, bytes]:
    model = openvino.Core().read_model(model=content)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.xml"
        openvino.save_model(model, path, compress_to_fp16=False)
        return path.read_bytes(), path.with_suffix(".bin").read_bytes()
