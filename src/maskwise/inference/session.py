"""Session: the seam behind which a network runs, whatever runs it."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Session(Protocol):
    """A loaded network: `(n, h, w, 3)` float32 in, `(n, classes)` float32 probabilities out."""

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Classify a batch of at least one preprocessed face."""
