"""Rank: one of the processes that train a network together, from its first step to its last.

All have the same weights. Of each batch every rank works off its share; the gradients are summed,
so that each takes the step that one process would have taken with the whole batch. What a training
leaves behind is written by rank 0 alone, as `maskwise.training.fit` writes it.
"""

import hashlib
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, Final

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from maskwise.dataset.dataset import Dataset
from maskwise.dataset.pixels import open_pixels
from maskwise.dataset.samples import Sample
from maskwise.distributed.ring import Ring
from maskwise.distributed.shards import Shards
from maskwise.errors import ClusterFailed
from maskwise.model.variables import read_arrays, training_variables
from maskwise.preprocess import PreprocessSpec
from maskwise.runs.run import Run
from maskwise.training.augmented import AugmentedBatches, mark_faces
from maskwise.training.batches import PixelBatches
from maskwise.training.claim import claimed
from maskwise.training.parent import Parent
from maskwise.training.recorder import Recorder
from maskwise.training.shown import batches_shown, batches_watched, shown_spec
from maskwise.training.start import Start
from maskwise.training.watcher import Watcher

_SEED: Final = "seed_generator_state"
_APART: Final = 0x9E3779B1  # between the seeds of two ranks
_MAKERS: Final = 2  # threads that make batches
_AHEAD: Final = 4  # batches that are made before their turn
_TOLD: Final = 10  # steps between two words about how it goes
_PATIENCE_S: Final = 60.0  # with a rank 0 whose training was cut off, and that is still going

Batches = PixelBatches | AugmentedBatches


def train_as_rank(run: Run, parent: Parent | None, ring: Ring, watcher: Watcher) -> None:
    """Train what is left of a run, together with the other ranks.

    Args:
        run: Begun by who started the ranks; its folder and its data are seen by all of them.
        parent: The network that it goes on from, if it does.
        ring: All ranks, and which of them this is.
        watcher: Of rank 0: is told how it goes.

    Raises:
        BadDataset: A picture is not there, or not the one that was listed.
        BadRun: Another training is writing there, or a checkpoint is damaged.
        ClusterFailed: The ranks do not compute the same.
        OutputFailed: The disk is full or closed to us.
    """
    with ExitStack() as stack:
        if ring.rank == 0:
            # The lock of the run is held by who started us, and may be held anew while we still go.
            stack.enter_context(claimed(run.checkpoint_folder, patience_s=_PATIENCE_S))
        ring.wait()
        split = run.read_split()
        start = Start.of(run, parent, len(split.train))
        _require_equal(ring, start.model, start.epoch)
        _draw_apart(start.model, ring.rank)
        if start.epoch >= run.recipe.epochs:
            return
        callbacks = [*start.callbacks]
        if ring.rank == 0:
            if start.history:
                run.write_history(start.history)
            callbacks.append(stack.enter_context(Recorder(run, start.history, watcher)))
        shown, watched = _sides(run, ring, watcher, epoch=start.epoch)
        if ring.rank == 0:
            watcher.begun(run, len(split.train), len(split.validation), len(split.test))
        told = keras.callbacks.CallbackList(callbacks, model=start.model, steps=len(shown))
        step, look = _step(start.model, ring), _look(start.model)
        for epoch in range(start.epoch, run.recipe.epochs):
            told.on_epoch_begin(epoch)
            figures = _show(shown, step, told)
            told.on_test_begin()
            seen = _means(ring.total(_watch(watched, look)))
            _require_equal(ring, start.model, epoch + 1)
            told.on_epoch_end(epoch, figures | {f"val_{name}": of for name, of in seen.items()})


def _sides(
    run: Run, ring: Ring, watcher: Watcher, *, epoch: int
) -> tuple[Batches, PixelBatches | None]:
    """What this rank shows, and what it watches; each picture is resized by one rank alone."""
    recipe, split = run.recipe, run.read_split()
    dataset = Dataset(run.data_folder, ())
    progress = watcher.preparing if ring.rank == 0 else None

    def pixels(samples: tuple[Sample, ...], spec: PreprocessSpec) -> NDArray[np.uint8]:
        return open_pixels(run.folder, dataset, samples, spec, on_progress=progress)

    own, spec = split.train[ring.share], shown_spec(recipe)
    own_rgb = pixels(own, spec)
    seen = split.validation[ring.share]
    watched = batches_watched(run, seen, pixels(seen, recipe.preprocess)) if seen else None
    landmarks_xy = None
    if recipe.is_augmented:
        landmarks_xy = np.zeros((len(split.train), 5, 2), dtype=np.float32)
        landmarks_xy[ring.share] = mark_faces(own_rgb, own, progress)
        landmarks_xy = ring.total(landmarks_xy)
    ring.wait()
    parts = [pixels(split.train[rank :: ring.size], spec) for rank in range(ring.size)]
    shown = batches_shown(
        run, split.train, Shards(parts), landmarks_xy, epoch=epoch, share=ring.share
    )
    return shown, watched


def _step(model: keras.Model, ring: Ring) -> Any:
    """One step of all ranks; gives the sums of a batch, as `_means` takes them."""
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable:
            layer.synchronized = True  # it measures the whole batch, as in one process

    def share(faces: Any, labels: Any, weight: Any) -> Any:
        with tf.GradientTape() as tape:
            sums = _sums(model(faces, training=True), labels, weight)
            loss = sums[1]
        return ring.sums([sums, *tape.gradient(loss, model.trainable_variables)])

    def step(faces: Any, labels: Any, weight: Any) -> Any:
        sums, *gradients = ring.run(share, faces, labels, weight)
        means = [gradient / sums[0] for gradient in gradients]
        model.optimizer.apply(means, model.trainable_variables)
        return sums

    return tf.function(step, input_signature=_signature(model))


def _look(model: keras.Model) -> Any:
    """What this rank sees of a batch without learning from it; gives its own sums."""

    def look(faces: Any, labels: Any, weight: Any) -> Any:
        return _sums(model(faces, training=False), labels, weight)

    return tf.function(look, input_signature=_signature(model))


def _signature(model: keras.Model) -> tuple[Any, ...]:
    faces = tf.TensorSpec((None, *model.input_shape[1:]), tf.float32)
    return faces, tf.TensorSpec((None,), tf.int64), tf.TensorSpec((), tf.float32)


def _sums(probabilities: Any, labels: Any, weight: Any) -> Any:
    """Over the pictures of a batch: how many they are, their losses, how many are right."""
    losses = keras.losses.sparse_categorical_crossentropy(labels, probabilities)
    is_right = tf.cast(tf.equal(tf.argmax(probabilities, axis=-1), labels), tf.float32)
    each = tf.stack([tf.ones_like(losses), losses, is_right])
    return weight * tf.reduce_sum(each, axis=1)


def _means(sums: NDArray[np.float64]) -> dict[str, float]:
    n, loss, right = (float(each) for each in sums)
    return {"loss": loss / n, "accuracy": right / n}


def _show(batches: Batches, step: Any, told: keras.callbacks.CallbackList) -> dict[str, float]:
    """Show an epoch, and give its figures."""
    batches.on_epoch_end()  # Keras calls it before the first epoch, too
    sums = np.zeros(3)
    for index, (faces, labels) in enumerate(_made(batches)):
        if len(labels):
            sums += step(faces, labels, 1.0)
        else:
            # The last batch has fewer pictures than there are ranks, but all must take the step,
            # and TensorFlow knows no gradients of nothing.
            blank = np.zeros((1, *faces.shape[1:]), dtype=faces.dtype)
            sums += step(blank, np.zeros(1, dtype=np.int64), 0.0)
        if (index + 1) % _TOLD == 0 or index + 1 == len(batches):
            told.on_train_batch_end(index, _means(sums))
    return _means(sums)


def _watch(batches: PixelBatches | None, look: Any) -> NDArray[np.float64]:
    sums = np.zeros(3)
    for faces, labels in _made(batches) if batches is not None else ():
        sums += look(faces, labels, 1.0)
    return sums


def _made(batches: Batches) -> Iterator[tuple[NDArray[np.float32], NDArray[np.int64]]]:
    """The batches of an epoch in order, made a few ahead."""
    ahead: deque[Future[tuple[NDArray[np.float32], NDArray[np.int64]]]] = deque()
    with ThreadPoolExecutor(_MAKERS) as makers:
        for index in range(len(batches)):
            ahead.append(makers.submit(batches.__getitem__, index))
            if len(ahead) > _AHEAD:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


def _draw_apart(model: keras.Model, rank: int) -> None:
    """Let each rank drop other units than the others; rank 0 as one process would."""
    for name, variable in training_variables(model).items():
        if name.endswith(_SEED):
            seed, drawn = variable.numpy()
            variable.assign([(int(seed) + rank * _APART) % 2**32, drawn])


def _require_equal(ring: Ring, model: keras.Model, epoch: int) -> None:
    """Refuse to go on, and to keep anything, if the ranks have different weights.

    Raises:
        ClusterFailed: They have.
    """
    own = np.frombuffer(_digest(model), dtype=np.uint32).astype(np.int64)
    if not np.array_equal(ring.total(own), ring.size * own):
        raise ClusterFailed(
            f"After epoch {epoch} the workers have different weights, so nothing of it is kept. "
            "Use machines of one kind with the same versions of everything, and --resume."
        )


def _digest(model: keras.Model) -> bytes:
    digest = hashlib.sha256()
    for name, array in sorted(read_arrays(training_variables(model)).items()):
        if not name.endswith(_SEED):
            digest.update(name.encode() + array.tobytes())
    return digest.digest()
