"""GivenBoxes: for faces that somebody else has found."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from maskwise.errors import InvalidInput
from maskwise.faces.border import faces_inside
from maskwise.results import Faces


class GivenBoxes:
    """Takes the boxes that it was made with as the faces of the picture, in their order."""

    def __init__(self, boxes_xyxy: ArrayLike) -> None:
        """Keep the boxes of one picture.

        Args:
            boxes_xyxy: Left, top, right and bottom of each face in pixels, `(n, 4)`; may reach
                out of the picture, as long as they touch it.

        Raises:
            InvalidInput: They have another shape, or one is empty, inverted or not finite.
        """
        self._boxes_xyxy = _read_boxes(boxes_xyxy)

    def __call__(self, image_rgb: NDArray[np.uint8]) -> Faces:
        """Box these faces in an RGB picture `(h, w, 3)`.

        Raises:
            InvalidInput: A box lies outside of the picture.
        """
        height, width = image_rgb.shape[:2]
        score = np.ones(len(self._boxes_xyxy), dtype=np.float32)
        for box_xyxy in self._boxes_xyxy:
            if not len(faces_inside(box_xyxy[None], score[:1], (height, width))):
                raise InvalidInput(
                    f"`boxes_xyxy` must lie in the picture of {width}x{height} pixels, at least "
                    f"partly. Received: {box_xyxy.tolist()}."
                )
        return faces_inside(self._boxes_xyxy, score, (height, width))


def _read_boxes(boxes_xyxy: ArrayLike) -> NDArray[np.float64]:
    try:
        boxes = np.array(boxes_xyxy, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"`boxes_xyxy` must be numbers of shape (n, 4). {error}.") from error
    if boxes.size == 0:
        return np.zeros((0, 4))
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise InvalidInput(f"`boxes_xyxy` must have shape (n, 4). Received: {boxes.shape}.")
    is_box = np.isfinite(boxes).all(axis=1) & (boxes[:, :2] < boxes[:, 2:]).all(axis=1)
    if not is_box.all():
        raise InvalidInput(
            "`boxes_xyxy` must be finite, with left < right and top < bottom. "
            f"Received: {boxes[~is_box][0].tolist()}."
        )
    return boxes
