import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from maskwise.dataset.drawn import draw_face
from maskwise.errors import InvalidInput
from maskwise.inference.quality import QualityRule, sharpness
from maskwise.results import Faces

RULE = QualityRule(min_side_px=12, min_sharpness=0.05)


def a_face(size: int = 128, *, blur: float = 0) -> NDArray[np.uint8]:
    """A drawn face, blurred by this share of its size."""
    face = Image.fromarray(draw_face(1, seed=3, index=0)).resize((size, size), Image.Resampling.BOX)
    return np.asarray(face.filter(ImageFilter.GaussianBlur(blur * size)) if blur else face)


def found(*boxes_xyxy: tuple[float, ...]) -> Faces:
    return Faces.found(
        xyxy=np.array(boxes_xyxy, dtype=np.float32).reshape(-1, 4),
        detector_score=np.ones(len(boxes_xyxy), dtype=np.float32),
    )


# How sharp a face is


@pytest.mark.parametrize("size", [32, 48, 96, 200, 400])
def test_size_makes_no_difference(size: int) -> None:
    assert sharpness(a_face(size)) == pytest.approx(sharpness(a_face(128)), rel=0.2)


def test_contrast_and_brightness_make_no_difference() -> None:
    pale = (a_face() // 3 + 150).astype(np.uint8)
    assert sharpness(pale) == pytest.approx(sharpness(a_face()), rel=0.1)


def test_the_more_blurred_the_less_sharp() -> None:
    levels = [sharpness(a_face(blur=blur)) for blur in (0, 0.02, 0.05, 0.1, 0.2)]
    assert levels == sorted(levels, reverse=True)
    assert levels[1] > 3 * levels[3]


def test_noise_does_not_pass_for_detail() -> None:
    blurred = a_face(256, blur=0.1)
    noise = np.random.default_rng(0).normal(0, 8, blurred.shape)
    noisy = (blurred + noise).clip(0, 255).astype(np.uint8)
    assert sharpness(noisy) < sharpness(a_face(256)) / 5


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 40, 3), (300, 2, 3), (16, 16, 3)])
def test_where_nothing_is_seen_nothing_is_sharp(shape: tuple[int, int, int]) -> None:
    assert sharpness(np.full(shape, 90, dtype=np.uint8)) == 0


# Which faces are doubted


def test_each_face_is_told_what_is_wrong_with_it() -> None:
    image_rgb = np.full((200, 300, 3), 120, dtype=np.uint8)
    image_rgb[:100, :100] = a_face(100)
    image_rgb[:100, 100:200] = a_face(100, blur=0.2)
    faces = found((0, 0, 100, 100), (100, 0, 200, 100), (0, 0, 100, 11.9), (0, 0, 12, 12))
    assert RULE.judge(image_rgb, faces).quality == ((), ("too_blurred",), ("too_small",), ())


def test_reasons_that_were_there_stay_and_nothing_else_changes() -> None:
    faces = replace(found((0, 0, 9, 9), (0, 0, 60, 60)), quality=(("cut_off",), ("cut_off",)))
    judged = RULE.judge(a_face(), faces)
    assert judged.quality == (("cut_off", "too_small"), ("cut_off",))
    assert judged.xyxy is faces.xyxy
    assert judged.label.tolist() == [-1, -1]


def test_the_plain_rule_doubts_nothing() -> None:
    faces = found((0, 0, 1, 1))
    assert QualityRule().judge(np.zeros((9, 9, 3), dtype=np.uint8), faces).quality == ((),)


def test_boxes_of_parts_of_pixels_are_judged_at_every_border() -> None:
    rule = QualityRule(min_sharpness=0.05)
    boxes = ((0, 0, 0.2, 0.2), (127.9, 127.9, 128, 128), (0.5, 60.5, 127.7, 61))
    assert len(rule.judge(a_face(), found(*boxes)).quality) == 3
    assert RULE.judge(a_face(), found()).quality == ()


# How a rule travels


def test_a_rule_survives_json() -> None:
    assert QualityRule.from_dict(json.loads(json.dumps(RULE.to_dict()))) == RULE


@pytest.mark.parametrize("field", ["min_side_px", "min_sharpness"])
@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), "12", None, True])
def test_a_damaged_rule_is_refused(field: str, value: Any) -> None:
    with pytest.raises(InvalidInput, match=f"`{field}` must be a finite number"):
        QualityRule.from_dict({**RULE.to_dict(), field: value})


@pytest.mark.parametrize("values", [{}, {"min_side_px": 1}, {**RULE.to_dict(), "more": 1}])
def test_missing_and_unknown_fields_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="has the fields min_sharpness, min_side_px"):
        QualityRule.from_dict(values)
