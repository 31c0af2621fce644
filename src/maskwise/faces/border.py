"""Border: what becomes of boxes at the border of their picture."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from maskwise.boxes import area, clip
from maskwise.results import Faces

MIN_SHARE_INSIDE: Final = 0.7
"""Of a face of which less than this lies in the picture, a mask may be outside: the mouth is the
lowest third of a face's box."""


def faces_inside(
    boxes_xyxy: NDArray[np.float64],
    score: NDArray[np.float32],
    size_hw: tuple[int, int],
    *,
    is_cut_off: NDArray[np.bool_] | None = None,
) -> Faces:
    """Faces cut off at the border of their picture, without those that lie outside of it.

    Args:
        boxes_xyxy: Boxes `(n, 4)` in pixels, right > left and bottom > top; may reach outside.
        score: How sure the detector is of each, `(n,)`.
        size_hw: Height and width of the picture in pixels.
        is_cut_off: Of which boxes it is known that too little of the face is left, `(n,)`.

    Returns:
        Faces in the same order. Of one that is `cut_off`, less than `MIN_SHARE_INSIDE` is left.
    """
    inside_xyxy = clip(boxes_xyxy, size_hw).astype(np.float32)
    share = area(inside_xyxy) / area(boxes_xyxy)
    is_inside = share > 0
    lacks = share < MIN_SHARE_INSIDE
    if is_cut_off is not None:
        lacks |= is_cut_off
    return Faces.found(
        xyxy=inside_xyxy[is_inside],
        detector_score=score[is_inside].clip(0, 1).astype(np.float32),
        quality=tuple(("cut_off",) if each else () for each in lacks[is_inside].tolist()),
    )
