"""SavedModel: for those who stay with TensorFlow."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray


def to_savedmodel(network: keras.Model) -> Mapping[str, bytes]:
    """The files of the network in 32-bit floats, by their path in its folder."""
    with tempfile.TemporaryDirectory() as folder:
        network.export(folder, format="tf_saved_model", verbose=False)
        return {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(Path(folder).rglob("*"))
            if path.is_file()
        }


class SavedModelSession:
    """A `Session` on such files, to prove them; deciding with maskwise does not take TensorFlow."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            for name, content in files.items():
                path = Path(folder) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            self._serve = tf.saved_model.load(folder).signatures["serving_default"]

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Classify a batch; see `Session`."""
        (probability,) = self._serve(tf.constant(batch)).values()
        return np.asarray(probability, dtype=np.float32)
