"""LiteRT: for phones and small boards."""

import warnings
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from maskwise.exporters.graph import freeze


def to_litert(network: keras.Model) -> bytes:
    """The network in 32-bit floats."""
    content: bytes = _converter(network).convert()
    return content


def to_int8_litert(network: keras.Model, faces: NDArray[np.float32]) -> bytes:
    """The network in 8-bit integers, but for its last layer and softmax; see `to_int8_onnx`."""

    def one_by_one() -> Iterator[list[NDArray[np.float32]]]:
        for face in faces:
            yield [face[None]]

    converter = _converter(network)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = one_by_one
    options = tf.lite.experimental.QuantizationDebugOptions(
        denylisted_ops=["SOFTMAX"], denylisted_nodes=[_last_layer(to_litert(network))]
    )
    with warnings.catch_warnings():  # TensorFlow warns of what it uses itself
        warnings.filterwarnings("ignore", r"\s*Warning: tf\.lite\.Interpreter is deprecated")
        debugger = tf.lite.experimental.QuantizationDebugger(
            converter=converter, debug_dataset=one_by_one, debug_options=options
        )
    content: bytes = debugger.get_nondebug_quantized_model()
    return content


def _converter(network: keras.Model) -> Any:
    return tf.lite.TFLiteConverter.from_concrete_functions([freeze(network)], network)


def _last_layer(content: bytes) -> str:
    """What LiteRT calls the last layer: but for the softmax, nothing has the output's shape."""
    interpreter = Interpreter(model_content=content)
    (found,) = interpreter.get_output_details()
    (name,) = (
        tensor["name"]
        for tensor in interpreter.get_tensor_details()
        if tensor["index"] != found["index"]
        and np.array_equal(tensor["shape_signature"], found["shape_signature"])
    )
    return str(name)
