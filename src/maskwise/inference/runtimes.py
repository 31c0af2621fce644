"""Runtimes: by name what can run the network of a bundle, and which of them is the fastest here."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from maskwise.errors import InvalidInput, MissingExtra
from maskwise.extras import load
from maskwise.inference.bundle import Bundle
from maskwise.inference.session import Session

AUTO: Final = "auto"
"""Stands for the fastest of `RUNTIMES`."""
RUNTIMES: Final[Mapping[str, str]] = {
    "onnx": "OnnxSession",
    "litert": "LiteRtSession",
    "openvino": "OpenVinoSession",
}
"""By name the class of its session, which lies in `runtime_NAME.py`."""

_BATCH: Final = 8
_ROUNDS: Final = 7


@dataclass(frozen=True, slots=True)
class Choice:
    """The fastest runtime, and how fast each was.

    Attributes:
        runtime: Its name.
        ms_per_face: How long each that is installed takes for a face, in milliseconds.
    """

    runtime: str
    ms_per_face: Mapping[str, float]

    def to_words(self) -> str:
        """What was chosen and why, in a sentence."""
        figures = ", ".join(f"{name} {ms:.2f}" for name, ms in self.ms_per_face.items())
        return f"Chose the runtime {self.runtime}; milliseconds a face: {figures}."


def open_session(
    bundle: Bundle,
    *,
    runtime: str = "onnx",
    precision: str | None = None,
    n_threads: int | None = None,
) -> Session:
    """Load the network of a bundle.

    Args:
        bundle: Holds it.
        runtime: An entry of `RUNTIMES`, or `auto` for the fastest that is installed.
        precision: `int8` or `fp32`; None takes int8 if it is there.
        n_threads: How many threads share a batch; None: as the runtime likes.

    Raises:
        InvalidInput: There is no such runtime, or the bundle has no such model.
        BadBundle: The model was changed, or is not what the bundle says.
        MissingExtra: The runtime is not installed.
    """
    if runtime == AUTO:
        runtime = choose_runtime(bundle, precision=precision).runtime
    if runtime not in RUNTIMES:
        raise InvalidInput(
            f"`runtime` must be one of {', '.join(RUNTIMES)} or {AUTO}. Received: {runtime!r}."
        )
    module = load(f"maskwise.inference.runtime_{runtime}", extra="export")
    make: Callable[..., Session] = getattr(module, RUNTIMES[runtime])
    return make(
        bundle.read(bundle.find(runtime, precision)),
        size_hw=bundle.preprocess.size_hw,
        n_classes=len(bundle.labels),
        n_threads=n_threads,
    )


def choose_runtime(bundle: Bundle, *, precision: str | None = None) -> Choice:
    """Measure each runtime that is installed and that the bundle has a model for.

    Raises:
        InvalidInput: There is none.
        BadBundle: A model was changed, or is not what the bundle says.
    """
    seconds: dict[str, float] = {}
    for runtime in RUNTIMES:
        if not any(
            model.runtime == runtime and precision in (None, model.precision)
            for model in bundle.models
        ):
            continue
        try:
            session = open_session(bundle, runtime=runtime, precision=precision)
        except MissingExtra:
            continue
        seconds[runtime] = _measure(session, bundle.preprocess.size_hw)
    if not seconds:
        raise InvalidInput(
            f"`runtime` was {AUTO}, but nothing is installed that could run a model of "
            f"{bundle.name}. Install one: pip install 'maskwise[export]'."
        )
    fastest = min(seconds, key=seconds.__getitem__)
    return Choice(fastest, {name: 1000 * s / _BATCH for name, s in seconds.items()})


def _measure(session: Session, size_hw: tuple[int, int]) -> float:
    batch: Any = np.random.default_rng(0).random((_BATCH, *size_hw, 3), dtype=np.float32)
    session.run(batch)
    times = []
    for _ in range(_ROUNDS):
        began_s = time.perf_counter()
        session.run(batch)
        times.append(time.perf_counter() - began_s)
    return sorted(times)[_ROUNDS // 2]
