"""Decision: from probabilities to answers."""

import numpy as np
from numpy.typing import NDArray


def decide(probability: NDArray[np.float32]) -> NDArray[np.int64]:
    """Answer with the most probable class.

    Args:
        probability: `(n, classes)` in the order of `maskwise.LABELS`.

    Returns:
        Class numbers `(n,)`.
    """
    answers: NDArray[np.int64] = probability.argmax(axis=1).astype(np.int64)
    return answers
