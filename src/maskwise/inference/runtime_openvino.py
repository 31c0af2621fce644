"""OpenVinoSession: runs a network in the format of OpenVINO."""

import threading
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from maskwise.inference.session import refused, require_answers, require_shapes
from maskwise.telemetry import forbid_telemetry

forbid_telemetry()
import openvino  # noqa: E402 - only now it keeps quiet

_WHAT: Final = "OpenVINO"


class OpenVinoSession:
    """A `Session` on the bytes of an `.xml` and a `.bin` file. Threads may share it."""

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
        # Without the first, processors that can would compute in 16 bits: faster, but otherwise.
        settings: dict[str, Any] = {"INFERENCE_PRECISION_HINT": "f32"}
        if n_threads is not None:
            settings["INFERENCE_NUM_THREADS"] = n_threads
        self._own = threading.local()
        try:
            graph, weights = contents
            # Else it reads whatever it knows, and other formats can name other files.
            if not graph.startswith(b"<?xml"):
                raise ValueError("its graph is not XML")
            core = openvino.Core()
            model = core.read_model(model=graph, weights=weights)
            (given,), (found,) = model.inputs, model.outputs
            shapes = [_shape(one) for one in (given, found)]
            require_shapes(_WHAT, shapes, size_hw=size_hw, n_classes=n_classes)
            self._compiled: Any = core.compile_model(model, "CPU", settings)
            require_answers(_WHAT, self, size_hw=size_hw, n_classes=n_classes)
        except (ValueError, RuntimeError) as error:
            raise refused(_WHAT, error) from error

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Classify a batch; see `Session`."""
        if not hasattr(self._own, "request"):
            self._own.request = self._compiled.create_infer_request()
        self._own.request.infer({0: batch})
        return np.array(self._own.request.get_output_tensor().data)


def _shape(port: Any) -> list[int | None]:
    return [None if edge.is_dynamic else edge.get_length() for edge in port.partial_shape]
