"""The reference network, fact by fact."""

import keras
import numpy as np
import pytest

from maskwise.model.cnn import build_reference_cnn
from maskwise.model.variables import network_variables, read_arrays

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def model() -> keras.Model:
    return build_reference_cnn()


def of_kind(model: keras.Model, kind: type) -> list[keras.layers.Layer]:
    return [layer for layer in model.layers if isinstance(layer, kind)]


def test_it_has_ten_layers_in_this_order(model: keras.Model) -> None:
    counted = [type(layer).__name__ for layer in model.layers]
    assert [name for name in counted if name not in ("InputLayer", "Dropout")] == [
        *("Conv2D", "MaxPooling2D") * 3,
        "Flatten",
        *("Dense",) * 3,
    ]


def test_it_has_3313026_parameters(model: keras.Model) -> None:
    assert model.count_params() == 3_313_026


def test_it_takes_rgb_at_128_and_gives_two_probabilities(model: keras.Model) -> None:
    assert model.input_shape == (None, 128, 128, 3)
    assert model.output_shape == (None, 2)
    answer = model.predict(np.zeros((3, 128, 128, 3), dtype=np.float32), verbose=0)
    assert answer.sum(axis=1) == pytest.approx(1)


def test_convolutions_are_32_64_128_of_3x3_with_relu(model: keras.Model) -> None:
    convolutions = of_kind(model, keras.layers.Conv2D)
    assert [layer.filters for layer in convolutions] == [32, 64, 128]
    for layer in convolutions:
        assert layer.kernel_size == (3, 3)
        assert layer.activation is keras.activations.relu


def test_poolings_are_2x2_maxima(model: keras.Model) -> None:
    assert [layer.pool_size for layer in of_kind(model, keras.layers.MaxPooling2D)] == [(2, 2)] * 3


def test_dense_layers_are_128_64_and_2(model: keras.Model) -> None:
    dense = of_kind(model, keras.layers.Dense)
    assert [layer.units for layer in dense] == [128, 64, 2]
    assert [layer.activation.__name__ for layer in dense] == ["relu", "relu", "softmax"]


def test_dropout_follows_each_hidden_dense_layer(model: keras.Model) -> None:
    names = [type(layer).__name__ for layer in model.layers]
    after = [names[index + 1] for index, name in enumerate(names[:-1]) if name == "Dense"]
    assert after == ["Dropout", "Dropout"]
    assert names.count("Dropout") == 2
    assert all(0 < layer.rate < 1 for layer in of_kind(model, keras.layers.Dropout))


def test_the_seed_decides_the_first_weights() -> None:
    def weights(seed: int) -> np.ndarray:
        arrays = read_arrays(network_variables(build_reference_cnn(seed=seed)))
        return np.concatenate([array.ravel() for array in arrays.values()])

    assert np.array_equal(weights(0), weights(0))
    assert not np.array_equal(weights(0), weights(1))


def test_layers_of_one_size_do_not_start_alike() -> None:
    kernels = [layer.kernel.numpy() for layer in of_kind(build_reference_cnn(), keras.layers.Dense)]
    assert not np.array_equal(kernels[1][:2, :2], kernels[2][:2, :2])


def test_a_third_class_only_widens_the_last_layer() -> None:
    three = build_reference_cnn((32, 32), n_classes=3)
    assert three.output_shape == (None, 3)
    assert three.count_params() - build_reference_cnn((32, 32)).count_params() == 64 + 1
