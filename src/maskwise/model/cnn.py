"""The customised CNN of the reference system: ten layers, 3,313,026 weights for two classes."""

import keras

CONVOLUTION_FILTERS = (32, 64, 128)
HIDDEN_UNITS = (128, 64)
DROPOUT_RATE = 0.5
CHANNELS_LAST = "channels_last"  # whatever a user's own Keras is set to


def build_reference_cnn(
    size_hw: tuple[int, int] = (128, 128), *, n_classes: int = 2, seed: int = 0
) -> keras.Model:
    """Build the reference network with fresh weights.

    Three times convolution (3x3, ReLU) and 2x2 max-pooling, flatten, three dense layers; dropout
    follows each hidden dense layer.

    Args:
        size_hw: Height and width of the input in pixels, at least 22 each.
        n_classes: How many classes it tells apart; the reference system has two.
        seed: Draws the first weights and the dropout masks.

    Returns:
        A model from `(n, *size_hw, 3)` float32 in [0, 1] to `(n, n_classes)` probabilities in
        the order of `maskwise.LABELS`.
    """
    draw = keras.random.SeedGenerator(seed)
    x = inputs = keras.Input((*size_hw, 3), name="face")
    for number, filters in enumerate(CONVOLUTION_FILTERS, start=1):
        x = keras.layers.Conv2D(
            filters,
            3,
            activation="relu",
            data_format=CHANNELS_LAST,
            kernel_initializer=keras.initializers.GlorotUniform(seed=draw),
            name=f"convolution{number}",
        )(x)
        x = keras.layers.MaxPooling2D(2, data_format=CHANNELS_LAST, name=f"pooling{number}")(x)
    x = keras.layers.Flatten(data_format=CHANNELS_LAST, name="flatten")(x)
    for number, units in enumerate(HIDDEN_UNITS, start=1):
        x = keras.layers.Dense(
            units,
            activation="relu",
            kernel_initializer=keras.initializers.GlorotUniform(seed=draw),
            name=f"dense{number}",
        )(x)
        x = keras.layers.Dropout(DROPOUT_RATE, seed=seed + number, name=f"dropout{number}")(x)
    outputs = keras.layers.Dense(
        n_classes,
        activation="softmax",
        kernel_initializer=keras.initializers.GlorotUniform(seed=draw),
        name="label",
    )(x)
    return keras.Model(inputs, outputs, name="reference_cnn")
