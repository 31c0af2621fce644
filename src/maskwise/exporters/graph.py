"""Graph: a Keras network as TensorFlow runs it, its weights being constants."""

from typing import Any

import keras
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

INPUT: str = "face"
"""The name of the input in every exported file."""


def signature(network: keras.Model) -> Any:
    """The input of a network as TensorFlow writes it down: a batch of any length."""
    return tf.TensorSpec((None, *network.input_shape[1:]), tf.float32, name=INPUT)


def as_function(network: keras.Model) -> Any:
    """A network as a TensorFlow function of one batch; dropout is off."""
    return tf.function(
        lambda batch: network(batch, training=False), input_signature=[signature(network)]
    )


def freeze(network: keras.Model) -> Any:
    """A network as a concrete function without variables."""
    return convert_variables_to_constants_v2(as_function(network).get_concrete_function())
