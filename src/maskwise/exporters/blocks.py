"""Blocks: the first layers of a network, written so that ONNX Runtime computes them faster in int8.

A convolution on three channels keeps its int8 kernels waiting for bytes: they take four at a time,
and long rows. So what a 2x2 pooling takes the largest of is computed at once: blocks of 2x2 pixels
become the channels of one pixel, and the four results of a pooling window the channels of one
result. The sums are the same, with some zeros more; so are the answers.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

_FIRST_LAYERS: Final = ["Transpose", "Conv", "Relu", "MaxPool"]
_TO_CHANNELS_FIRST: Final = [0, 3, 1, 2]
_TO_CHANNELS_LAST: Final = [0, 2, 3, 1]


def in_blocks(model: Any, size_hw: tuple[int, int]) -> Any:
    """Rewrite convolution, ReLU and 2x2 pooling at the start of a graph; others stay as they are.

    Args:
        model: Its input is `(n, h, w, channels)`.
        size_hw: Height and width of the input. Odd ones stay as they are, too.
    """
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    graph = changed.graph
    if not _begins_as_known(graph.node[:4]) or any(size % 2 for size in size_hw):
        return changed
    weights = {each.name: each for each in graph.initializer}
    _, convolution, _, pooling = graph.node[:4]
    kernel, *biases = (numpy_helper.to_array(weights[name]) for name in convolution.input[1:])
    filters, channels, *kernel_hw = kernel.shape
    bias = biases[0] if biases else np.zeros(filters, dtype=np.float32)  # none where all are 0
    height, width = (size // 2 for size in size_hw)
    out_h, out_w = ((s - k + 1) // 2 for s, k in zip(size_hw, kernel_hw, strict=True))
    constants = {
        # An upper row, then its lower one; each in pairs of pixels.
        "pairs": np.array([-1, height, 2 * width, 2 * channels]),
        "block_kernel": _kernel_on_blocks(kernel),
        "block_bias": np.tile(bias, 4),
        "windows": np.array([-1, out_h * out_w, 4, filters]),
        "pooled": np.array([-1, out_h, out_w, filters]),
    }
    nodes = [
        helper.make_node("Reshape", [graph.input[0].name, "pairs"], ["in_pairs"], "in_pairs"),
        helper.make_node("Split", ["in_pairs"], ["upper", "lower"], "in_rows", axis=2),
        helper.make_node("Concat", ["upper", "lower"], ["in_blocks"], "in_blocks", axis=3),
    ]
    steps: list[tuple[str, list[str], dict[str, Any]]] = [
        ("Transpose", [], {"perm": _TO_CHANNELS_FIRST}),
        ("Conv", ["block_kernel", "block_bias"], {}),
        ("Relu", [], {}),
        ("Transpose", [], {"perm": _TO_CHANNELS_LAST}),
        ("Reshape", ["windows"], {}),
        ("Transpose", [], {"perm": _TO_CHANNELS_FIRST}),
        ("MaxPool", [], {"kernel_shape": [1, 4], "strides": [1, 4]}),
        ("Transpose", [], {"perm": _TO_CHANNELS_LAST}),
        ("Reshape", ["pooled"], {}),
        ("Transpose", [], {"perm": _TO_CHANNELS_FIRST}),
    ]
    last = "in_blocks"
    for number, (kind, more, attributes) in enumerate(steps, start=1):
        out = pooling.output[0] if number == len(steps) else f"in_blocks{number}"
        name = f"in_blocks{number}"
        nodes.append(helper.make_node(kind, [last, *more], [out], name, **attributes))
        last = out
    rest = list(graph.node[4:])
    del graph.node[:]
    graph.node.extend([*nodes, *rest])
    for name in convolution.input[1:]:
        graph.initializer.remove(weights[name])
    graph.initializer.extend(numpy_helper.from_array(a, name) for name, a in constants.items())
    return changed


def _begins_as_known(nodes: Sequence[Any]) -> bool:
    """Whether they are an unpadded convolution of stride 1, ReLU, and 2x2 pooling."""
    if [node.op_type for node in nodes] != _FIRST_LAYERS:
        return False
    _, convolution, _, pooling = (
        {each.name: list(each.ints) for each in node.attribute} for node in nodes
    )
    return (
        not any(convolution.get("pads", []) + pooling.get("pads", []))
        and convolution.get("strides", [1, 1]) == [1, 1]
        and convolution.get("dilations", [1, 1]) == [1, 1]
        and pooling["kernel_shape"] == pooling["strides"] == [2, 2]
    )


def _kernel_on_blocks(kernel: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of `(filters, channels, h, w)`, for all four results of a window `(4 f, 4 c, h', w')`."""
    filters, channels, height, width = kernel.shape
    padded_hw = [2 * -(-(side + 1) // 2) for side in (height, width)]
    shifted = np.zeros((2, 2, filters, channels, *padded_hw), dtype=np.float32)
    for down, right in np.ndindex(2, 2):
        shifted[down, right, :, :, down : down + height, right : right + width] = kernel
    rows, columns = (side // 2 for side in padded_hw)
    blocks = shifted.reshape(4 * filters, channels, rows, 2, columns, 2)
    # The channels of a block: its upper row before its lower, the left pixel before the right.
    return np.ascontiguousarray(
        blocks.transpose(0, 3, 5, 1, 2, 4).reshape(4 * filters, 4 * channels, rows, columns)
    )
