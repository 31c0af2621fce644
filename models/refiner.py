"""Trains the network by which `maskwise.faces.refined` looks again at what was found.

    python models/refiner.py DATA OUT.onnx

DATA is as `material.py` says. Positives and borders come from the training part of the scenes: what
YuNet finds there, and boxes beside the faces; more faces from the pictures of one face each, whose
borders nobody has drawn. Negatives are what YuNet finds besides. No near-duplicate of the
validation part of the scenes is used.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from maskwise.boxes import iou
from maskwise.cli.console import hushed, say
from maskwise.dataset.dataset import Dataset
from maskwise.dataset.joining import join_datasets
from maskwise.dataset.samples import Sample
from maskwise.dataset.threads import map_in_threads
from maskwise.durable import make_folder, write_bytes
from maskwise.exporters.onnx import to_int8_onnx
from maskwise.faces.refined import LOOK, measure_offset
from maskwise.faces.search import Search
from maskwise.faces.yunet import YuNet
from maskwise.model.efficientnet import assign_imagenet, build_efficientnet_lite0
from maskwise.model.layers import keep_normalisations
from maskwise.training.augmentation.damage import damage
from maskwise.training.augmentation.light import relight
from material import CUT_FROM_SCENES, NOT_FOR_US, scenes_to_judge_on, without_copies_of

SEED: Final = 0
EPOCHS: Final = 6
BATCH: Final = 64
LEARNING_RATE: Final = 6e-4
WEIGHT_DECAY: Final = 0.02
LAST_LAYER: Final = "block08_add"
"""Of EfficientNet-Lite0: what comes behind sees more than a face of 64 pixels."""
HIDDEN: Final = 128
WEIGHT_OF_BORDERS: Final = 2.0
NEAR: Final = 0.1
"""Offsets that are wrong by less are squared (Huber), those that are wrong by more are not."""

SEARCHES: Final = (
    Search((1600, 640, 256), min_score=0.1),
    Search((960, 256), min_score=0.1),
    Search((640, 256), min_score=0.1),
)
FACE: Final = 0.4
"""IoU with a face from which on a box holds it; below that of NEARBY its borders mean nothing, and
it is taken for no face."""
NEARBY: Final = 0.25
MIN_SIDE_PX: Final = 6
JITTERED: Final = 3
DOUBTFUL_SCORE: Final = 0.2
KEPT_DOUBTFUL: Final = 0.3
SURE_SCORE: Final = 0.7
UNKNOWN: Final = np.nan
FOR_RANGES: Final = 300
"""Boxes of which the ranges are taken in which its 8-bit integers count."""

Boxes = NDArray[np.float64]
Example = tuple[NDArray[np.uint8], NDArray[np.float32]]
"""A face `(64, 64, 3)`, and whether it is one and its offset `(5,)`, NaN where nobody knows."""


def material(folder: Path) -> Dataset:
    """The training part of the scenes and the pictures of one face each."""
    faces = Dataset.open(folder / "faces")
    kept = tuple(s for s in faces.samples if s.source not in NOT_FOR_US | CUT_FROM_SCENES)
    scenes = Dataset.open(folder / "scenes" / "annotations_coco_train.json")
    data = join_datasets([replace(faces, samples=kept), scenes])
    return without_copies_of(scenes_to_judge_on(folder), data)


def examples(data: Dataset) -> Iterator[Example]:
    """All that is shown to the network in an epoch."""
    finders = [YuNet(search) for search in SEARCHES]
    pictures: dict[str, list[Sample]] = {}
    for sample in data.samples:
        pictures.setdefault(sample.path, []).append(sample)

    def look(faces: list[Sample]) -> list[Example]:
        draw = np.random.default_rng([SEED, int(faces[0].sha256[:8], 16)])
        image_rgb = data.read(faces[0])
        if faces[0].box_xyxy is None:
            return list(_in_close_up(image_rgb, finders[1], draw))
        truth = np.array([face.box_xyxy for face in faces], dtype=np.float64)
        return list(_in_scene(image_rgb, truth, finders, draw))

    return chain.from_iterable(map_in_threads(look, list(pictures.values())))


def _in_scene(
    image_rgb: NDArray[np.uint8],
    truth_xyxy: Boxes,
    finders: Sequence[YuNet],
    draw: np.random.Generator,
) -> Iterator[Example]:
    boxes = [_jitter(truth, 0.15, 0.2, draw) for truth in truth_xyxy for _ in range(JITTERED)]
    boxes += [_beside(truth, draw) for truth in truth_xyxy if draw.random() < 0.5]
    height, width = image_rgb.shape[:2]
    side = np.exp(draw.uniform(np.log(MIN_SIDE_PX), np.log(min(height, width))))
    boxes.append(_square(draw.uniform(0, 1, 2) * (width, height), side))
    for find in finders:
        found = find(image_rgb)
        is_near = iou(found.xyxy, truth_xyxy).max(axis=1) >= NEARBY
        is_doubtful = ~is_near & (found.detector_score < DOUBTFUL_SCORE)
        kept = ~is_doubtful | (draw.random(len(found)) < KEPT_DOUBTFUL)
        boxes += list(found.xyxy[kept].astype(np.float64))
    overlap = iou(np.array(boxes), truth_xyxy)
    for box, own in zip(boxes, overlap, strict=True):
        nearest = int(own.argmax())
        is_face = 1.0 if own[nearest] >= FACE else 0.0 if own[nearest] < NEARBY else UNKNOWN
        offset = measure_offset(box[None], truth_xyxy[[nearest]])[0]
        if own[nearest] < NEARBY:
            offset[:] = UNKNOWN
        yield from _cut(image_rgb, box, [is_face, *offset])


def _in_close_up(
    image_rgb: NDArray[np.uint8], find: YuNet, draw: np.random.Generator
) -> Iterator[Example]:
    found = find(image_rgb)
    boxes = found.xyxy.astype(np.float64)
    sides = np.where(found.detector_score >= SURE_SCORE, (boxes[:, 2] - boxes[:, 0]), 0)
    if not sides.any():
        return
    main = int(sides.argmax())
    yield from _cut(image_rgb, _jitter(boxes[main], 0.12, 0.15, draw), [1.0, *[UNKNOWN] * 4])
    is_other = (iou(boxes, boxes[[main]])[:, 0] < 0.1) & (found.detector_score < 0.45)
    for box in boxes[is_other & (draw.random(len(boxes)) < KEPT_DOUBTFUL)]:
        yield from _cut(image_rgb, box, [0.0, *[UNKNOWN] * 4])


def _cut(image_rgb: NDArray[np.uint8], box: Boxes, target: Sequence[float]) -> Iterator[Example]:
    left, top, right, bottom = box.tolist()
    height, width = image_rgb.shape[:2]
    is_inside = right > 0 and bottom > 0 and left < width and top < height
    if is_inside and min(right - left, bottom - top) >= MIN_SIDE_PX:
        face_rgb = LOOK.resize(LOOK.crop(image_rgb, (left, top, right, bottom)))
        yield face_rgb, np.array(target, dtype=np.float32)


def _jitter(box: Boxes, shift: float, growth: float, draw: np.random.Generator) -> Boxes:
    size = box[2:] - box[:2]
    middle = (box[:2] + box[2:]) / 2 + draw.normal(0, shift, 2) * size.max()
    half = size * np.exp(draw.normal(0, growth) + draw.normal(0, 0.1, 2)) / 2
    return np.concatenate([middle - half, middle + half])


def _beside(box: Boxes, draw: np.random.Generator) -> Boxes:
    side = (box[2:] - box[:2]).max()
    away = draw.choice([-1, 1], 2) * draw.uniform(0.4, 1, 2) * side
    return _square((box[:2] + box[2:]) / 2 + away, side * np.exp(draw.normal(0, 0.3)))


def _square(middle: Boxes, side: float) -> Boxes:
    return np.concatenate([middle - side / 2, middle + side / 2])


def build() -> keras.Model:
    """The first layers of EfficientNet-Lite0, and of two more what is to be told."""
    base = build_efficientnet_lite0(LOOK.size_hw, seed=SEED)
    assign_imagenet(base)
    x = keras.layers.Flatten()(base.get_layer(LAST_LAYER).output)
    x = keras.layers.Dropout(0.2, seed=SEED)(x)
    x = keras.layers.Dense(HIDDEN, activation="relu")(x)
    is_face = keras.layers.Dense(1, activation="sigmoid")(x)
    offset = keras.layers.Dense(4, kernel_initializer="zeros")(x)
    model = keras.Model(base.input, keras.layers.Concatenate()([is_face, offset]))
    keep_normalisations(model)
    return model


def loss(target: Any, said: Any) -> Any:
    """Cross-entropy of being a face and Huber of the offset, of what is known."""
    is_known = tf.math.is_finite(target)
    wanted = tf.where(is_known, target, said)  # no error, no gradient
    entropy = keras.losses.binary_crossentropy(wanted[:, :1], said[:, :1])
    huber = keras.losses.huber(wanted[:, 1:], said[:, 1:], delta=NEAR) * (4 / NEAR)
    is_told = tf.cast(is_known[:, 0], said.dtype)
    return entropy * is_told + WEIGHT_OF_BORDERS * huber


class Shuffled(keras.utils.PyDataset):  # type: ignore[misc]
    """Batches in another order each epoch, every face changed anew."""

    def __init__(self, faces_rgb: NDArray[np.uint8], target: NDArray[np.float32]) -> None:
        super().__init__(workers=2)
        self._faces_rgb, self._target = faces_rgb, target
        self._epoch = 0

    def __len__(self) -> int:
        return len(self._target) // BATCH

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        order = np.random.default_rng([SEED, self._epoch]).permutation(len(self._target))
        chosen = order[index * BATCH : (index + 1) * BATCH]
        draw = np.random.default_rng([SEED, self._epoch, index])
        faces = np.stack([damage(relight(self._faces_rgb[i], draw), draw) for i in chosen])
        target = self._target[chosen]
        is_mirrored = draw.random(BATCH) < 0.5
        faces[is_mirrored] = faces[is_mirrored][:, :, ::-1]
        target[is_mirrored, 1] *= -1
        return LOOK.scale(faces), target

    def on_epoch_end(self) -> None:
        """Called by Keras after each epoch."""
        self._epoch += 1


def main() -> None:
    """Do all of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    make_folder(arguments.out.parent)
    faces, targets = zip(*examples(material(arguments.data)), strict=True)
    target = np.stack(targets)
    n_faces, n_others = int((target[:, 0] == 1).sum()), int((target[:, 0] == 0).sum())
    say(f"{n_faces} boxes on faces, {n_others} beside, {len(target) - n_faces - n_others} between")
    keras.utils.set_random_seed(SEED)
    model = build()
    steps = len(target) // BATCH * EPOCHS
    pace = keras.optimizers.schedules.CosineDecay(
        *(LEARNING_RATE / 100, steps),
        warmup_target=LEARNING_RATE,
        warmup_steps=steps // 10,
        alpha=0.01,
    )
    model.compile(keras.optimizers.AdamW(pace, weight_decay=WEIGHT_DECAY), loss=loss)
    batches = Shuffled(np.stack(faces), target)
    for epoch in range(EPOCHS):
        done = model.fit(batches, epochs=epoch + 1, initial_epoch=epoch, verbose=0).history
        say(f"epoch {epoch + 1}/{EPOCHS}  loss {done['loss'][0]:.4f}")
    with hushed():
        ranges_of = LOOK.scale(np.stack(faces[:: len(faces) // FOR_RANGES]))
        write_bytes(arguments.out, to_int8_onnx(model, ranges_of))


if __name__ == "__main__":
    main()
