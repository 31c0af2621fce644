"""The lean CNN: a fifth of the reference network's arithmetic and a tenth of its weights.

Built for one core. The first convolution takes steps of four pixels, so that little is computed at
high resolution; after it come three stages of one residual block each (He et al. 2016), every stage
at half the resolution and twice the channels, and the mean over the last maps. Dense 3x3
convolutions on few channels: depthwise ones need fewer multiplications, but TensorFlow takes longer
to train them on a processor.
"""

from typing import Any, Final

import keras

from maskwise.model.layers import classify, convolve

STAGE_FILTERS: Final = (24, 48, 96)
FEATURES: Final = 256


def build_lean_cnn(
    size_hw: tuple[int, int] = (112, 112), *, n_classes: int = 3, seed: int = 0
) -> keras.Model:
    """Build the lean network with fresh weights.

    Args:
        size_hw: Height and width of the input in pixels, at least 16 each.
        n_classes: How many classes it tells apart.
        seed: Draws the first weights and the dropout masks.

    Returns:
        A model from `(n, *size_hw, 3)` float32 in [0, 1] to `(n, n_classes)` probabilities in
        the order of `maskwise.LABELS`.
    """
    draw = keras.random.SeedGenerator(seed)
    x = inputs = keras.Input((*size_hw, 3), name="face")
    for number, filters in enumerate(STAGE_FILTERS, start=1):
        stage = f"stage{number}"
        kernel, stride = (5, 4) if number == 1 else (3, 2)
        shortcut = x = _relu(convolve(x, filters, kernel, stride, f"{stage}_in", draw))
        x = _relu(convolve(x, filters, 3, 1, f"{stage}_1", draw))
        x = convolve(x, filters, 3, 1, f"{stage}_2", draw)
        x = _relu(keras.layers.Add(name=f"{stage}_add")([shortcut, x]))
    x = _relu(convolve(x, FEATURES, 1, 1, "features", draw))
    outputs = classify(x, n_classes, seed=seed, draw=draw)
    return keras.Model(inputs, outputs, name="lean_cnn")


def _relu(x: Any) -> Any:
    return keras.layers.ReLU()(x)
