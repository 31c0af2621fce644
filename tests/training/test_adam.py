import keras
import numpy as np
import pytest

from maskwise.model.cnn import build_reference_cnn
from maskwise.model.variables import read_arrays, training_variables
from maskwise.training.adam import FusedAdam

pytestmark = pytest.mark.train


def after_steps(optimiser: keras.optimizers.Optimizer, steps: int) -> dict[str, np.ndarray]:
    """The weights and moments of a small network after some steps on made-up faces."""
    random = np.random.default_rng(0)
    faces = random.random((steps * 8, 22, 22, 3)).astype(np.float32)
    labels = np.arange(steps * 8) % 2
    model = build_reference_cnn((22, 22), seed=3)
    model.compile(optimizer=optimiser, loss="sparse_categorical_crossentropy")
    model.fit(faces, labels, batch_size=8, epochs=1, shuffle=False, verbose=0)
    return read_arrays(training_variables(model))


@pytest.mark.parametrize("steps", [1, 12])
def test_it_is_the_adam_of_keras(steps: int) -> None:
    ours = after_steps(FusedAdam(0.002, beta_1=0.8, beta_2=0.99, epsilon=1e-5), steps)
    theirs = after_steps(keras.optimizers.Adam(0.002, beta_1=0.8, beta_2=0.99, epsilon=1e-5), steps)
    assert ours.keys() == theirs.keys()
    for name, array in ours.items():
        assert array == pytest.approx(theirs[name], abs=1e-5), name
    assert ours["optimiser/iteration"] == steps
