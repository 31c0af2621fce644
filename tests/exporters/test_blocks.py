from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytestmark = pytest.mark.train


def answers(model: Any, faces: NDArray[np.float32]) -> NDArray[np.float32]:
    import onnxruntime

    session = onnxruntime.InferenceSession(model.SerializeToString())
    (probability,) = session.run(None, {session.get_inputs()[0].name: faces})
    return np.asarray(probability)


@pytest.mark.parametrize("size_hw", [(128, 128), (24, 32), (38, 26)], ids=str)
def test_it_computes_the_same(size_hw: tuple[int, int]) -> None:
    from maskwise.exporters.blocks import in_blocks
    from maskwise.exporters.onnx import _convert
    from maskwise.model.cnn import build_reference_cnn

    model = _convert(build_reference_cnn(size_hw, n_classes=3))
    faces = np.random.default_rng(0).random((5, *size_hw, 3), dtype=np.float32)
    changed = in_blocks(model, size_hw)
    assert len(changed.graph.node) > len(model.graph.node)
    np.testing.assert_allclose(answers(changed, faces), answers(model, faces), atol=1e-6)


@pytest.mark.parametrize("size_hw", [(25, 32), (32, 25)], ids=str)
def test_pictures_of_odd_sides_stay_as_they_are(size_hw: tuple[int, int]) -> None:
    from maskwise.exporters.blocks import in_blocks
    from maskwise.exporters.onnx import _convert
    from maskwise.model.cnn import build_reference_cnn

    model = _convert(build_reference_cnn(size_hw))
    assert in_blocks(model, size_hw) == model


def test_a_graph_that_begins_otherwise_stays_as_it_is() -> None:
    import keras

    from maskwise.exporters.blocks import in_blocks
    from maskwise.exporters.onnx import _convert

    layers = keras.layers
    network = keras.Sequential(
        [
            layers.Input((32, 32, 3)),
            layers.Conv2D(4, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(2, activation="softmax"),
        ]
    )
    model = _convert(network)
    assert in_blocks(model, (32, 32)) == model
