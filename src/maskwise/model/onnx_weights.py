"""ONNX weights: from the file of an exported network back into the network it was made of."""

from collections.abc import Mapping
from typing import Any, Final

import keras
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from maskwise.model.layers import normalisation_of

_WEIGHTED: Final = ("Conv", "Gemm", "MatMul")


def assign_onnx(model: keras.Model, content: bytes) -> None:
    """Give a network the weights that an export of such a network holds.

    An export multiplies each normalisation into the convolution before it. Here the convolution
    keeps the product, and the normalisation only shifts.

    Args:
        model: Built as the exported one was.
        content: An ONNX file in 32-bit floats, as `maskwise.exporters.onnx.to_onnx` writes it.

    Raises:
        ValueError: It holds another network.
    """
    graph = onnx.load_from_string(content).graph
    held = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    nodes = [node for node in graph.node if node.op_type in _WEIGHTED]
    layers = [layer for layer in model.layers if hasattr(layer, "kernel")]
    if len(nodes) != len(layers):
        raise ValueError(f"it has {len(nodes)} layers with weights, the network {len(layers)}")
    for node, layer in zip(nodes, layers, strict=True):
        kernel = _kernel(held.get(node.input[1]), layer)
        if kernel is None or kernel.shape != tuple(layer.kernel.shape):
            raise ValueError(f"{layer.name} is not {tuple(layer.kernel.shape)} in it")
        layer.kernel.assign(kernel)
        bias = _bias(node, held)
        if layer.use_bias:
            layer.bias.assign(layer.bias * 0 if bias is None else bias)
            continue
        normalisation = normalisation_of(model, layer)
        shift = normalisation.beta * 0 if bias is None else bias
        normalisation.gamma.assign(normalisation.gamma * 0 + 1)
        normalisation.beta.assign(shift)
        normalisation.moving_mean.assign(normalisation.moving_mean * 0)
        normalisation.moving_variance.assign(
            normalisation.moving_variance * 0 + (1 - normalisation.epsilon)
        )


def _kernel(array: NDArray[np.float32] | None, layer: Any) -> NDArray[np.float32] | None:
    """Filters first in ONNX, last in Keras; those of depthwise convolutions stand third there."""
    if array is None or array.ndim == 2:
        return array
    order = (2, 3, 0, 1) if isinstance(layer, keras.layers.DepthwiseConv2D) else (2, 3, 1, 0)
    return array.transpose(order)


def _bias(node: Any, held: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32] | None:
    return held.get(node.input[2]) if len(node.input) > 2 else None  # none where all are 0
