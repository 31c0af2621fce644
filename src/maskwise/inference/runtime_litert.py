"""LiteRtSession: runs a network in the format of LiteRT (TensorFlow Lite)."""

import os
import threading
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from maskwise.inference.session import refused, require_answers, require_shapes

_WHAT: Final = "LiteRT"


class LiteRtSession:
    """A `Session` on the bytes of a `.tflite` file. Threads may share it: each has its own."""

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
        self._n_threads = n_threads or os.cpu_count()
        self._own = threading.local()
        try:
            (self._content,) = contents
            interpreter = self._interpreter()
            (given,), (found,) = interpreter.get_input_details(), interpreter.get_output_details()
            shapes = [
                [edge if edge >= 0 else None for edge in one["shape_signature"].tolist()]
                for one in (given, found)
            ]
            require_shapes(_WHAT, shapes, size_hw=size_hw, n_classes=n_classes)
            require_answers(_WHAT, self, size_hw=size_hw, n_classes=n_classes)
        except (ValueError, RuntimeError) as error:
            raise refused(_WHAT, error) from error

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Classify a batch; see `Session`."""
        interpreter = self._interpreter()
        (given,), (found,) = interpreter.get_input_details(), interpreter.get_output_details()
        if tuple(given["shape"]) != batch.shape:
            interpreter.resize_tensor_input(given["index"], batch.shape)
            interpreter.allocate_tensors()
        interpreter.set_tensor(given["index"], batch)
        interpreter.invoke()
        probability: NDArray[np.float32] = interpreter.get_tensor(found["index"])
        return probability

    def _interpreter(self) -> Any:
        if not hasattr(self._own, "interpreter"):
            interpreter = Interpreter(model_content=self._content, num_threads=self._n_threads)
            interpreter.allocate_tensors()
            self._own.interpreter = interpreter
        return self._own.interpreter
