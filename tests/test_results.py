import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from maskwise.errors import InvalidInput
from maskwise.results import Faces


def two_faces() -> Faces:
    return Faces(
        xyxy=np.array([[0, 0, 10, 10], [5, 5, 9, 8.5]], dtype=np.float32),
        detector_score=np.array([1.0, 0.5], dtype=np.float32),
        probability=np.array([[0.25, 0.75], [0.5, 0.5]], dtype=np.float32),
        label=np.array([1, -1]),
        quality=((), ("too small",)),
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
    assert second["quality"] == ["too small"]


def test_track_ids_appear_once_there_are_any() -> None:
    tracked = replace(two_faces(), track_id=np.array([4, 9]))
    assert [face["track_id"] for face in tracked.to_dicts()] == [4, 9]


def test_found_faces_are_unsure_until_classified() -> None:
    faces = Faces.found(
        xyxy=np.zeros((3, 4), dtype=np.float32), detector_score=np.ones(3, dtype=np.float32)
    )
    assert len(faces) == 3
    assert {face["label"] for face in faces.to_dicts()} == {"unsure"}


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
