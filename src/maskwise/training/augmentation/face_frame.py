"""FaceFrame: where a face is and how it is turned, for what is drawn onto it."""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
"""x and y in pixels or in shares of a face's axes, `(n, 2)`, or of one point `(2,)`."""

_MAX_TURN: Final = 0.75  # of a head; beyond, five points do not tell where a mask would lie
_MIN_EYE_TO_MOUTH_PX: Final = 6.0


@dataclass(frozen=True, slots=True)
class FaceFrame:
    """Where a face is and how it is turned, as axes along which a mask is drawn.

    Attributes:
        eyes: The middle between the eyes, x and y in pixels.
        across: From there about as far as between the eyes, to the right of the picture.
        down: From there to the middle of the mouth.
        turn: How far the nose is off the middle, as a share of `across`.
        nose: How far down the tip of the nose is, as a share of `down`.
    """

    eyes: Points
    across: Points
    down: Points
    turn: float
    nose: float

    @classmethod
    def of(cls, landmarks_xy: NDArray[np.float32]) -> Self | None:
        """The frame of a face with these landmarks; None if it is too small or turned away.

        Args:
            landmarks_xy: `(5, 2)` in pixels: eyes, tip of the nose, corners of the mouth, of each
                pair the left one of the picture first.
        """
        left_eye, right_eye, tip, *corners = landmarks_xy.astype(np.float64)
        eyes = (left_eye + right_eye) / 2
        down = (corners[0] + corners[1]) / 2 - eyes
        length = float(np.hypot(*down))
        if not length >= _MIN_EYE_TO_MOUTH_PX:  # nor where none were found
            return None
        unit = down / length
        # In a face in profile the eyes lie on each other, but it is not narrower for that.
        width = max(float(np.hypot(*(right_eye - left_eye))), 0.75 * length)
        across = np.array([unit[1], -unit[0]])
        turn = float((tip - eyes) @ across) / width
        nose = float(np.clip((tip - eyes) @ unit / length, 0.4, 0.8))
        return None if abs(turn) > _MAX_TURN else cls(eyes, across * width, down, turn, nose)

    def place(self, points: Points) -> Points:
        """From shares of the axes, `(n, 2)`, to pixels."""
        return self.eyes + points @ np.stack([self.across, self.down])
