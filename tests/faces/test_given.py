import numpy as np
import pytest
from numpy.typing import ArrayLike

from maskwise.errors import InvalidInput
from maskwise.faces.given import GivenBoxes

PICTURE = np.zeros((40, 60, 3), dtype=np.uint8)


def test_the_boxes_come_back_in_their_order_cut_off_at_the_border() -> None:
    faces = GivenBoxes([[50, 0, 62, 10], [5, 5, 9, 9], [-20, 0, 10, 10]])(PICTURE)
    assert faces.xyxy.tolist() == [[50, 0, 60, 10], [5, 5, 9, 9], [0, 0, 10, 10]]
    assert faces.detector_score.tolist() == [1, 1, 1]
    assert faces.quality == ((), (), ("cut_off",))


@pytest.mark.parametrize("boxes", [[], np.zeros((0, 4)), [[]]], ids=str)
def test_no_boxes_are_no_faces(boxes: ArrayLike) -> None:
    assert GivenBoxes(boxes)(PICTURE).xyxy.shape == (0, 4)


def test_what_is_done_to_the_array_later_makes_no_difference() -> None:
    boxes_xyxy = np.array([[1.0, 2.0, 3.0, 4.0]])
    detector = GivenBoxes(boxes_xyxy)
    boxes_xyxy += 10
    assert detector(PICTURE).xyxy.tolist() == [[1, 2, 3, 4]]


@pytest.mark.parametrize(
    ("boxes", "words"),
    [
        pytest.param([1, 2, 3, 4], r"shape \(n, 4\)\. Received: \(4,\)", id="one flat box"),
        pytest.param([[1, 2, 3]], r"shape \(n, 4\)\. Received: \(1, 3\)", id="three corners"),
        pytest.param([[1, 2, 3, 4], [1, 2]], r"numbers of shape \(n, 4\)", id="ragged"),
        pytest.param([["a", "b", "c", "d"]], r"numbers of shape \(n, 4\)", id="words"),
        pytest.param([[0, 0, 1, np.nan]], r"finite.*nan", id="not a number"),
        pytest.param([[0, 0, np.inf, 1]], r"finite.*inf", id="infinite"),
        pytest.param([[0, 0, 1, 1], [5, 0, 5, 9]], r"left < right.*\[5\.0, 0", id="empty"),
        pytest.param([[0, 9, 5, 1]], r"top < bottom.*9\.0", id="upside down"),
    ],
)
def test_what_is_no_box_is_refused(boxes: ArrayLike, words: str) -> None:
    with pytest.raises(InvalidInput, match=f"`boxes_xyxy` must .*{words}"):
        GivenBoxes(boxes)


@pytest.mark.parametrize("box", [[60, 0, 70, 10], [0, -9, 5, 0], [-3, -3, -1, -1]], ids=str)
def test_a_box_outside_of_the_picture_is_refused(box: list[float]) -> None:
    with pytest.raises(InvalidInput, match=r"in the picture of 60x40 pixels.*Received: \[-?\d+\."):
        GivenBoxes(np.array([[0, 0, 9, 9], box]))(PICTURE)
