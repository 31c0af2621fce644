"""Weights: the networks of face detectors, which lie inside other packages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwise.extras import read_weights
from maskwise.telemetry import forbid_telemetry


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Where the network of a detector lies, and how to know that it is the one.

    Attributes:
        of: The detector, as people call it.
        package: The package that holds the file. It is found, never imported.
        file: Name of the ONNX file in the folder of the package.
        sha256: Of the file's bytes, as 64 hexadecimal digits.
        install: The command that brings the package.
        fixed_input: The bytes of the file that say of which shape the input is.
        free_input: As many bytes, which leave height and width open.
    """

    of: str
    package: str
    file: str
    sha256: str
    install: str
    fixed_input: bytes
    free_input: bytes

    def open(self) -> "Network":
        """The network, ready to run.

        Raises:
            MissingExtra: The weights are not installed, or are not the known ones.
        """
        return Network(self.read_for_any_size())

    def read_for_any_size(self) -> bytes:
        """The network, which was exported for pictures of one size, for pictures of any.

        Raises:
            MissingExtra: The weights are not installed, or are not the known ones.
        """
        # It holds for any size; the hash says that the bytes are where we know them to be.
        return self.read().replace(self.fixed_input, self.free_input)

    def read(self) -> bytes:
        """The file, as it lies in its package.

        Raises:
            MissingExtra: The weights are not installed, or are not the known ones.
        """
        return read_weights(
            of=self.of,
            package=self.package,
            file=self.file,
            sha256=self.sha256,
            install=self.install,
        )


class Network:
    """A network that looks for faces; threads may share it."""

    def __init__(self, onnx: bytes) -> None:
        """Prepare it to run on one thread: who wants more pictures at a time calls from more."""
        forbid_telemetry()
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.enable_mem_pattern = False  # it would keep one for every size that comes along
        options.log_severity_level = 3  # it warns of outputs that are not of the exported size
        self._session: Any = onnxruntime.InferenceSession(
            onnx, options, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name

    def run(
        self, image: NDArray[np.uint8], outputs: Sequence[str]
    ) -> tuple[NDArray[np.float32], ...]:
        """Run it on one picture.

        Args:
            image: Of shape `(h, w, 3)`, both sides multiples of 32, channels as it learnt them.
            outputs: Names of what it is to tell.
        """
        batch = np.ascontiguousarray(image.transpose(2, 0, 1)[None], dtype=np.float32)
        return tuple(self._session.run(list(outputs), {self._input: batch}))

    def run_batch(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run it on a batch `(n, ...)` laid out as the network takes it; its first output."""
        said: NDArray[np.float32] = self._session.run(None, {self._input: batch})[0]
        return said
