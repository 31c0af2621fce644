"""Between: where faces are in frames that nobody looked at."""

from dataclasses import replace

import numpy as np

from maskwise.errors import InvalidInput
from maskwise.results import Faces


def between(before: Faces, after: Faces, share: float) -> Faces:
    """The faces of a frame between two looks.

    Who was seen by both is on a straight way from one place to the other; who was seen by one is
    there for the half of the time that is nearer to it.

    Args:
        before: The faces of the look before, with `track_id`.
        after: Those of the look after.
        share: How far the frame is on the way from one to the other, in [0, 1].

    Returns:
        Faces as the nearer look has them, at the place in between.

    Raises:
        InvalidInput: There is no `track_id`.
    """
    near, far = (before, after) if share < 0.5 else (after, before)
    if near.track_id is None or far.track_id is None:
        raise InvalidInput("Faces between two looks need `track_id`, which a tracker gives.")
    towards_far = min(share, 1 - share)
    place_of = {number: place for place, number in enumerate(far.track_id.tolist())}
    xyxy = near.xyxy.copy()
    for index, number in enumerate(near.track_id.tolist()):
        if number in place_of:
            xyxy[index] += towards_far * (far.xyxy[place_of[number]] - xyxy[index])
    return replace(near, xyxy=xyxy.astype(np.float32))
