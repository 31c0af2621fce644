"""Boxes: arithmetic on corners `(n, 4)`, left, top, right, bottom in pixels."""

from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float32] | NDArray[np.float64]
Float = TypeVar("Float", np.float32, np.float64)

_PER_PIXEL: Final = 4


def area(boxes_xyxy: Boxes) -> NDArray[np.float64]:
    """Area of each box in square pixels.

    Args:
        boxes_xyxy: Boxes `(n, 4)` in pixels.

    Returns:
        Areas `(n,)`; 0 for a box whose right is not right of its left, or bottom not below top.
    """
    size = boxes_xyxy[:, 2:].astype(np.float64) - boxes_xyxy[:, :2]
    areas: NDArray[np.float64] = np.maximum(size, 0.0).prod(axis=1)
    return areas


def iou(a_xyxy: Boxes, b_xyxy: Boxes) -> NDArray[np.float64]:
    """Overlap of every box in `a` with every box in `b`: intersection over union.

    Args:
        a_xyxy: Boxes `(n, 4)` in pixels.
        b_xyxy: Boxes `(m, 4)` in pixels.

    Returns:
        Overlaps `(n, m)` in [0, 1]. Empty boxes overlap nothing, not even themselves.

    >>> iou(np.array([[0.0, 0.0, 2.0, 2.0]]), np.array([[1.0, 0.0, 3.0, 2.0]])).round(3)
    array([[0.333]])
    """
    shared = np.empty((len(a_xyxy), len(b_xyxy), 4))
    shared[..., :2] = np.maximum(a_xyxy[:, None, :2], b_xyxy[:, :2])
    shared[..., 2:] = np.minimum(a_xyxy[:, None, 2:], b_xyxy[:, 2:])
    intersection = area(shared.reshape(-1, 4)).reshape(shared.shape[:2])
    union = area(a_xyxy)[:, None] + area(b_xyxy) - intersection
    return np.divide(intersection, union, out=np.zeros_like(union), where=intersection > 0)


def clip(boxes_xyxy: NDArray[Float], size_hw: tuple[int, int]) -> NDArray[Float]:
    """Cut boxes off at the border of their picture.

    Args:
        boxes_xyxy: Boxes `(n, 4)` in pixels.
        size_hw: Height and width of the picture in pixels.

    Returns:
        Boxes `(n, 4)` of the same type, x in [0, width] and y in [0, height]; one that lies
        outside of the picture comes out empty.
    """
    height, width = size_hw
    border = np.array([width, height, width, height], dtype=boxes_xyxy.dtype)
    return np.clip(boxes_xyxy, 0, border)


def snap(boxes_xyxy: Boxes) -> NDArray[np.float64]:
    """Boxes on quarters of a pixel, none narrower than one quarter.

    Networks round a little otherwise on each machine. Whatever is cut out by a box would show that:
    a hundred-thousandth of a pixel decides now and then which row of pixels is taken.

    Args:
        boxes_xyxy: Boxes `(n, 4)` in pixels.

    Returns:
        Boxes `(n, 4)`.
    """
    snapped = np.round(boxes_xyxy.astype(np.float64) * _PER_PIXEL) / _PER_PIXEL
    snapped[:, 2:] = np.maximum(snapped[:, 2:], snapped[:, :2] + 1 / _PER_PIXEL)
    return snapped


def suppress(
    boxes_xyxy: Boxes, score: NDArray[np.float32] | NDArray[np.float64], *, max_iou: float
) -> NDArray[np.int64]:
    """Of boxes on one thing keep the surest: non-maximum suppression.

    Args:
        boxes_xyxy: Boxes `(n, 4)` in pixels.
        score: How sure each is, `(n,)`; among equals the earlier one counts as surer.
        max_iou: Boxes that overlap by more are on one thing.

    Returns:
        Which boxes are kept, the surest first.
    """
    kept = []
    left = np.argsort(-score, kind="stable")
    while len(left):
        kept.append(left[0])
        overlap = iou(boxes_xyxy[left[:1]], boxes_xyxy[left[1:]])[0]
        left = left[1:][overlap <= max_iou]
    return np.array(kept, dtype=np.int64)
