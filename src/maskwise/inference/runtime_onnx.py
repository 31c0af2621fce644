"""OnnxSession: runs a network in ONNX with ONNX Runtime."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from maskwise.errors import BadBundle
from maskwise.telemetry import forbid_telemetry

forbid_telemetry()
import onnxruntime  # noqa: E402 - only now it keeps quiet
from onnxruntime.capi import onnxruntime_pybind11_state as state  # noqa: E402

_FATAL_ONLY: Final = 4
_REFUSALS: Final = (
    *(state.Fail, state.InvalidArgument, state.InvalidGraph, state.InvalidProtobuf),
    *(state.NoModel, state.NoSuchFile, state.NotFound, state.NotImplemented),
    *(state.EPFail, state.EngineError, state.RuntimeException, RuntimeError, ValueError),
)


class OnnxSession:
    """A `Session` on the bytes of an ONNX file. Threads may share it."""

    def __init__(
        self,
        contents: Sequence[bytes],
        *,
        size_hw: tuple[int, int],
        n_classes: int,
        n_threads: int | None = None,
    ) -> None:
        """Load the network.

        Args:
            contents: The one file. It holds all weights; nothing else is read.
            size_hw: Height and width of its input in pixels.
            n_classes: How many classes it tells apart.
            n_threads: How many threads share a batch; None: as many as there are cores.

        Raises:
            BadBundle: It is no such network.
        """
        options = onnxruntime.SessionOptions()
        options.log_severity_level = _FATAL_ONLY
        if n_threads is not None:
            options.intra_op_num_threads = n_threads
        try:
            (content,) = contents
            self._session: Any = onnxruntime.InferenceSession(
                content, options, providers=["CPUExecutionProvider"]
            )
            (self._input,) = self._session.get_inputs()
            (output,) = self._session.get_outputs()
        except _REFUSALS as error:
            reason = " ".join(str(error).split())[:200]
            raise BadBundle(f"The ONNX model cannot be loaded: {reason}") from error
        shape, given = self._input.shape[1:], output.shape[1:]
        if shape != [*size_hw, 3] or given != [n_classes]:
            raise BadBundle(
                f"The ONNX model must turn (n, {size_hw[0]}, {size_hw[1]}, 3) into "
                f"(n, {n_classes}). It has {self._input.shape} and {output.shape}."
            )

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Classify a batch; see `Session`."""
        (probability,) = self._session.run(None, {self._input.name: batch})
        return np.asarray(probability, dtype=np.float32)
