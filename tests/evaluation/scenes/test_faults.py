import math

import numpy as np
import pytest

from maskwise.evaluation.scenes.faults import Faults, draw_faults
from maskwise.evaluation.scenes.matching import SizeRange
from maskwise.evaluation.scenes.scene import Scene
from maskwise.images import read_image
from maskwise.labels import UNSURE, WITH_MASK, WITHOUT_MASK
from maskwise.results import Faces

ANY_SIZE = SizeRange(0, math.inf)
GREY = np.full((100, 400, 3), 128, dtype=np.uint8)
PLACES = [(20 + 60 * place, 20, 60 + 60 * place, 60) for place in range(6)]


def scene(truth: dict[int, int], answers: dict[int, int]) -> Scene:
    """Faces and answers by the number of their place, with their class."""
    label = np.array(list(answers.values()), dtype=np.int64)
    return Scene(
        truth_xyxy=np.array([PLACES[n] for n in truth], dtype=np.float32).reshape(-1, 4),
        truth_label=np.array(list(truth.values()), dtype=np.int64),
        answer=Faces(
            xyxy=np.array([PLACES[n] for n in answers], dtype=np.float32).reshape(-1, 4),
            detector_score=np.full(len(answers), 0.9, dtype=np.float32),
            probability=np.full((len(answers), 2), 0.5, dtype=np.float32),
            label=label,
        ),
    )


MIXED = scene(
    {0: WITH_MASK, 1: WITH_MASK, 2: WITHOUT_MASK, 3: WITH_MASK},
    {0: WITH_MASK, 1: WITHOUT_MASK, 3: UNSURE, 4: WITHOUT_MASK},
)


def test_each_fault_is_counted_once() -> None:
    faults = Faults.of("a.jpg", MIXED, ANY_SIZE)
    assert (faults.missed, faults.misnamed, faults.false_alarms) == (1, 1, 1)
    assert faults.total == 3
    assert faults.to_dict() == {
        "path": "a.jpg",
        "missed": 1,
        "displaced": 0,
        "misnamed": 1,
        "false_alarms": 1,
    }


def test_a_box_that_overlaps_too_little_is_no_false_alarm() -> None:
    left, top, right, bottom = PLACES[0]
    beside = scene({0: WITH_MASK}, {0: WITH_MASK})
    beside.answer.xyxy[0] = left + 15, top, right + 15, bottom
    faults = Faults.of("a.jpg", beside, ANY_SIZE)
    assert (faults.missed, faults.displaced, faults.false_alarms) == (0, 1, 0)
    assert faults.total == 0


def test_what_is_too_small_is_no_fault() -> None:
    assert Faults.of("a.jpg", MIXED, SizeRange(50, math.inf)).total == 0


@pytest.mark.parametrize("scale", [1, 3])
def test_faults_are_marked_in_the_colour_of_what_was_said(scale: int) -> None:
    large = Scene(
        MIXED.truth_xyxy * scale,
        MIXED.truth_label,
        Faces(
            MIXED.answer.xyxy * scale,
            *(MIXED.answer.detector_score, MIXED.answer.probability, MIXED.answer.label),
        ),
    )
    drawn = read_image(draw_faults(GREY.repeat(scale, 0).repeat(scale, 1), large, ANY_SIZE))
    assert drawn.shape == ((100, 400, 3) if scale == 1 else (120, 480, 3))
    factor = drawn.shape[1] / 400

    def reds_minus_blues(place: int, grown: int = 0) -> float:
        left, top, right, _ = PLACES[place]
        row = round((top - grown) * factor)
        edge = drawn[row : row + 2, round((left + 8) * factor) : round((right - 8) * factor)]
        return float(edge[..., 0].mean() - edge[..., 2].mean())

    assert reds_minus_blues(0) < -80, "blue is for a mask"
    assert reds_minus_blues(1) > 80, "orange is for none"
    assert reds_minus_blues(1, grown=3) < -40, "the truth goes around"
    assert reds_minus_blues(4) > 80
    assert reds_minus_blues(5) == pytest.approx(0, abs=2)  # nobody there
    left, top, right, bottom = (round(edge * factor) for edge in PLACES[4])
    middle = drawn[(top + bottom) // 2, (left + right) // 2].astype(int)
    assert middle[0] - middle[2] > 60, "a false alarm is crossed out"
    left, top, right, _ = (round(edge * factor) for edge in PLACES[2])
    dashes = drawn[top : top + 2, left:right]
    assert dashes.max() > 220, "a missed face is marked in white"
    assert dashes.min() < 50, "and in black"


def test_a_scene_without_faces_is_drawn_as_it_is() -> None:
    assert abs(read_image(draw_faults(GREY, scene({}, {}), ANY_SIZE)).astype(int) - 128).max() < 4
