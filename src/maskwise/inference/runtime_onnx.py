"""OnnxSession: runs a network in ONNX with ONNX Runtime."""

import os
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from maskwise.inference.session import refused, require_answers, require_shapes
from maskwise.telemetry import forbid_telemetry

forbid_telemetry()
import onnxruntime  # noqa: E402 - only now it keeps quiet
from onnxruntime.capi import onnxruntime_pybind11_state as state  # noqa: E402

_WHAT: Final = "ONNX"
_FATAL_ONLY: Final = 4
_TOGETHER: Final = 8  # of a batch; of more, what goes between two layers does not fit the cache
_FOLDER_OF_WEIGHTS: Final = "session.model_external_initializers_file_folder_path"
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
        options.use_deterministic_compute = True
        # Weights in files of their own would be looked for here, where no file can be.
        options.add_session_config_entry(_FOLDER_OF_WEIGHTS, os.devnull)
        if n_threads is not None:
            options.intra_op_num_threads = n_threads
        try:
            (content,) = contents
            self._session: Any = onnxruntime.InferenceSession(
                content,
                options,
                providers=["CPUExecutionProvider"],
                enable_fallback=0,  # else it tells stdout that it tries the same again
            )
            (given,), (found,) = self._session.get_inputs(), self._session.get_outputs()
            self._input = given.name
            shapes = [[_edge(edge) for edge in one.shape] for one in (given, found)]
            require_shapes(_WHAT, shapes, size_hw=size_hw, n_classes=n_classes)
            require_answers(_WHAT, self, size_hw=size_hw, n_classes=n_classes)
        except _REFUSALS as error:
            raise refused(_WHAT, error) from error

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Classify a batch; see `Session`."""
        parts = [
            self._session.run(None, {self._input: batch[start : start + _TOGETHER]})[0]
            for start in range(0, max(len(batch), 1), _TOGETHER)
        ]
        return np.concatenate(parts)


def _edge(edge: int | str | None) -> int | None:
    """An edge of a shape; one that is left open may have a name."""
    return edge if isinstance(edge, int) else None
