"""A network comes back from its export as it was."""

import keras
import numpy as np
import onnx
import pytest

from maskwise.exporters.onnx import to_onnx
from maskwise.model.networks import build_network
from maskwise.model.onnx_weights import assign_onnx
from maskwise.runs.recipe import NETWORKS

pytestmark = pytest.mark.train

FACES = np.random.default_rng(0).random((4, 40, 48, 3), dtype=np.float32)


def disturbed(name: str) -> keras.Model:
    """A network of which no number is what it was drawn as, so that none can be overlooked."""
    model = build_network(name, (40, 48), n_classes=3, seed=1)
    draw = np.random.default_rng(2)
    for variable in model.weights:
        if variable.dtype == "float32":
            scale = draw.uniform(0.8, 1.2, variable.shape)
            shift = 0.05 * np.abs(draw.normal(size=variable.shape))
            variable.assign((variable.numpy() * scale + shift).astype(np.float32))
    return model


@pytest.mark.parametrize("name", NETWORKS)
def test_it_answers_as_before(name: str) -> None:
    model, other = disturbed(name), build_network(name, (40, 48), n_classes=3, seed=3)
    before = model.predict(FACES, verbose=0)
    assert np.abs(other.predict(FACES, verbose=0) - before).max() > 0.01
    assign_onnx(other, to_onnx(model))
    assert other.predict(FACES, verbose=0) == pytest.approx(before, abs=1e-5)


def test_another_network_is_refused() -> None:
    content = to_onnx(build_network("lean", (40, 48), n_classes=3, seed=1))
    with pytest.raises(ValueError, match="it has 11 layers with weights, the network 6"):
        assign_onnx(build_network("reference", (40, 48), n_classes=3, seed=1), content)
    with pytest.raises(ValueError, match=r"label is not \(256, 2\) in it"):
        assign_onnx(build_network("lean", (40, 48), n_classes=2, seed=1), content)


def test_a_network_whose_weights_are_missing_is_refused() -> None:
    model = onnx.load_from_string(to_onnx(build_network("lean", (40, 48), n_classes=3, seed=1)))
    del model.graph.initializer[:]
    with pytest.raises(ValueError, match="is not"):
        assign_onnx(build_network("lean", (40, 48), n_classes=3, seed=1), model.SerializeToString())
