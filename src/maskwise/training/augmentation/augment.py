"""Augment: from a face and what is around it to one of the many pictures it could have been."""

from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from maskwise.labels import INCORRECT, WITH_MASK, WITHOUT_MASK
from maskwise.preprocess import PreprocessSpec
from maskwise.training.augmentation.damage import damage
from maskwise.training.augmentation.framing import Framing
from maskwise.training.augmentation.light import relight
from maskwise.training.augmentation.masks import paint_mask
from maskwise.training.augmentation.occluders import hide_mouth

_FINER: Final = 1.5  # than the network's input, so that what is cut out of it is sharp
_WIDER: Final = 2.0  # the margin around a face
_PAINTED: Final = 0.15  # shares of the bare faces
_PAINTED_WRONGLY: Final = 0.4  # of these
_HIDDEN: Final = 0.12
_RELIT: Final = 0.8


@dataclass(frozen=True, slots=True)
class Augmentation:
    """What a training does to each picture, anew in each epoch.

    Attributes:
        wide: From a picture and a box to the square that is cut from: finer and wider than what
            the network gets.
        size_hw: What the network gets, in pixels.
        share: How much of the square's edge that shows, where a face was cut out of its picture.
        labels: Classes that the network tells apart.
    """

    wide: PreprocessSpec
    size_hw: tuple[int, int]
    share: float
    labels: tuple[int, ...]

    @classmethod
    def of(cls, spec: PreprocessSpec, labels: tuple[int, ...]) -> Self:
        """For a network that gets pictures as `spec` says."""
        edge = round(_FINER * max(spec.size_hw))
        margin = min(_WIDER * spec.crop_margin, 1.0)
        wide = replace(spec, size_hw=(edge, edge), crop_margin=margin)
        share = (1 + 2 * spec.crop_margin) / (1 + 2 * margin)
        return cls(wide, spec.size_hw, share, labels)

    def __call__(
        self,
        square_rgb: NDArray[np.uint8],
        label: int,
        landmarks_xy: NDArray[np.float32],
        *,
        is_whole: bool,
        draw: np.random.Generator,
    ) -> tuple[NDArray[np.uint8], int]:
        """Make a picture that the network can be trained on.

        Args:
            square_rgb: As `wide` makes it, RGB uint8; stays as it is.
            label: Of the face.
            landmarks_xy: Of the face in the square, as `maskwise.faces.yunet.FaceMarker` finds
                them.
            is_whole: Whether the square is a whole picture, not cut out around a box.
            draw: Decides everything.

        Returns:
            RGB uint8 `(*size_hw, 3)` and its label: of a face that a mask was painted on, another.
        """
        share = 1.0 if is_whole else self.share
        if label == WITHOUT_MASK:
            square_rgb, label = self._cover(square_rgb, landmarks_xy, share, draw)
        image_rgb = Framing(self.size_hw, share).cut(square_rgb, draw)
        if draw.random() < _RELIT:
            image_rgb = relight(image_rgb, draw)
        return damage(image_rgb, draw), label

    def _cover(
        self,
        square_rgb: NDArray[np.uint8],
        landmarks_xy: NDArray[np.float32],
        share: float,
        draw: np.random.Generator,
    ) -> tuple[NDArray[np.uint8], int]:
        chance, is_wrong = draw.random(), draw.random() < _PAINTED_WRONGLY
        covered, label = None, WITHOUT_MASK
        if chance < _PAINTED:
            label = INCORRECT if is_wrong else WITH_MASK
            if label in self.labels:
                covered = paint_mask(square_rgb, landmarks_xy, label, share=share, draw=draw)
        elif chance < _PAINTED + _HIDDEN:
            covered = hide_mouth(square_rgb, landmarks_xy, draw=draw)
        return (square_rgb, WITHOUT_MASK) if covered is None else (covered, label)
