"""People: who was seen, when, and what they wore; one decision for each."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np

from maskwise.labels import label_name
from maskwise.results import Faces
from maskwise.tracking.tracker import LOST_AFTER_S, FaceTracker, Tracker
from maskwise.tracking.vote import Vote

_LEAST_LOOKS: Final = 3  # what is found less often is hardly a person
_LEAST_BEST_SCORE: Final = 0.75  # of a detector, once; what never has it is a cheek or an ear


@dataclass(frozen=True, slots=True)
class Change:
    """From when on something was said of a person.

    Attributes:
        time_s: When, in the time of the video.
        label: A class number of `maskwise.LABELS`.
    """

    time_s: float
    label: int


@dataclass(slots=True)
class Person:
    """One person, from appearing to leaving.

    Attributes:
        number: As in `Faces.track_id`.
        first_s: When first seen, in the time of the video.
        last_s: When last seen.
        n_looks: How many looks found the face.
        best_score: How sure the detector was at best that it is one, in [0, 1].
        changes: What was said and from when on, each time that it changed.
    """

    number: int
    first_s: float
    last_s: float
    n_looks: int = 0
    best_score: float = 0.0
    changes: list[Change] = field(default_factory=list)
    _vote: Vote = field(default_factory=Vote)

    @property
    def label(self) -> int:
        """What is said of the person now, or was at last; -1 for *unsure*."""
        return self._vote.label

    def see(self, label: int, score: float, time_s: float) -> None:
        """Take in one look at the face, what it said, and how sure the detector was."""
        self.last_s, self.n_looks = time_s, self.n_looks + 1
        self.best_score = max(self.best_score, score)
        before = self.label
        self._vote.add(label, time_s)
        if self.label != before:
            self.changes.append(Change(time_s, self.label))

    def to_dict(self) -> Mapping[str, Any]:
        """Plain values for JSON."""
        return {
            "person": self.number,
            "label": label_name(self.label),
            "first_s": round(self.first_s, 3),
            "last_s": round(self.last_s, 3),
            "looks": self.n_looks,
            "changes": [
                {"time_s": round(change.time_s, 3), "label": label_name(change.label)}
                for change in self.changes
            ],
        }


class People:
    """Follows the faces of one video and decides once for each person.

    A face counts as a person when three looks have found it, or all looks that there were, and one
    of them has seen it well.
    """

    def __init__(self, tracker: Tracker | None = None) -> None:
        """Begin with nobody.

        Args:
            tracker: Says who is who; None takes a `FaceTracker`.
        """
        self._tracker = tracker or FaceTracker()
        self._present: dict[int, Person] = {}
        self._n_looks = 0

    def update(self, faces: Faces, time_s: float) -> Faces:
        """Take in the next look.

        Args:
            faces: As `MaskDetector` answers on a frame.
            time_s: When it was; later than the look before.

        Returns:
            The same faces in the same order, with `track_id`, and with what is said of the person
            as `label`; -1 as long as nothing is.
        """
        self._n_looks += 1
        followed = self._tracker.update(faces, time_s)
        numbers = [] if followed.track_id is None else followed.track_id.tolist()
        seen = zip(numbers, faces.label.tolist(), faces.detector_score.tolist(), strict=True)
        for number, label, score in seen:
            person = self._present.setdefault(number, Person(number, time_s, time_s))
            person.see(label, score, time_s)
        said = np.array([self._present[number].label for number in numbers], np.int64)
        return replace(followed, label=said)

    @property
    def present(self) -> list[Person]:
        """Who is there, those included who may have left, in the order in which they came."""
        return [person for person in self._present.values() if self._counts(person)]

    def leave(self, time_s: float = math.inf) -> Iterator[Person]:
        """Forget who has been gone for two seconds, and tell of those who count.

        Args:
            time_s: What time it is; infinity at the end, when everybody has left.
        """
        for person in list(self._present.values()):
            if time_s - person.last_s > LOST_AFTER_S:
                del self._present[person.number]
                if self._counts(person):
                    yield person

    def _counts(self, person: Person) -> bool:
        is_seen_well = person.best_score >= _LEAST_BEST_SCORE
        return is_seen_well and person.n_looks >= min(_LEAST_LOOKS, self._n_looks)
