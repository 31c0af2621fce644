"""Who is who stays so, whatever faces do; the conformance suite of trackers is here."""

from collections.abc import Callable

import numpy as np
import pytest

from maskwise.results import Faces
from maskwise.tracking.tracker import FaceTracker, Tracker

TRACKERS: dict[str, Callable[[], Tracker]] = {"FaceTracker": FaceTracker}


def at(*places: tuple[float, float], side: float = 40) -> Faces:
    """Faces with their upper left corners at these places."""
    corners = np.array(places, np.float32).reshape(-1, 2)
    return Faces.found(
        xyxy=np.concatenate([corners, corners + np.float32(side)], axis=1),
        detector_score=np.full(len(corners), 0.9, np.float32),
    )


def ids(tracker: Tracker, faces: Faces, time_s: float) -> list[int]:
    followed = tracker.update(faces, time_s)
    assert followed.track_id is not None
    assert np.array_equal(followed.xyxy, faces.xyxy)  # none lost, none moved, in their order
    numbers: list[int] = followed.track_id.tolist()
    return numbers


@pytest.fixture(params=TRACKERS)
def tracker(request: pytest.FixtureRequest) -> Tracker:
    return TRACKERS[request.param]()


def test_nobody_is_nobody(tracker: Tracker) -> None:
    assert ids(tracker, at(), 0.0) == []
    assert ids(tracker, at(), 0.1) == []


def test_numbers_begin_with_1_and_are_never_given_again(tracker: Tracker) -> None:
    assert ids(tracker, at((0, 0), (200, 0)), 0.0) == [1, 2]
    assert ids(tracker, at(), 100.0) == []
    assert ids(tracker, at((0, 0)), 100.1) == [3]


def test_order_of_faces_makes_no_difference(tracker: Tracker) -> None:
    assert ids(tracker, at((0, 0), (200, 0)), 0.0) == [1, 2]
    assert ids(tracker, at((203, 1), (2, 1)), 0.1) == [2, 1]


@pytest.mark.parametrize("fps", [25, 10, 5])
def test_who_walks_is_followed_at_any_frame_rate(tracker: Tracker, fps: int) -> None:
    for index in range(2 * fps):
        x = 200 * index / fps  # five faces a second
        assert ids(tracker, at((x, 100), (900 - x, 300)), index / fps) == [1, 2]


def test_who_passes_another_stays_who_they_were(tracker: Tracker) -> None:
    for index in range(31):
        x = 20.0 * index
        assert ids(tracker, at((x, 100), (600 - x, 112)), index / 10) == [1, 2]


def test_who_walks_behind_something_comes_back_as_the_same(tracker: Tracker) -> None:
    for index in range(40):
        is_hidden = 12 <= index < 20
        found = ids(tracker, at() if is_hidden else at((8.0 * index, 100)), index / 10)
        assert found == ([] if is_hidden else [1])


def test_who_comes_long_after_is_somebody_else(tracker: Tracker) -> None:
    assert ids(tracker, at((100, 100)), 0.0) == [1]
    assert ids(tracker, at((100, 100)), 5.0) == [2]


def test_a_far_face_is_not_taken_for_a_near_one(tracker: Tracker) -> None:
    assert ids(tracker, at((100, 100), side=120), 0.0) == [1]
    assert ids(tracker, at((130, 130), side=30), 0.1) == [2]


def test_who_comes_nearer_stays_the_same(tracker: Tracker) -> None:
    for index in range(20):
        side = 30 * 1.08**index
        assert ids(tracker, at((300 - side / 2, 200 - side / 2), side=side), index / 10) == [1]
