"""Refined: what another detector has found, looked at once more from near."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from maskwise.boxes import snap, suppress
from maskwise.faces.border import faces_inside
from maskwise.faces.weights import Network
from maskwise.preprocess import PreprocessSpec
from maskwise.results import Faces

LOOK: Final = PreprocessSpec(size_hw=(64, 64), crop_margin=0.3)
"""How a face is cut out to be looked at."""

MIN_SCORE: Final = 0.5
"""Less sure faces are not told of, unless somebody asks; in [0, 1]."""

MAX_GROWTH: Final = 1.0  # the logarithm of how much larger a face is than what was found
_INSET: Final = 100  # parts of a pixel, or of a box that is smaller
ONNX: Final = Path(__file__).with_name("refined.onnx")
MAX_IOU: Final = 0.3  # of two boxes that are not taken for one face
_AT_ONCE: Final = 64  # faces, so that a crowd needs no more memory than a few people


class Refined:
    """Tells of what a detector has found whether it is a face and where that ends.

    A detector that looks at a whole picture in a few milliseconds is often right where a face is,
    and vague about its borders and about what else it may be. A second network looks at each box
    alone; how sure the two are together is the geometric mean of their scores.

    Source: the cascade of Zhang et al. (2016), "Joint Face Detection and Alignment Using Multitask
    Cascaded Convolutional Networks", IEEE Signal Processing Letters 23:1499, with the regression of
    boxes of Girshick et al. (2014), CVPR, arXiv:1311.2524.
    """

    def __init__(
        self, find: Callable[[NDArray[np.uint8]], Faces], *, min_score: float = MIN_SCORE
    ) -> None:
        """Load the network.

        Args:
            find: Finds what is looked at; better a box too many than one too few.
            min_score: Less sure faces are not told of; in [0, 1].
        """
        self._find = find
        self._min_score = min_score
        self._network = Network(ONNX.read_bytes())

    def __call__(self, image_rgb: NDArray[np.uint8]) -> Faces:
        """Find the faces of an upright RGB picture `(h, w, 3)` uint8, the surest first."""
        found = self._find(image_rgb)
        if not len(found):
            return found
        found_xyxy = snap(found.xyxy)
        crops = cut(image_rgb, found_xyxy)
        said = np.concatenate([self._network.run_batch(some) for some in crops])
        score = np.sqrt(found.detector_score * said[:, 0])
        boxes_xyxy = snap(move(found_xyxy, said[:, 1:]))
        kept = suppress(boxes_xyxy, score, max_iou=MAX_IOU)
        kept = kept[score[kept] >= self._min_score]
        # The box may end at the border now, where that of the detector had gone beyond.
        is_cut_off = np.array(["cut_off" in found.quality[index] for index in kept.tolist()], bool)
        height, width = image_rgb.shape[:2]
        return faces_inside(boxes_xyxy[kept], score[kept], (height, width), is_cut_off=is_cut_off)


def cut(
    image_rgb: NDArray[np.uint8], boxes_xyxy: NDArray[np.float64]
) -> Iterator[NDArray[np.float32]]:
    """What is to be looked at, `(n, 64, 64, 3)` in [0, 1], not too many at once."""
    # Taken as it is, a box that is all of the picture would be cut without a margin.
    inset = np.minimum(boxes_xyxy[:, 2:] - boxes_xyxy[:, :2], 1) / _INSET
    smaller_xyxy = boxes_xyxy + np.concatenate([inset, -inset], axis=1)
    for start in range(0, len(smaller_xyxy), _AT_ONCE):
        boxes = smaller_xyxy[start : start + _AT_ONCE].tolist()
        yield np.stack([LOOK(LOOK.crop(image_rgb, (x0, y0, x1, y1))) for x0, y0, x1, y1 in boxes])


def measure_offset(
    boxes_xyxy: NDArray[np.float64], to_xyxy: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Where other boxes lie, seen from boxes: what `move` undoes.

    Args:
        boxes_xyxy: Boxes `(n, 4)` in pixels.
        to_xyxy: As many others, of which none is empty.

    Returns:
        How far the centre lies to the right and below, and the logarithms of width and height, all
        in longer sides of the box, `(n, 4)`.
    """
    side = (boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]).max(axis=1, keepdims=True)
    middle = (boxes_xyxy[:, :2] + boxes_xyxy[:, 2:]) / 2
    to_middle = (to_xyxy[:, :2] + to_xyxy[:, 2:]) / 2
    size = to_xyxy[:, 2:] - to_xyxy[:, :2]
    return np.concatenate([(to_middle - middle) / side, np.log(size / side)], axis=1)


def move(
    boxes_xyxy: NDArray[np.float64], offset: NDArray[np.float32] | NDArray[np.float64]
) -> NDArray[np.float64]:
    """The boxes to which `measure_offset` measured, `(n, 4)`."""
    side = (boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]).max(axis=1, keepdims=True)
    middle = (boxes_xyxy[:, :2] + boxes_xyxy[:, 2:]) / 2 + offset[:, :2] * side
    half = np.exp(offset[:, 2:].clip(max=MAX_GROWTH)) * side / 2
    return np.concatenate([middle - half, middle + half], axis=1)
