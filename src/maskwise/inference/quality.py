"""Quality: which faces are too small or too blurred to be answered."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Final, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwise.errors import InvalidInput
from maskwise.results import Faces

TOO_SMALL: Final = "too_small"
TOO_BLURRED: Final = "too_blurred"

_COMPARED_SIZE_PX: Final = 16
_SAMPLES: Final = 4  # of each of those pixels in a row are enough
_LEAST_VARIANCE: Final = 4.0  # of grey levels; what varies less shows nothing but noise


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityRule:
    """Of which faces nothing can be said. The default finds fault with none.

    Attributes:
        min_side_px: Faces whose box has a shorter side are `too_small`.
        min_sharpness: Faces less sharp, see `sharpness`, are `too_blurred`.

    Raises:
        InvalidInput: A value is no finite number of at least 0.
    """

    min_side_px: float = 0.0
    min_sharpness: float = 0.0

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if not (is_number and 0 <= value < math.inf):
                raise InvalidInput(
                    f"`{name}` must be a finite number of at least 0. Received: {value!r}."
                )

    def judge(self, image_rgb: NDArray[np.uint8], faces: Faces) -> Faces:
        """Add to the reasons of each face why it should not be answered.

        Args:
            image_rgb: The picture `(h, w, 3)`.
            faces: As they were found in it; the reasons that they have already stay.
        """
        if not (self.min_side_px or self.min_sharpness):
            return faces
        reasons = self._reasons(image_rgb, faces.xyxy)
        return replace(
            faces,
            quality=tuple(had + new for had, new in zip(faces.quality, reasons, strict=True)),
        )

    def _reasons(
        self, image_rgb: NDArray[np.uint8], boxes_xyxy: NDArray[np.float32]
    ) -> Iterator[tuple[str, ...]]:
        for left, top, right, bottom in boxes_xyxy.tolist():
            if min(right - left, bottom - top) < self.min_side_px:
                yield (TOO_SMALL,)  # and therefore blurred too
                continue
            rows = slice(max(0, math.floor(top)), max(1, math.ceil(bottom)))
            columns = slice(max(0, math.floor(left)), max(1, math.ceil(right)))
            is_blurred = sharpness(image_rgb[rows, columns]) < self.min_sharpness
            yield (TOO_BLURRED,) if is_blurred else ()

    def to_dict(self) -> Mapping[str, Any]:
        """Plain values for JSON, one for each attribute."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The rule that `to_dict` described.

        Raises:
            InvalidInput: A field is missing, unknown, of another type or out of its range.
        """
        names = {field.name for field in fields(cls)}
        if values.keys() != names:
            raise InvalidInput(
                f"A quality rule has the fields {', '.join(sorted(names))}. "
                f"Received: {', '.join(sorted(map(str, values))) or 'none'}."
            )
        return cls(**values)


def sharpness(face_rgb: NDArray[np.uint8]) -> float:
    """How much of what can be seen in a face is fine detail.

    The face is brought to 16x16 grey pixels, whatever its size; then the variance of its Laplacian
    is taken as a share of its own variance. So neither size nor contrast nor brightness matter,
    and noise hardly. It is about 20 for white noise and 0 for a smooth gradient.

    Source: the variance of the Laplacian is from Pech-Pacheco et al. (2000), "Diatom autofocusing
    in brightfield microscopy", ICPR 3:314.

    Args:
        face_rgb: What is in the box of a face, without any margin, `(h, w, 3)` uint8, not empty.

    Returns:
        At least 0.
    """
    step = max(1, min(face_rgb.shape[:2]) // (_SAMPLES * _COMPARED_SIZE_PX))
    size_wh = (_COMPARED_SIZE_PX, _COMPARED_SIZE_PX)
    small = cv2.resize(face_rgb[::step, ::step], size_wh, interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    inner = grey[1:-1, 1:-1]
    laplacian = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * inner
    return float(laplacian.var() / max(grey.var(), _LEAST_VARIANCE))
