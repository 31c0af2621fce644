"""The lean network: small, and what it promises."""

import keras
import numpy as np
import pytest

from maskwise.model.cnn import build_reference_cnn
from maskwise.model.lean import build_lean_cnn
from maskwise.model.variables import network_variables, read_arrays

pytestmark = pytest.mark.train


def multiply_adds(model: keras.Model) -> int:
    total = 0
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            total += layer.kernel.numpy().size * int(np.prod(layer.output.shape[1:3]))
        elif isinstance(layer, keras.layers.Dense):
            total += layer.kernel.numpy().size
    return total


def test_it_is_a_fifth_of_the_reference_network_and_a_tenth_of_its_weights() -> None:
    lean, reference = build_lean_cnn(), build_reference_cnn(n_classes=3)
    assert multiply_adds(lean) < 0.22 * multiply_adds(reference)
    assert lean.count_params() < 0.1 * reference.count_params()


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("size_hw", [(16, 16), (112, 112), (97, 130)], ids=str)
def test_it_takes_faces_of_any_size_and_gives_probabilities(
    size_hw: tuple[int, int], n_classes: int
) -> None:
    model = build_lean_cnn(size_hw, n_classes=n_classes)
    answer = model.predict(np.random.default_rng(0).random((3, *size_hw, 3)), verbose=0)
    assert answer.shape == (3, n_classes)
    assert answer.sum(axis=1) == pytest.approx(1)


def test_the_seed_draws_the_weights() -> None:
    first, same, other = (
        read_arrays(network_variables(build_lean_cnn((32, 32), seed=seed))) for seed in (1, 1, 2)
    )
    assert all(np.array_equal(first[name], same[name]) for name in first)
    assert not np.array_equal(first["stage1_in/kernel"], other["stage1_in/kernel"])


def test_every_variable_has_a_name_of_its_own() -> None:
    model = build_lean_cnn((32, 32))
    assert len(network_variables(model)) == sum(len(layer.variables) for layer in model.layers)
