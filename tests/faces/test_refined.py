import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from maskwise.boxes import iou
from maskwise.faces.border import faces_inside
from maskwise.faces.refined import Refined, cut, measure_offset, move
from maskwise.faces.search import Search
from maskwise.faces.yunet import SEARCHES, YuNet
from maskwise.images import read_image
from maskwise.results import Faces

Rgb = NDArray[np.uint8]

PICTURE: Rgb = np.random.default_rng(0).integers(0, 256, (100, 200, 3), dtype=np.uint8)
STAYS = [0.0, 0.0, 0.0, 0.0]


class Finds:
    """Finds what it is told to."""

    def __init__(self, boxes_xyxy: Sequence[Sequence[float]], score: Sequence[float]) -> None:
        self._boxes = np.array(boxes_xyxy, dtype=np.float64).reshape(-1, 4)
        self._score = np.array(score, dtype=np.float32)

    def __call__(self, image_rgb: Rgb) -> Faces:
        height, width = image_rgb.shape[:2]
        return faces_inside(self._boxes, self._score, (height, width))


class Says:
    """Says of the boxes, in turn, what it is told to."""

    def __init__(self, said: Sequence[Sequence[float]]) -> None:
        self._said = np.array(said, dtype=np.float32)

    def run_batch(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        said, self._said = self._said[: len(batch)], self._said[len(batch) :]
        return said


def refined(
    boxes_xyxy: Sequence[Sequence[float]], score: Sequence[float], said: Sequence[Sequence[float]]
) -> Faces:
    detector = Refined(Finds(boxes_xyxy, score))
    detector._network = Says(said)  # type: ignore[assignment]
    return detector(PICTURE)


corner = st.floats(-50, 250, width=32)
side = st.floats(1, 300, width=32)


@given(corner, corner, side, side, corner, corner, side, side)
def test_boxes_are_moved_to_where_was_measured(
    x: float, y: float, w: float, h: float, to_x: float, to_y: float, to_w: float, to_h: float
) -> None:
    boxes_xyxy = np.array([[x, y, x + w, y + h]])
    growth = max(to_w, to_h) / max(w, h)
    to_xyxy = np.array([[to_x, to_y, to_x + to_w, to_y + to_h]])
    moved = move(boxes_xyxy, measure_offset(boxes_xyxy, to_xyxy))
    if growth < 2.7:
        assert moved == pytest.approx(to_xyxy, abs=1e-3)
    else:  # no face is so much larger than what was found of it
        assert (moved[0, 2:] - moved[0, :2]).max() <= 2.72 * max(w, h)


def test_how_sure_both_are_decides_what_is_told_and_in_which_order() -> None:
    boxes: Sequence[Sequence[float]] = [[10.0, 10, 50, 50], [60, 10, 100, 50], [110, 10, 150, 50]]
    faces = refined(boxes, [0.9, 0.8, 0.4], [[0.4, *STAYS], [0.1, *STAYS], [0.9, *STAYS]])
    assert faces.xyxy.tolist() == [boxes[0], boxes[2]]
    assert faces.detector_score == pytest.approx([0.6, 0.6])
    assert len(refined(boxes[:1], [0.9], [[0.2, *STAYS]])) == 0


def test_boxes_that_come_to_lie_on_one_face_are_one() -> None:
    boxes: Sequence[Sequence[float]] = [[10.0, 10, 50, 50], [44, 10, 84, 50]]
    to_one = [[0.9, 0.4, 0.0, 0.0, 0.0], [0.8, -0.4, 0.0, 0.0, 0.0]]
    faces = refined(boxes, [0.9, 0.9], to_one)
    assert faces.xyxy == pytest.approx(np.array([[26, 10, 66, 50]]))
    assert len(refined(boxes, [0.9, 0.9], [[0.9, *STAYS]] * 2)) == 2


def test_a_face_that_was_cut_off_stays_so_where_its_box_ends_at_the_border() -> None:
    inward = [0.9, 0.2, 0.0, float(np.log(0.8)), 0.0]
    faces = refined([[-30.0, 10, 30, 70], [100, 10, 160, 70]], [0.9, 0.9], [inward, inward])
    assert faces.quality == (("cut_off",), ())
    assert (faces.xyxy[:, 0] >= 0).all()


def test_a_box_that_leaves_the_picture_is_no_face() -> None:
    assert len(refined([[150.0, 10, 190, 50]], [0.9], [[0.9, 3.0, 0.0, 0.0, 0.0]])) == 0


def test_faces_are_cut_with_a_margin_even_where_they_fill_the_picture() -> None:
    (batch,) = cut(PICTURE, np.array([[0.0, 0, 200, 100], [80, 20, 120, 60]]))
    assert batch.shape == (2, 64, 64, 3)
    assert batch.dtype == np.float32
    assert batch.max() <= 1
    assert (batch[0, 0] == batch[0, 5]).all()  # the border, repeated


def test_how_a_machine_rounds_does_not_decide_what_is_seen() -> None:
    draw = np.random.default_rng(3)
    # Some thousandths beside all places where a quarter of a pixel gives way to the next.
    boxes = draw.uniform(0, 40, (30, 4)).round(2) + np.array([0, 0, 60, 50]) + 0.003
    for box in boxes:
        here, there = (
            Refined(Finds([box + noise], [1.0]), min_score=0)(PICTURE)
            for noise in draw.uniform(-1e-4, 1e-4, (2, 4))
        )
        assert here.xyxy.tolist() == there.xyxy.tolist()
        assert here.detector_score.tolist() == there.detector_score.tolist()


def test_a_crowd_is_answered_as_each_face_alone() -> None:
    boxes = [[x, y, x + 9.0, y + 9] for x in range(0, 190, 10) for y in range(0, 90, 10)]
    score = [1.0] * len(boxes)
    together = Refined(Finds(boxes, score), min_score=0)(PICTURE)
    assert len(boxes) > 128
    alone = [Refined(Finds([box], [1.0]), min_score=0)(PICTURE) for box in boxes]
    assert sorted(together.detector_score.tolist()) == pytest.approx(
        sorted(float(faces.detector_score[0]) for faces in alone if len(faces)), abs=1e-5
    )


@pytest.mark.real
def test_boxes_lie_closer_to_those_that_people_draw(real_data: Path) -> None:
    coco = json.loads((real_data / "scenes" / "annotations_coco_val.json").read_text())
    truth: dict[int, list[list[float]]] = {}
    for face in coco["annotations"]:
        left, top, width, height = face["bbox"]
        truth.setdefault(face["image_id"], []).append([left, top, left + width, top + height])
    plain = YuNet(Search(SEARCHES["balanced"].long_sides_px, min_score=0.7))
    again = Refined(YuNet(SEARCHES["balanced"]))
    overlap: dict[str, list[float]] = {"plain": [], "again": []}
    for image in coco["images"][::8]:
        image_rgb = read_image(real_data / "scenes" / "images" / Path(image["file_name"]).name)
        for name, find in (("plain", plain), ("again", again)):
            found = find(image_rgb)
            best = iou(np.array(truth.get(image["id"], [])).reshape(-1, 4), found.xyxy)
            overlap[name] += best.max(axis=1, initial=0).tolist()
    assert len(overlap["plain"]) > 50
    assert np.mean(overlap["again"]) > np.mean(overlap["plain"]) + 0.03
