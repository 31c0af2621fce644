"""KerasSession: runs the network of a finished training with TensorFlow."""

from typing import Self

import keras
import numpy as np
from numpy.typing import NDArray

from maskwise.errors import BadRun
from maskwise.model.networks import build_network
from maskwise.model.variables import assign_arrays, network_variables
from maskwise.names import legible
from maskwise.runs.run import Run


class KerasSession:
    """A `Session` on a Keras model that is built from code; only numbers come from the disk."""

    def __init__(self, model: keras.Model) -> None:
        self._model = model

    @classmethod
    def load(cls, run: Run) -> Self:
        """The network as it stands at the end of `run`.

        Raises:
            BadRun: The run is not finished, or its weights are damaged.
        """
        return cls(load_network(run))

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Classify a batch; see `Session`."""
        return np.asarray(self._model.predict_on_batch(batch), dtype=np.float32)


def load_network(run: Run) -> keras.Model:
    """The network as it stands at the end of `run`.

    Raises:
        BadRun: The run is not finished, or its weights are damaged.
    """
    arrays = run.finished_checkpoint().arrays
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise BadRun(
            f"The weights in {legible(run.folder)} are not all finite: the training went "
            "astray. Train into a new folder, with another seed."
        )
    recipe = run.recipe
    model = build_network(
        recipe.network, recipe.preprocess.size_hw, n_classes=len(recipe.labels), seed=run.seed
    )
    assign_arrays(network_variables(model), arrays)
    return model
