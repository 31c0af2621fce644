"""LiteRtSession: runs a network in the format of LiteRT (TensorFlow Lite)."""

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from maskwise.errors import BadBundle


class LiteRtSession:
    """A `Session` on the bytes of a `.tflite` file. Threads may share it: each has its own state.

    LiteRT trusts its files: one that was made to do harm can crash the process.
    """

    def __init__(
        self,
        contents: Sequence[bytes],
        *,
        size_hw: tuple[int, int],
        n_classes: int,
        n_threads: int | None = None,
    ) -> None:
        """Load the network; see `OnnxSession`.

        Raises:
            BadBundle: It is no such network.
        """
        self._n_threads = n_threads
        self._own = threading.local()
        try:
            (self._content,) = contents
            interpreter = self._interpreter()
            (given,) = interpreter.get_input_details()
            (found,) = interpreter.get_output_details()
        except (ValueError, RuntimeError) as error:
            reason = " ".join(str(error).split())[:200]
            raise BadBundle(f"The LiteRT model cannot be loaded: {reason}") from error
        shapes = [list(one["shape_signature"]) for one in (given, found)]
        if shapes != [[-1, *size_hw, 3], [-1, n_classes]]:
            raise BadBundle(
                f"The LiteRT model must turn (n, {size_hw[0]}, {size_hw[1]}, 3) into "
                f"(n, {n_classes}). It has {shapes[0]} and {shapes[1]}."
            )

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Classify a batch; see `Session`."""
        interpreter = self._interpreter()
        (given,) = interpreter.get_input_details()
        if tuple(given["shape"]) != batch.shape:
            interpreter.resize_tensor_input(given["index"], batch.shape)
            interpreter.allocate_tensors()
        interpreter.set_tensor(given["index"], batch)
        interpreter.invoke()
        (found,) = interpreter.get_output_details()
        probability: NDArray[np.float32] = interpreter.get_tensor(found["index"])
        return probability

    def _interpreter(self) -> Any:
        if not hasattr(self._own, "interpreter"):
            interpreter = Interpreter(model_content=self._content, num_threads=self._n_threads)
            interpreter.allocate_tensors()
            self._own.interpreter = interpreter
        return self._own.interpreter
