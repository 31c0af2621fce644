"""Tracker: the seam behind which faces are followed from one look to the next."""

import math
from dataclasses import dataclass, replace
from itertools import count
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from maskwise.boxes import area, iou
from maskwise.extras import load
from maskwise.results import Faces

LOST_AFTER_S: Final = 2.0
"""How long a face may stay out of sight and still be the same when it comes back."""

_BUFFERS: Final = (0.3, 0.8)  # how far boxes are widened, in their sides, in two rounds
_LEAST_SIZE_RATIO: Final = 0.5  # of the smaller to the larger of two boxes of one face
_INERTIA_S: Final = 0.2  # over how long the speed of a face is averaged
_COASTING_S: Final = 0.3  # how long a face that is out of sight is thought to go on


class Tracker(Protocol):
    """Follows faces: who is who from one look at a video to the next."""

    def update(self, faces: Faces, time_s: float) -> Faces:
        """Say who the faces of the next look are.

        Args:
            faces: As they were found, in the pixels of the frame.
            time_s: When that was; later than the look before.

        Returns:
            The same faces in the same order, with `track_id`: numbers from 1 on, each for one
            person, never given again.
        """


@dataclass(slots=True)
class _Track:
    number: int
    box_xyxy: NDArray[np.float64]
    velocity_xyxy: NDArray[np.float64]  # in pixels a second
    seen_s: float
    n_seen: int = 1

    def expect(self, time_s: float) -> NDArray[np.float64]:
        """Where the face should be: it slows down while it is out of sight."""
        gone_s = time_s - self.seen_s
        going_s = -_COASTING_S * math.expm1(-gone_s / _COASTING_S)
        return self.box_xyxy + self.velocity_xyxy * going_s

    def see(self, box_xyxy: NDArray[np.float64], time_s: float) -> None:
        """Take in where it really is."""
        gone_s = time_s - self.seen_s
        measured = (box_xyxy - self.box_xyxy) / gone_s
        # Of a speed that was never measured nothing is kept.
        share = 1.0 if self.n_seen == 1 else -math.expm1(-gone_s / _INERTIA_S)
        self.velocity_xyxy = self.velocity_xyxy + share * (measured - self.velocity_xyxy)
        self.box_xyxy, self.seen_s, self.n_seen = box_xyxy, time_s, self.n_seen + 1


class FaceTracker:
    """Follows faces by where they are expected, at any and at changing frame rates.

    Faces are small and looked at a few times a second, so that their boxes often do not overlap
    from one look to the next. Boxes are therefore widened before they are compared: a little at
    first, and for those that found nobody far. Everything is measured in seconds, not in frames.

    Source: Yang et al. (2023), "Hard to Track Objects with Irregular Motions and Similar
    Appearances? Make It Easier by Buffering the Matching Space", WACV, arXiv:2211.14317; the
    cascade is that of ByteTrack, Zhang et al. (2022), ECCV, arXiv:2110.06864.
    """

    def __init__(self, *, lost_after_s: float = LOST_AFTER_S) -> None:
        """Begin with nobody.

        Args:
            lost_after_s: How long a face may stay out of sight and still be the same.
        """
        self._lost_after_s = lost_after_s
        self._tracks: list[_Track] = []
        self._numbers = count(1)

    def update(self, faces: Faces, time_s: float) -> Faces:
        """Say who the faces of the next look are; see `Tracker`."""
        self._tracks = [t for t in self._tracks if time_s - t.seen_s <= self._lost_after_s]
        boxes_xyxy = faces.xyxy.astype(np.float64)
        expected_xyxy = np.array([t.expect(time_s) for t in self._tracks]).reshape(-1, 4)
        track_of = np.full(len(faces), -1)
        for buffer in _BUFFERS:
            free = np.flatnonzero(~np.isin(np.arange(len(self._tracks)), track_of))
            found = np.flatnonzero(track_of < 0)
            rows, columns = _match(expected_xyxy[free], boxes_xyxy[found], buffer)
            track_of[found[columns]] = free[rows]
        numbers = np.zeros(len(faces), np.int64)
        for index, (of, box_xyxy) in enumerate(zip(track_of.tolist(), boxes_xyxy, strict=True)):
            if of >= 0:
                track = self._tracks[of]
                track.see(box_xyxy, time_s)
            else:
                track = _Track(next(self._numbers), box_xyxy, np.zeros(4), time_s)
                self._tracks.append(track)
            numbers[index] = track.number
        return replace(faces, track_id=numbers)


def _match(
    expected_xyxy: NDArray[np.float64], boxes_xyxy: NDArray[np.float64], buffer: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pair what was expected with what was found: indices of either, those of a pair together."""
    if not len(expected_xyxy) or not len(boxes_xyxy):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    similarity = iou(_widen(expected_xyxy, buffer), _widen(boxes_xyxy, buffer))
    areas, box_areas = area(expected_xyxy)[:, None], area(boxes_xyxy)
    size_ratio = np.sqrt(np.minimum(areas, box_areas) / np.maximum(areas, box_areas))
    similarity[size_ratio < _LEAST_SIZE_RATIO] = 0
    solve = load("scipy.optimize", extra="video").linear_sum_assignment
    rows, columns = solve(similarity, maximize=True)
    kept = similarity[rows, columns] > 0
    return rows[kept], columns[kept]


def _widen(boxes_xyxy: NDArray[np.float64], buffer: float) -> NDArray[np.float64]:
    reach = buffer * (boxes_xyxy[:, 2:] - boxes_xyxy[:, :2])
    wide: NDArray[np.float64] = boxes_xyxy + np.concatenate([-reach, reach], axis=1)
    return wide
