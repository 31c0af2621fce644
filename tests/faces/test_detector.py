"""What every face detector must do. A new one is done when it passes."""

import numpy as np
import pytest

from maskwise.errors import InvalidInput
from maskwise.faces.detector import DETECTORS, FaceDetector, open_detector


@pytest.fixture(params=DETECTORS)
def detector(request: pytest.FixtureRequest) -> FaceDetector:
    return open_detector(request.param)


@pytest.mark.parametrize("size_hw", [(1, 1), (7, 300), (480, 640)], ids=str)
def test_boxes_lie_in_the_picture_and_labels_are_unsure(
    detector: FaceDetector, size_hw: tuple[int, int]
) -> None:
    faces = detector(np.full((*size_hw, 3), 128, dtype=np.uint8))
    height, width = size_hw
    assert (faces.xyxy >= 0).all()
    assert (faces.xyxy <= [width, height, width, height]).all()
    assert (faces.xyxy[:, :2] < faces.xyxy[:, 2:]).all()
    assert ((faces.detector_score >= 0) & (faces.detector_score <= 1)).all()
    assert (faces.label == -1).all()


def test_unknown_names_are_answered_with_the_known() -> None:
    with pytest.raises(InvalidInput, match="must be one of whole, yunet"):
        open_detector("nobody")
