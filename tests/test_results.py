import json
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from maskwise.errors import InvalidInput, MissingExtra
from maskwise.results import Faces


def two_faces() -> Faces:
    return Faces(
        xyxy=np.array([[0, 0, 10, 10], [5, 5, 9, 8.5]], dtype=np.float32),
        detector_score=np.array([1.0, 0.5], dtype=np.float32),
        probability=np.array([[0.25, 0.75], [0.5, 0.5]], dtype=np.float32),
        label=np.array([1, -1]),
        quality=((), ("too_small",)),
    )


def test_to_dicts_is_plain_json() -> None:
    first, second = json.loads(json.dumps(two_faces().to_dicts()))
    assert first == {
        "box_xyxy": [0.0, 0.0, 10.0, 10.0],
        "label": "with_mask",
        "probability": {"without_mask": 0.25, "with_mask": 0.75},
        "detector_score": 1.0,
    }
    assert second["label"] == "unsure"
    assert second["quality"] == ["too_small"]


def test_track_ids_appear_once_there_are_any() -> None:
    tracked = replace(two_faces(), track_id=np.array([4, 9]))
    assert [face["track_id"] for face in tracked.to_dicts()] == [4, 9]


def test_found_faces_are_unsure_until_classified() -> None:
    faces = Faces.found(
        xyxy=np.zeros((3, 4), dtype=np.float32), detector_score=np.ones(3, dtype=np.float32)
    )
    assert len(faces) == 3
    assert {face["label"] for face in faces.to_dicts()} == {"unsure"}


@pytest.mark.parametrize("columns", [0, 2, 3])
@pytest.mark.parametrize("tracked", [False, True])
def test_dicts_read_back_as_the_same_faces(columns: int, tracked: bool) -> None:
    faces = replace(
        two_faces(),
        probability=np.array([[0.2, 0.7, 0.1], [0.5, 0.5, 0]], np.float32)[:, :columns],
        label=np.array([min(1, columns - 1), -1]),
        track_id=np.array([4, 9]) if tracked else None,
    )
    again = Faces.from_dicts(json.loads(json.dumps(faces.to_dicts())))
    assert again.to_dicts() == faces.to_dicts()
    assert again.probability.shape == faces.probability.shape
    assert len(Faces.from_dicts([])) == 0


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"label": "maybe"}, id="unknown label"),
        pytest.param({"box_xyxy": [1, 2, 3]}, id="three edges"),
        pytest.param({"probability": {"mask": 1.0}}, id="unknown class"),
        pytest.param({"detector_score": "high"}, id="a word for a number"),
    ],
)
def test_what_is_no_face_is_not_read_back(change: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        Faces.from_dicts([{**face, **change} for face in two_faces().to_dicts()])


def test_confidence_is_the_probability_of_the_answer_or_of_what_it_leans_to() -> None:
    faces = replace(
        two_faces(),
        probability=np.array([[0.75, 0.25], [0.375, 0.625]], np.float32),
        label=np.array([1, -1]),
    )
    assert faces.confidence.tolist() == [0.25, 0.625]
    found = Faces.found(xyxy=faces.xyxy, detector_score=faces.detector_score)
    assert found.confidence.tolist() == [1.0, 0.5]


def test_to_supervision_gives_what_its_annotators_and_trackers_take() -> None:
    supervision = pytest.importorskip("supervision")
    detections = replace(two_faces(), track_id=np.array([4, 9])).to_supervision()
    assert isinstance(detections, supervision.Detections)
    assert detections.xyxy.tolist() == [[0, 0, 10, 10], [5, 5, 9, 8.5]]
    assert detections.class_id.tolist() == [1, -1]
    assert detections.confidence.tolist() == [0.75, 0.5]
    assert detections.tracker_id.tolist() == [4, 9]
    assert detections.data["class_name"].tolist() == ["with_mask", "unsure"]
    assert detections.data["quality"].tolist() == ["", "too_small"]
    (sure,) = detections[detections.class_id >= 0].data["class_name"]
    assert sure == "with_mask"
    blank = np.zeros((20, 20, 3), np.uint8)
    assert supervision.BoxAnnotator().annotate(blank.copy(), detections).any()
    nobody = Faces.from_dicts([]).to_supervision()
    assert nobody.is_empty()


def test_to_supervision_names_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "supervision", None)
    with pytest.raises(MissingExtra, match=r"needs supervision.*: pip install supervision$"):
        two_faces().to_supervision()


def test_to_huggingface_lists_classes_by_falling_score() -> None:
    first, second = two_faces().to_huggingface()
    assert first == [
        {"label": "with_mask", "score": 0.75},
        {"label": "without_mask", "score": 0.25},
    ]
    assert json.loads(json.dumps(second))[0]["score"] == 0.5
    found = Faces.found(xyxy=np.zeros((1, 4), np.float32), detector_score=np.ones(1, np.float32))
    assert found.to_huggingface() == [[]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"xyxy": np.zeros((2, 5))}, r"`xyxy` .* \(2, 5\)", id="five edges"),
        pytest.param({"label": np.array([1])}, "`label` must have one entry", id="short column"),
        pytest.param({"label": np.array([1, 2])}, "`label` must be -1 or below 2", id="no class"),
        pytest.param({"probability": np.zeros((2, 7))}, "`probability`", id="seven classes"),
        pytest.param({"xyxy": np.full((2, 4), np.nan)}, "finite", id="not a number"),
        pytest.param({"quality": (("blur",),)}, "`quality`", id="short quality"),
    ],
)
def test_what_does_not_fit_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        replace(two_faces(), **change)
