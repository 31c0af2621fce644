"""OpenVINO: the fastest on processors of Intel and AMD."""

import io
import logging
import tempfile
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from maskwise.exporters.graph import as_function
from maskwise.telemetry import forbid_telemetry

forbid_telemetry()
import nncf  # noqa: E402
import openvino  # noqa: E402


def to_openvino(network: keras.Model) -> tuple[bytes, bytes]:
    """The network in 32-bit floats: graph (XML) and weights."""
    return _serialise(_convert(network))


def to_int8_openvino(network: keras.Model, faces: NDArray[np.float32]) -> tuple[bytes, bytes]:
    """The network in 8-bit integers, but for its last layer and softmax; see `to_int8_onnx`."""
    logging.getLogger("nncf").setLevel(logging.ERROR)
    model = _convert(network)
    last_layer = [op for op in model.get_ordered_ops() if op.get_type_name() == "MatMul"][-1]
    in_float = nncf.IgnoredScope(names=[last_layer.get_friendly_name()], types=["Softmax"])
    with redirect_stdout(io.StringIO()):  # its progress bars are not for programs
        quantised = nncf.quantize(
            model,
            nncf.Dataset([face[None] for face in faces]),
            subset_size=len(faces),
            ignored_scope=in_float,
        )
    return _serialise(quantised)


def _convert(network: keras.Model) -> Any:
    return openvino.convert_model(as_function(network).get_concrete_function())


def _serialise(model: Any) -> tuple[bytes, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.xml"
        openvino.save_model(model, path, compress_to_fp16=False)
        return path.read_bytes(), path.with_suffix(".bin").read_bytes()
