import numpy as np
import pytest

from maskwise.training.augmentation.face_frame import FaceFrame
from portraits import LANDMARKS, MOUTH, with_nose_at


def test_the_frame_of_a_face_knows_how_it_is_turned() -> None:
    ahead = FaceFrame.of(LANDMARKS)
    aside = FaceFrame.of(with_nose_at(96))
    assert ahead is not None
    assert aside is not None
    assert ahead.turn == pytest.approx(0, abs=0.01)
    assert aside.turn == pytest.approx(12 / 36, abs=0.01)
    assert ahead.place(np.array([[0.0, 1.0]]))[0] == pytest.approx(MOUTH)
