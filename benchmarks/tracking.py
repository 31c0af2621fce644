"""How well are people followed, and how much is lost by looking less often?

    python benchmarks/tracking.py DATA

Composed clips (`composed.py`) of eight seconds, with up to five people each, cut from the photos
that DATA, a set of faces with boxes, has. Our `FaceTracker` and the trackers of the package
`trackers` 2.6.1 (in its defaults, but that a track needs one look alone, as ours does, and that
what the detector tells of is taken for sure) follow the very same faces, found in `fast` mode, at
several numbers of looks a second. MOTA and IDF1 are those of that package, at an IoU of 0.5, over
the frames that were looked at; a face that is covered or cut off by more than half counts neither
way. Then: how many people are counted, and how many of those who are decided on rightly, at their
last state, when each decision is matched with the person whom its track lies on longest.

The figures are added to results/tracking.jsonl, unless `--dry`.
"""

import argparse
import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import supervision as sv
import trackers
from numpy.typing import NDArray
from trackers.eval import compute_clear_metrics, compute_identity_metrics

from composed import FPS, Look, compose
from maskwise.boxes import iou
from maskwise.dataset.dataset import Dataset
from maskwise.inference.pipeline import MaskDetector
from maskwise.labels import UNSURE
from maskwise.results import Faces
from maskwise.tracking.people import People, Person
from maskwise.tracking.tracker import LOST_AFTER_S, FaceTracker
from record import record

SECONDS: Final = 8.0
N_PEOPLE: Final = 5
FIRST_SEED: Final = 100  # of clips that were not looked at when our tracker was made
STRIDES: Final = (1, 2, 3, 5, 8)
_SAME: Final = 0.5


class Following(Protocol):
    """Says who is who: boxes and numbers."""

    def __call__(self, faces: Faces, time_s: float) -> tuple[NDArray[Any], NDArray[Any]]:
        """Take in a look."""


@dataclass(frozen=True)
class Frame:
    """A frame without its pixels, and what was found in it."""

    look: Look
    faces: Faces
    time_s: float


def ours(fps: float) -> Following:
    """Our tracker, which asks for no frame rate."""
    del fps
    tracker = FaceTracker()

    def follow(faces: Faces, time_s: float) -> tuple[NDArray[Any], NDArray[Any]]:
        followed = tracker.update(faces, time_s)
        return followed.xyxy, np.asarray(followed.track_id)

    return follow


def peer(name: str, **options: Any) -> Callable[[float], Following]:
    """A tracker of the package `trackers`."""

    def begin(fps: float) -> Following:
        # The buffer is in frames of 30 a second.
        tracker: Any = getattr(trackers, name)(
            frame_rate=fps, lost_track_buffer=round(30 * LOST_AFTER_S), **options
        )

        def follow(faces: Faces, time_s: float) -> tuple[NDArray[Any], NDArray[Any]]:
            del time_s
            found = sv.Detections(
                xyxy=faces.xyxy,
                confidence=faces.detector_score,
                class_id=np.zeros(len(faces), int),
            )
            followed = tracker.update(found)
            number = np.asarray(followed.tracker_id, int).reshape(-1)
            return followed.xyxy[number >= 0], number[number >= 0]

        return follow

    return begin


SURE: Final = {"high_conf_det_threshold": 0.5, "minimum_consecutive_frames": 1}
FOLLOWERS: Final[Mapping[str, Callable[[float], Following]]] = {
    "ours": ours,
    "ByteTrack": peer("ByteTrackTracker", track_activation_threshold=0.5, **SURE),
    "C-BIoU": peer("CBIoUTracker", track_activation_threshold=0.5, **SURE),
    "OC-SORT": peer("OCSORTTracker", **SURE),
    "SORT": peer("SORTTracker", track_activation_threshold=0.5, minimum_consecutive_frames=1),
}


def judge(clips: Sequence[Sequence[Frame]], begin: Callable[[float], Following]) -> dict[str, Any]:
    """MOTA and IDF1 in the mean over clips, and all identity switches."""
    judged: list[tuple[float, float, int]] = []
    for frames in clips:
        follow = begin(1 / (frames[1].time_s - frames[0].time_s))
        truth, told, similar = [], [], []
        for frame in frames:
            xyxy, number = follow(frame.faces, frame.time_s)
            look = frame.look
            overlap = iou(look.boxes_xyxy, xyxy.reshape(-1, 4))
            seen, hidden = overlap[look.is_seen], overlap[~look.is_seen]
            counts = ~(hidden.max(axis=0, initial=0) >= _SAME)
            counts |= seen.max(axis=0, initial=0) >= _SAME
            truth.append(look.person[look.is_seen])
            told.append(number[counts])
            similar.append(seen[:, counts])
        arguments = (_numbered(truth), _numbered(told), similar)
        clear = compute_clear_metrics(*arguments, threshold=_SAME)
        identity = compute_identity_metrics(*arguments, threshold=_SAME)
        judged.append((clear["MOTA"], identity["IDF1"], int(clear["IDSW"])))
    mota, idf1, switches = zip(*judged, strict=True)
    return {
        "mota": round(float(np.mean(mota)), 3),
        "idf1": round(float(np.mean(idf1)), 3),
        "switches": sum(switches),
    }


def _numbered(groups: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
    """The same, numbered from 0 without gaps, as the metrics want it."""
    _, place = np.unique(np.concatenate(groups), return_inverse=True)
    return np.split(place, np.cumsum([len(group) for group in groups])[:-1])


def decide(clips: Sequence[Sequence[Frame]], labels: Sequence[Sequence[int]]) -> dict[str, Any]:
    """How many people are counted, and of those decided on how many rightly."""
    n_counted = n_decided = n_right = n_changes = 0
    for frames, worn in zip(clips, labels, strict=True):
        people, everybody = People(), list[Person]()
        lies_on: dict[int, Counter[int]] = {}
        for frame in frames:
            faces = people.update(frame.faces, frame.time_s)
            overlap = iou(frame.look.boxes_xyxy, faces.xyxy)
            for column, number in enumerate(np.asarray(faces.track_id).tolist()):
                if overlap[:, column].max(initial=0) >= _SAME:
                    who = int(frame.look.person[overlap[:, column].argmax()])
                    lies_on.setdefault(number, Counter())[who] += 1
            everybody += people.leave(frame.time_s)
        everybody += people.leave()
        for person in everybody:
            n_counted += 1
            if person.label != UNSURE and person.number in lies_on:
                ((who, _),) = lies_on[person.number].most_common(1)
                n_decided += 1
                n_right += person.label == worn[who]
                n_changes += len(person.changes) - 1
    return {
        "people": sum(map(len, labels)),
        "counted": n_counted,
        "decided": n_decided,
        "right": n_right,
        "changes_of_mind": n_changes,
    }


def main() -> None:
    """Do all of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--clips", type=int, default=12)
    parser.add_argument("--dry", action="store_true", help="keep no record")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", module="trackers|supervision")
    data = Dataset.open(arguments.data)
    detector = MaskDetector.load(mode="fast")
    clips: list[list[Frame]] = []
    labels: list[Sequence[int]] = []
    for seed in range(FIRST_SEED, FIRST_SEED + arguments.clips):
        clip = compose(data, seed=seed, seconds=SECONDS, n_people=N_PEOPLE)
        labels.append(clip.labels)
        clips.append([])
        for index, look in enumerate(clip.looks):
            faces = detector(look.image_rgb)
            kept = Look(look.image_rgb[:0], look.boxes_xyxy, look.person, look.is_seen)
            clips[-1].append(Frame(kept, faces, index / FPS))
    figures: dict[str, Any] = {}
    for stride in STRIDES:
        strided = [frames[::stride] for frames in clips]
        figures[f"{FPS / stride:.1f}"] = {
            "decisions": decide(strided, labels),
            **{name: judge(strided, begin) for name, begin in FOLLOWERS.items()},
        }
    record("tracking", {"clips": len(clips), "looks_per_s": figures}, dry=arguments.dry)


if __name__ == "__main__":
    main()
