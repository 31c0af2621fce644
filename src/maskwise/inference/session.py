"""Session: the seam behind which a network runs, whatever runs it."""

from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from maskwise.errors import BadBundle

_MAX_REASON: Final = 200
_TOLERANCE: Final = 1e-3


class Session(Protocol):
    """A loaded network: `(n, h, w, 3)` float32 in, `(n, classes)` float32 probabilities out."""

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Classify a batch of at least one preprocessed face."""


def require_shapes(
    what: str,
    shapes: Sequence[Sequence[int | None]],
    *,
    size_hw: tuple[int, int],
    n_classes: int,
) -> None:
    """Refuse a model that does not turn batches of any length into probabilities.

    Args:
        what: How the model is named in the message.
        shapes: Of its input and its output; None for what is left open.
        size_hw: Height and width that the input must have.
        n_classes: How many classes the output must have.

    Raises:
        BadBundle: It has other shapes.
    """
    wanted = [(None, *size_hw, 3), (None, n_classes)]
    if [tuple(shape) for shape in shapes] != wanted:
        raise BadBundle(
            f"The {what} model must turn {_words(wanted[0])} into {_words(wanted[1])}. "
            f"It turns {_words(shapes[0])} into {_words(shapes[1])}."
        )


def require_answers(
    what: str, session: Session, *, size_hw: tuple[int, int], n_classes: int
) -> None:
    """Refuse a model that says of a black picture anything but probabilities.

    Raises:
        BadBundle: It does. What the runtime itself raises is passed on.
    """
    said = session.run(np.zeros((1, *size_hw, 3), dtype=np.float32))
    fits = said.shape == (1, n_classes) and said.dtype == np.float32
    # Written so that NaN does not pass.
    if not (fits and (said >= 0).all() and abs(float(said.sum()) - 1) <= _TOLERANCE):
        raise BadBundle(
            f"The {what} model must give {n_classes} probabilities that sum to 1. "
            f"It gives {said.ravel()[:n_classes].tolist()}."
        )


def refused(what: str, error: BaseException) -> BadBundle:
    """The error to raise when a runtime refused a model with `error`."""
    reason = " ".join(str(error).split())[:_MAX_REASON] or type(error).__name__
    return BadBundle(f"The {what} model cannot be loaded: {reason}")


def _words(shape: Sequence[int | None]) -> str:
    return f"({', '.join('n' if edge is None else str(edge) for edge in shape)})"
