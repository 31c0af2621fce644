"""Layers: what the networks after the reference one are made of."""

from typing import Any, Final

import keras

from maskwise.model.cnn import CHANNELS_LAST

_MOMENTUM: Final = 0.98  # of normalisation; a training has thousands of steps, not millions
_DROPOUT_RATE: Final = 0.2
_NORMALISATION: Final = "_norm"


def convolve(
    x: Any, filters: int, size: int, stride: int, name: str, draw: keras.random.SeedGenerator
) -> Any:
    """A padded convolution, without activation, and its normalisation."""
    x = keras.layers.Conv2D(
        filters,
        size,
        strides=stride,
        padding="same",
        use_bias=False,  # the normalisation brings one
        data_format=CHANNELS_LAST,
        kernel_initializer=keras.initializers.HeNormal(seed=draw),
        name=name,
    )(x)
    return normalise(x, name)


def normalise(x: Any, name: str) -> Any:
    """Batch normalisation of what the layer `name` gives."""
    return keras.layers.BatchNormalization(
        momentum=_MOMENTUM, epsilon=0.001, name=f"{name}{_NORMALISATION}"
    )(x)


def normalisation_of(model: keras.Model, layer: keras.layers.Layer) -> keras.layers.Layer:
    """The normalisation of what a layer gives."""
    return model.get_layer(f"{layer.name}{_NORMALISATION}")


def keep_normalisations(model: keras.Model) -> None:
    """Let a training change nothing about how the network normalises, nor measure it anew."""
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False


def classify(x: Any, n_classes: int, *, seed: int, draw: keras.random.SeedGenerator) -> Any:
    """Probabilities from the mean over maps."""
    x = keras.layers.GlobalAveragePooling2D(data_format=CHANNELS_LAST, name="mean")(x)
    x = keras.layers.Dropout(_DROPOUT_RATE, seed=seed + 1, name="dropout")(x)
    return keras.layers.Dense(
        n_classes,
        activation="softmax",
        kernel_initializer=keras.initializers.GlorotUniform(seed=draw),
        name="label",
    )(x)
