import numpy as np
import pytest

from maskwise.faces.border import faces_inside
from maskwise.faces.whole import WholePicture


@pytest.mark.parametrize(
    ("box", "is_cut_off"),
    [
        pytest.param([0, 0, 60, 40], False, id="all of the picture"),
        pytest.param([10, 10, 20, 20], False, id="inside"),
        pytest.param([10, 33, 20, 43], False, id="seven tenths inside"),
        pytest.param([10, 34, 20, 44], True, id="six tenths inside"),
        pytest.param([-5, -5, 5, 5], True, id="a corner inside"),
        pytest.param([-100, -100, 100, 100], True, id="larger than the picture"),
    ],
)
def test_a_face_of_which_too_little_is_in_the_picture_is_cut_off(
    box: list[float], is_cut_off: bool
) -> None:
    faces = faces_inside(np.array([box], dtype=np.float64), np.ones(1, dtype=np.float32), (40, 60))
    assert faces.xyxy[0].tolist() == np.clip(box, 0, [60, 40, 60, 40]).tolist()
    assert faces.quality == ((("cut_off",) if is_cut_off else ()),)


def test_faces_outside_are_left_out_with_their_scores() -> None:
    boxes_xyxy = np.array([[70.0, 0, 80, 10], [1, 1, 5, 5], [0, -9, 5, 0]])
    faces = faces_inside(boxes_xyxy, np.array([0.9, 0.5, 0.4], dtype=np.float32), (40, 60))
    assert faces.xyxy.tolist() == [[1, 1, 5, 5]]
    assert faces.detector_score.tolist() == [0.5]


def test_the_whole_picture_is_never_cut_off() -> None:
    assert WholePicture()(np.zeros((3, 200, 3), dtype=np.uint8)).quality == ((),)
