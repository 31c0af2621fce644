from typing import Any

import pytest

from maskwise.errors import InvalidInput
from maskwise.outputs.outcome import Outcome
from outcomes import nobody, some_outcomes


def test_an_outcome_is_plain_values() -> None:
    street, empty, bad = (outcome.to_dict() for outcome in some_outcomes())
    assert (street["source"], street["width"], street["height"]) == ("a/street.jpg", 120, 100)
    assert [face["label"] for face in street["faces"]] == ["with_mask", "incorrect", "unsure"]
    assert empty["faces"] == []
    assert bad.keys() == {"source", "error"}


def test_it_reads_back() -> None:
    for outcome in some_outcomes():
        again = Outcome.from_dict(outcome.to_dict())
        assert again.to_dict() == outcome.to_dict()
        assert again.size_hw == outcome.size_hw


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"source": "a.jpg"}, id="no answer"),
        pytest.param({"source": "a.jpg", "width": 3, "height": None, "faces": []}, id="no height"),
        pytest.param({"source": "a.jpg", "width": 3, "height": 4, "faces": [3]}, id="no face"),
        pytest.param({"source": "a.jpg", "width": 3, "height": 4, "faces": [{}]}, id="empty face"),
    ],
)
def test_what_is_no_outcome_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="no outcome of a picture"):
        Outcome.from_dict(values)


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({}, id="neither"),
        pytest.param({"faces": nobody()}, id="without a size"),
        pytest.param({"size_hw": (3, 4), "faces": nobody(), "error": "no"}, id="both"),
    ],
)
def test_a_picture_has_faces_or_an_error(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="or else an `error`"):
        Outcome("a.jpg", **fields)
