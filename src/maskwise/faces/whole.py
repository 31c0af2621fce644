"""WholePicture: for pictures that are each one face already."""

import numpy as np
from numpy.typing import NDArray

from maskwise.results import Faces


class WholePicture:
    """Takes the whole picture as one face."""

    def __call__(self, image_rgb: NDArray[np.uint8]) -> Faces:
        """Box the whole of an RGB picture `(h, w, 3)`."""
        height, width, _ = image_rgb.shape
        return Faces.found(
            xyxy=np.array([[0, 0, width, height]], dtype=np.float32),
            detector_score=np.ones(1, dtype=np.float32),
        )
