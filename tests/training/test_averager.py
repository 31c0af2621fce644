import keras
import numpy as np
import pytest

from maskwise.model.networks import build_network
from maskwise.model.variables import network_variables, read_arrays
from maskwise.training.averager import Averager

pytestmark = pytest.mark.train

RANDOM = np.random.default_rng(0)
X = RANDOM.random((12, 32, 32, 3), dtype=np.float32)
Y = np.arange(12) % 2


class Witness(keras.callbacks.Callback):  # type: ignore[misc]
    """Notes the weights after the steps of each epoch and at its end, and what was watched."""

    def __init__(self) -> None:
        super().__init__()
        self.stepped: list[dict[str, np.ndarray]] = []
        self.ended: list[dict[str, np.ndarray]] = []
        self.val_loss: list[float] = []

    def on_test_begin(self, logs: object = None) -> None:
        self.stepped.append(read_arrays(network_variables(self.model)))

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.ended.append(read_arrays(network_variables(self.model)))
        self.val_loss.append((logs or {})["val_loss"])


def test_the_last_network_is_a_mean_and_is_what_was_watched() -> None:
    network = build_network("reference", (32, 32), n_classes=2, seed=3)
    network.compile("adam", loss="sparse_categorical_crossentropy")
    before = read_arrays(network_variables(network))
    witness = Witness()
    network.fit(
        *(X, Y),
        validation_data=(X, Y),
        epochs=2,
        shuffle=False,  # which TensorFlow in its deterministic mode asks a seed for
        verbose=0,
        callbacks=[witness, Averager(before, share=0.25, epochs=2)],
    )
    (first, last), first_ended = witness.stepped, witness.ended[0]
    after = read_arrays(network_variables(network))
    weights = [name for name, array in before.items() if array.dtype == np.float32]
    assert len(weights) == 12
    for name in weights:
        expected = 0.25 * before[name] + 0.75 * last[name]
        np.testing.assert_allclose(after[name], expected, rtol=1e-5, atol=1e-7)
        np.testing.assert_array_equal(first_ended[name], first[name])
        assert not np.array_equal(first[name], before[name])
    for name in set(before) - set(weights):  # the state of the dropout is no weight
        np.testing.assert_array_equal(after[name], last[name])
    assert witness.val_loss[-1] == pytest.approx(network.evaluate(X, Y, verbose=0), rel=1e-4)
