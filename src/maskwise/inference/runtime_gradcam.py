"""GradCam: runs the network of a finished training, and tells what spoke for its answers where."""

from typing import Self

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from maskwise.inference.runtime_keras import load_network
from maskwise.runs.run import Run


class GradCam:
    """A network, cut in two behind its last maps.

    Grad-CAM weighs each feature map by the gradient of the answer's score and adds them up. As
    published, the gradient is first averaged over the map, which is exact only where the network
    itself averages. The reference network does not: it flattens, and reads the same feature
    differently from place to place. So each place keeps its own gradient here, and the map then
    shows only places that took part in the score.

    Sources: Grad-CAM, Selvaraju et al. (2017), ICCV, arXiv:1610.02391; without the averaging,
    HiResCAM, Draelos and Carin (2020), arXiv:2011.08891.

    Attributes:
        centres_hw: Where the middle of each cell of a map lies: its rows as shares of the height
            and its columns as shares of the width, in (0, 1).
    """

    def __init__(self, model: keras.Model) -> None:
        features = [layer.output for layer in model.layers if len(layer.output.shape) == 4][-1]
        self._last = model.layers[-1]
        self._front = keras.Model(model.input, features)
        self._back = keras.Model(features, self._last.input)
        self.centres_hw = _centres(self._front, axis=0), _centres(self._front, axis=1)

    @classmethod
    def load(cls, run: Run) -> Self:
        """The network as it stands at the end of `run`.

        Raises:
            BadRun: The run is not finished, or its weights are damaged.
        """
        return cls(load_network(run))

    def run(self, batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Classify a batch, and tell what spoke for each answer where.

        Args:
            batch: Preprocessed faces `(n, h, w, 3)`, at least one.

        Returns:
            Probabilities `(n, classes)`; and for each cell of a coarse map how much it raised the
            score of the most probable class, `(n, rows, columns)`, at least 0.
        """
        features = self._front(batch)
        with tf.GradientTape() as tape:
            tape.watch(features)
            logits = self._back(features) @ self._last.kernel + self._last.bias
            # Softmax is flat where the network is sure, so its input is explained, not its output;
            # and as it does not change when all logits rise together, only their distance from
            # their mean says anything.
            score = tf.reduce_max(logits, axis=1) - tf.reduce_mean(logits, axis=1)
        gradient = tape.gradient(score, features)
        evidence = tf.nn.relu(tf.reduce_sum(gradient * features, axis=3))
        return tf.nn.softmax(logits).numpy(), evidence.numpy()


def _centres(front: keras.Model, *, axis: int) -> NDArray[np.float64]:
    """The middle of what each cell of the output looks at, as shares of the input's edge.

    Unpadded convolutions see less and less of the border, so that stretching the map over the
    whole picture would show everything too far out, by up to 5 % of the edge. What a residual
    block adds keeps its place, so its layers can be followed one after the other.
    """
    first, step = 0.5, 1.0
    for layer in front.layers[1:]:
        window = getattr(layer, "kernel_size", None) or getattr(layer, "pool_size", None)
        if window is None:  # it moves nothing
            continue
        stride = layer.strides[axis]
        missing = 0
        if layer.padding == "same":
            n = layer.input.shape[1 + axis]
            missing = max((-(-n // stride) - 1) * stride + window[axis] - n, 0)
        first += ((window[axis] - 1) / 2 - missing // 2) * step
        step *= stride
    n_cells, n_pixels = front.output.shape[1 + axis], front.input.shape[1 + axis]
    centres: NDArray[np.float64] = (first + step * np.arange(n_cells)) / n_pixels
    return centres
