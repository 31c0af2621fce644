"""OpenVinoSession: runs a network in the format of OpenVINO."""

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwise.errors import BadBundle
from maskwise.telemetry import forbid_telemetry

forbid_telemetry()
import openvino  # noqa: E402 - only now it keeps quiet


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
        try:
            graph, weights = contents
            core = openvino.Core()
            model = core.read_model(model=graph, weights=weights)
            (given,), (found,) = model.inputs, model.outputs
            shapes = [str(one.partial_shape) for one in (given, found)]
            self._compiled: Any = core.compile_model(model, "CPU", settings)
        except (RuntimeError, ValueError) as error:
            reason = " ".join(str(error).split())[:200]
            raise BadBundle(f"The OpenVINO model cannot be loaded: {reason}") from error
        if shapes != [f"[?,{size_hw[0]},{size_hw[1]},3]", f"[?,{n_classes}]"]:
            raise BadBundle(
                f"The OpenVINO model must turn (n, {size_hw[0]}, {size_hw[1]}, 3) into "
                f"(n, {n_classes}). It has {shapes[0]} and {shapes[1]}."
            )
        self._own = threading.local()

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Classify a batch; see `Session`."""
        if not hasattr(self._own, "request"):
            self._own.request = self._compiled.create_infer_request()
        self._own.request.infer({0: batch})
        return np.array(self._own.request.get_output_tensor().data, dtype=np.float32)
