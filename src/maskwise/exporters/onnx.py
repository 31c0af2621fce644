"""ONNX: one file without external data, run by ONNX Runtime and by browsers."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
from numpy.typing import NDArray

from maskwise.exporters.graph import INPUT, as_function, signature
from maskwise.telemetry import forbid_telemetry

forbid_telemetry()
import tf2onnx  # noqa: E402
from onnxruntime.quantization import (  # noqa: E402
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_static,
)

_OPSET: Final = 17


def to_onnx(network: keras.Model) -> bytes:
    """The network in 32-bit floats."""
    content: bytes = _convert(network).SerializeToString()
    return content


def to_int8_onnx(network: keras.Model, faces: NDArray[np.float32]) -> bytes:
    """The network in 8-bit integers, but for its last layer and softmax.

    A quantised softmax could not give probabilities that sum to 1.

    Args:
        network: Whose weights are rounded, by channel.
        faces: Preprocessed faces `(n, h, w, 3)` of which the ranges of activations are taken.
    """
    model = _convert(network)
    in_float = [node.name for node in model.graph.node if node.op_type == "Softmax"]
    for kind in ("MatMul", "Add"):  # of the last layer
        in_float.append([node.name for node in model.graph.node if node.op_type == kind][-1])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        quantize_static(
            model,
            str(path),
            _Faces(faces),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=in_float,
        )
        return path.read_bytes()


def _convert(network: keras.Model) -> Any:
    model, _ = tf2onnx.convert.from_function(
        as_function(network), input_signature=[signature(network)], opset=_OPSET
    )
    return model


class _Faces(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, faces: NDArray[np.float32]) -> None:
        self._faces: Iterator[NDArray[np.float32]] = iter(faces)

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        face = next(self._faces, None)
        return None if face is None else {INPUT: face[None]}
