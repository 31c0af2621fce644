"""ONNX: one file without external data, run by ONNX Runtime and by browsers."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
from numpy.typing import NDArray

from maskwise.exporters.blocks import in_blocks
from maskwise.exporters.graph import INPUT, as_function, signature
from maskwise.telemetry import forbid_telemetry

forbid_telemetry()
import onnx  # noqa: E402
import onnxruntime  # noqa: E402
import tf2onnx  # noqa: E402
from onnxruntime.quantization import (  # noqa: E402
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.quant_utils import add_pre_process_metadata  # noqa: E402

OUTPUT: Final = "probability"
"""The name of the output."""

_OPSET: Final = 17
_MULTIPLICATIONS: Final = ("MatMul", "Gemm")


def to_onnx(network: keras.Model) -> bytes:
    """The network in 32-bit floats."""
    content: bytes = _convert(network).SerializeToString()
    return content


def to_int8_onnx(
    network: keras.Model, faces: NDArray[np.float32], *, for_onnxruntime: bool = True
) -> bytes:
    """The network in 8-bit integers, but for its last layers and softmax.

    A quantised softmax could not give probabilities that sum to 1.

    Args:
        network: Whose weights are rounded, by channel.
        faces: Preprocessed faces `(n, h, w, 3)` of which the ranges of activations are taken.
        for_onnxruntime: Write the first layers as ONNX Runtime likes them; others do not.
    """
    converted = _convert(network)
    if for_onnxruntime:
        converted = in_blocks(converted, faces.shape[1:3])
    model = onnx.shape_inference.infer_shapes(converted)
    add_pre_process_metadata(model)  # which that was; else it is asked for, in the log of others
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
            nodes_to_exclude=_last_layers(model.graph),
        )
        return path.read_bytes()


def _convert(network: keras.Model) -> Any:
    model, _ = tf2onnx.convert.from_function(
        as_function(network), input_signature=[signature(network)], opset=_OPSET
    )
    graph = model.graph
    graph.node[-1].output[0] = graph.output[0].name = OUTPUT
    for value in (*graph.input, *graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "n"
    return _fused(model)


def _fused(model: Any) -> Any:
    """The same sums in fewer steps: what scales and shifts a convolution becomes a part of it."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        options.optimized_model_filepath = str(path)
        onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        fused = onnx.load(path)
    others = [opset for opset in fused.opset_import if opset.domain]  # of which nothing is used
    for opset in others:
        fused.opset_import.remove(opset)
    return fused


def _last_layers(graph: Any) -> list[str]:
    """The names of the nodes behind which nothing is multiplied any more; they stand in order."""
    names: list[str] = []
    multiplied: set[str] = set()
    for node in reversed(graph.node):
        if multiplied.isdisjoint(node.output):
            names.append(node.name)
            if node.op_type not in _MULTIPLICATIONS:
                continue
        multiplied.update(node.input)
    return names


class _Faces(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, faces: NDArray[np.float32]) -> None:
        self._faces: Iterator[NDArray[np.float32]] = iter(faces)

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        face = next(self._faces, None)
        return None if face is None else {INPUT: face[None]}
