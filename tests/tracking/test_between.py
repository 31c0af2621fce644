"""Where faces are between two looks."""

from dataclasses import replace

import numpy as np
import pytest

from maskwise.errors import InvalidInput
from maskwise.results import Faces
from maskwise.tracking.between import between


def faces(**left_of: float) -> Faces:
    """Faces by their numbers, `p1=10`, and how far to the right they are."""
    left = np.array(list(left_of.values()), np.float32).reshape(-1, 1)
    found = Faces.found(
        xyxy=np.concatenate([left, left * 0, left + 40, left * 0 + 40], axis=1),
        detector_score=np.full(len(left), 0.9, np.float32),
    )
    return replace(found, track_id=np.array([int(name[1:]) for name in left_of], np.int64))


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 0.75, 1.0])
def test_who_is_in_both_is_on_the_way(share: float) -> None:
    there = between(faces(p1=0, p2=500), faces(p2=500, p1=100), share)
    assert there.track_id is not None
    left = dict(zip(there.track_id.tolist(), there.xyxy[:, 0].tolist(), strict=True))
    assert left == pytest.approx({1: 100 * share, 2: 500})


def test_who_is_in_one_is_there_for_the_nearer_half() -> None:
    before, after = faces(p1=0, p2=100), faces(p1=0, p3=300)
    for share, expected in ((0.4, [1, 2]), (0.6, [1, 3])):
        there = between(before, after, share)
        assert there.track_id is not None
        assert there.track_id.tolist() == expected


def test_faces_that_nobody_followed_are_refused() -> None:
    with pytest.raises(InvalidInput, match="track_id"):
        between(replace(faces(p1=0), track_id=None), faces(p1=0), 0.5)
