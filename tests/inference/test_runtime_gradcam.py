from pathlib import Path

import keras
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import spearmanr

from maskwise.inference.runtime_gradcam import GradCam
from maskwise.inference.runtime_keras import KerasSession, load_network
from maskwise.model.cnn import build_reference_cnn
from maskwise.model.lean import build_lean_cnn
from maskwise.runs.run import Run
from pictures import draw_picture

pytestmark = pytest.mark.train

SIZE_HW = (70, 54)
CELLS_HW = (7, 5)


def faces(n: int, size_hw: tuple[int, int] = SIZE_HW) -> NDArray[np.float32]:
    return np.random.default_rng(0).random((n, *size_hw, 3), dtype=np.float32)


def head_by_cell(model: keras.Model) -> NDArray[np.float32]:
    """What the first dense layer makes of each cell, `(rows, columns, channels, units)`."""
    kernel: NDArray[np.float32] = model.get_layer("dense1").kernel.numpy()
    return kernel.reshape(*CELLS_HW, -1, kernel.shape[1])


def test_probabilities_are_those_of_the_session(tiny_run: Path) -> None:
    run, batch = Run.open(tiny_run), faces(5, (128, 128))
    probability, evidence = GradCam.load(run).run(batch)
    assert probability == pytest.approx(KerasSession.load(run).run(batch), abs=1e-5)
    assert evidence.shape == (5, 14, 14)
    assert evidence.min() >= 0


def test_an_explanation_does_not_depend_on_its_batch() -> None:
    gradcam = GradCam(build_reference_cnn(SIZE_HW, seed=3))
    together = gradcam.run(faces(4))[1]
    alone = np.concatenate([gradcam.run(face[None])[1] for face in faces(4)])
    assert together == pytest.approx(alone, rel=1e-3, abs=1e-6)


def test_heat_lies_only_where_the_network_looks() -> None:
    model = build_reference_cnn(SIZE_HW, seed=3)
    by_cell = head_by_cell(model)
    by_cell[:3] = 0  # whatever stands in the upper half changes nothing
    model.get_layer("dense1").kernel.assign(by_cell.reshape(-1, by_cell.shape[-1]))
    _, evidence = GradCam(model).run(faces(8))
    assert not evidence[:, :3].any()
    assert (evidence[:, 3:].max(axis=(1, 2)) > 0).all()


def test_heat_is_what_each_cell_adds_to_the_score() -> None:
    model = build_reference_cnn(SIZE_HW, seed=4)
    for name in ("dense1", "dense2"):  # keeps every unit at work, so that the head is linear
        kernel = model.get_layer(name).kernel
        kernel.assign(np.abs(kernel.numpy()))
    kernels = [model.get_layer(name).kernel.numpy() for name in ("dense1", "dense2", "label")]
    of_classes = kernels[0] @ kernels[1] @ kernels[2]
    probability, evidence = GradCam(model).run(faces(6))
    features = keras.Model(model.input, model.get_layer("pooling3").output)(faces(6)).numpy()
    for index, label in enumerate(probability.argmax(axis=1)):
        weight = (of_classes[:, label] - of_classes.mean(axis=1)).reshape(*CELLS_HW, -1)
        added = (weight * features[index]).sum(axis=2)
        assert evidence[index] == pytest.approx(np.maximum(added, 0), rel=1e-3, abs=1e-5)


def test_what_raises_all_classes_alike_explains_nothing() -> None:
    model = build_reference_cnn(SIZE_HW, seed=5)
    before = GradCam(model).run(faces(3))
    kernel = model.get_layer("label").kernel
    kernel.assign(kernel.numpy() + np.random.default_rng(1).normal(size=(64, 1)).astype(np.float32))
    after = GradCam(model).run(faces(3))
    assert after[0] == pytest.approx(before[0], abs=1e-5)
    assert after[1] == pytest.approx(before[1], rel=1e-2, abs=1e-5)


def test_a_sure_answer_is_explained_too() -> None:
    model = build_reference_cnn(SIZE_HW, seed=5)
    kernel = model.get_layer("label").kernel
    before = GradCam(model).run(faces(3))[1]
    kernel.assign(1e4 * kernel.numpy())
    probability, evidence = GradCam(model).run(faces(3))
    assert probability.max(axis=1) == pytest.approx(1, abs=1e-6)
    assert evidence == pytest.approx(1e4 * before, rel=1e-3, abs=1e-2)


@pytest.mark.parametrize("middle_yx", [(16, 40), (64, 64), (108, 20)], ids=str)
def test_cells_lie_where_they_look(middle_yx: tuple[int, int]) -> None:
    """A network that only hands brightness on, so that heat is where the picture is bright."""
    model = build_reference_cnn(seed=0)
    for layer in model.layers:
        for variable in layer.trainable_variables:
            value = np.zeros(variable.shape, dtype=np.float32)
            if layer.name.startswith("convolution") and value.ndim == 4:
                value[1, 1, 0, 0] = 1
            elif layer.name == "dense1" and value.ndim == 2:
                value[::128, 0] = 1  # the first channel of each cell
            elif value.ndim == 2:
                value[0, int(layer.name == "label")] = 1
            variable.assign(value)
    gradcam = GradCam(model)
    y, x = middle_yx
    bright = np.zeros((1, 128, 128, 3), dtype=np.float32)
    bright[0, y - 8 : y + 8, x - 8 : x + 8] = 1
    _, evidence = gradcam.run(bright)
    rows, columns = (centres * 128 for centres in gradcam.centres_hw)
    warmth = evidence[0] / evidence.sum()
    assert rows @ warmth.sum(axis=1) == pytest.approx(y, abs=4)
    assert columns @ warmth.sum(axis=0) == pytest.approx(x, abs=4)


@pytest.mark.parametrize("middle_yx", [(24, 72), (56, 56), (88, 40)], ids=str)
def test_cells_of_the_lean_network_lie_where_they_look(middle_yx: tuple[int, int]) -> None:
    model = build_lean_cnn(n_classes=2)
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D | keras.layers.Dense):
            kernel = np.zeros(layer.kernel.shape, dtype=np.float32)
            if kernel.ndim == 4:
                kernel[kernel.shape[0] // 2, kernel.shape[1] // 2, 0, 0] = 1
            else:
                kernel[0, 1] = 1
            layer.kernel.assign(kernel)
    gradcam = GradCam(model)
    y, x = middle_yx
    bright = np.zeros((1, 112, 112, 3), dtype=np.float32)
    bright[0, y - 12 : y + 12, x - 12 : x + 12] = 1
    _, evidence = gradcam.run(bright)
    rows, columns = (centres * 112 for centres in gradcam.centres_hw)
    warmth = evidence[0] / evidence.sum()
    assert rows @ warmth.sum(axis=1) == pytest.approx(y, abs=8)  # half a cell
    assert columns @ warmth.sum(axis=0) == pytest.approx(x, abs=8)


def test_other_weights_give_another_map(tiny_run: Path) -> None:
    """The sanity check of Adebayo et al. (2018), arXiv:1810.03292: layer after layer is redrawn."""
    run = Run.open(tiny_run)
    pictures = [draw_picture(seed, masked=True, size_hw=(128, 128)) for seed in range(901, 917, 2)]
    batch = np.stack([run.recipe.preprocess(np.asarray(picture)) for picture in pictures])
    model, fresh = load_network(run), build_reference_cnn(seed=77)
    trained = GradCam(model).run(batch)[1]
    likeness = []
    for name in ("label", "dense2", "dense1", "convolution3", "convolution2", "convolution1"):
        model.get_layer(name).set_weights(fresh.get_layer(name).get_weights())
        redrawn = GradCam(model).run(batch)[1]
        likeness.append(
            np.mean(
                [spearmanr(a.ravel(), b.ravel())[0] for a, b in zip(trained, redrawn, strict=True)]
            )
        )
    assert max(likeness[2:]) < 0.5, likeness
