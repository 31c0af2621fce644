"""The same training as tutorials write it: every picture in one float array, then `model.fit`.

    python benchmarks/plain_training.py PICTURES EPOCHS

Only here to be measured against; see training.py.
"""

import sys
from pathlib import Path

import keras
import numpy as np
from PIL import Image
from sklearn.model_selection import train_test_split


def main() -> None:
    """Train and say how long each epoch took."""
    folder, epochs = Path(sys.argv[1]), int(sys.argv[2])
    images, labels = [], []
    for label, name in enumerate(("without_mask", "with_mask")):
        for path in sorted((folder / name).iterdir()):
            image = Image.open(path).convert("RGB").resize((128, 128))
            images.append(np.array(image))
            labels.append(label)
    x = np.array(images) / 255
    y = np.array(labels)
    x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.2, random_state=0)
    model = keras.Sequential([keras.Input((128, 128, 3))])
    for filters in (32, 64, 128):
        model.add(keras.layers.Conv2D(filters, 3, activation="relu"))
        model.add(keras.layers.MaxPooling2D(2))
    model.add(keras.layers.Flatten())
    for units in (128, 64):
        model.add(keras.layers.Dense(units, activation="relu"))
        model.add(keras.layers.Dropout(0.5))
    model.add(keras.layers.Dense(2, activation="softmax"))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train, batch_size=32, epochs=epochs, validation_split=0.1, verbose=2)
    model.evaluate(x_test, y_test, verbose=2)


if __name__ == "__main__":
    main()
