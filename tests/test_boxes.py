from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from maskwise.boxes import area, clip, iou, snap, suppress

Box = tuple[int, int, int, int]

edges = st.integers(-6, 14)
boxes = st.lists(st.tuples(edges, edges, edges, edges), max_size=6)
"""Any corners: some boxes are inverted or empty, some reach out of the picture."""


def as_xyxy(corners: list[Box]) -> NDArray[np.float32]:
    return np.array(corners, dtype=np.float32).reshape(-1, 4)


def pixels(box: Box) -> set[tuple[int, int]]:
    left, top, right, bottom = box
    return {(x, y) for x in range(left, right) for y in range(top, bottom)}


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        pytest.param([0, 0, 2, 2], 1.0, id="same box"),
        pytest.param([1, 0, 3, 2], 1 / 3, id="half shifted"),
        pytest.param([0, 0, 1, 1], 1 / 4, id="inside"),
        pytest.param([2, 0, 4, 2], 0.0, id="side by side"),
        pytest.param([1, 1, 1, 1], 0.0, id="empty"),
        pytest.param([2, 2, 0, 0], 0.0, id="inverted"),
        pytest.param([2, 0, 0, 2], 0.0, id="inverted in one direction"),
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_iou(other: list[float], expected: float, dtype: type[np.float32]) -> None:
    box = np.array([[0, 0, 2, 2]], dtype=dtype)
    overlap = iou(box, np.array([other], dtype=dtype))
    assert overlap.shape == (1, 1)
    assert overlap[0, 0] == pytest.approx(expected)


@given(boxes)
def test_area_counts_pixels(corners: list[Box]) -> None:
    assert area(as_xyxy(corners)).tolist() == [len(pixels(box)) for box in corners]


@given(boxes, boxes)
def test_iou_counts_pixels(a: list[Box], b: list[Box]) -> None:
    overlap = iou(as_xyxy(a), as_xyxy(b))
    assert overlap.shape == (len(a), len(b))
    for row, one in zip(overlap, a, strict=True):
        for value, other in zip(row, b, strict=True):
            shared, joined = pixels(one) & pixels(other), pixels(one) | pixels(other)
            assert value == pytest.approx(len(shared) / len(joined) if joined else 0.0)


@given(boxes, boxes)
def test_iou_is_symmetric(a: list[Box], b: list[Box]) -> None:
    assert np.array_equal(iou(as_xyxy(a), as_xyxy(b)), iou(as_xyxy(b), as_xyxy(a)).T)


@given(st.lists(st.tuples(*[st.floats(-1e6, 1e6, width=32)] * 4), max_size=5))
def test_iou_stays_between_0_and_1(corners: list[tuple[float, ...]]) -> None:
    xyxy = np.array(corners, dtype=np.float32).reshape(-1, 4)
    overlap = iou(xyxy, xyxy)
    assert ((overlap >= 0) & (overlap <= 1)).all()
    assert np.array_equal(overlap.diagonal() == 1, area(xyxy) > 0)


@given(boxes, st.integers(1, 8), st.integers(1, 8))
def test_clip_keeps_what_lies_in_the_picture(corners: list[Box], height: int, width: int) -> None:
    clipped = clip(as_xyxy(corners), (height, width))
    assert clipped.dtype == np.float32
    picture = pixels((0, 0, width, height))
    assert area(clipped).tolist() == [len(pixels(box) & picture) for box in corners]
    assert ((clipped >= 0) & (clipped <= [width, height, width, height])).all()


def test_clip_leaves_its_input_alone() -> None:
    given_xyxy = np.array([[-1.0, -1.0, 99.0, 99.0]])
    clipped = clip(given_xyxy, (40, 60))
    assert clipped.tolist() == [[0, 0, 60, 40]]
    assert clipped.dtype == np.float64
    assert given_xyxy.tolist() == [[-1, -1, 99, 99]]


def test_suppress_keeps_the_surest_of_boxes_that_overlap() -> None:
    boxes_xyxy = as_xyxy([(0, 0, 10, 10), (1, 0, 11, 10), (50, 0, 60, 10), (7, 0, 17, 10)])
    score = np.array([0.5, 0.9, 0.3, 0.4], dtype=np.float32)
    assert suppress(boxes_xyxy, score, max_iou=0.3).tolist() == [1, 3, 2]
    assert suppress(boxes_xyxy, score, max_iou=0.2).tolist() == [1, 2]
    assert suppress(boxes_xyxy, score, max_iou=1.0).tolist() == [1, 0, 3, 2]


def test_suppress_keeps_the_first_of_equals() -> None:
    assert suppress(as_xyxy([(0, 0, 9, 9)] * 3), np.ones(3), max_iou=0.3).tolist() == [0]


@given(boxes, st.floats(0, 1), st.randoms(use_true_random=False))
def test_suppressed_boxes_overlap_a_surer_one_and_kept_ones_do_not(
    corners: list[Box], max_iou: float, random: Random
) -> None:
    score = np.array([random.random() for _ in corners])
    kept = suppress(as_xyxy(corners), score, max_iou=max_iou)
    overlap = iou(as_xyxy(corners), as_xyxy(corners))
    assert (np.diff(score[kept]) <= 0).all()
    for index in range(len(corners)):
        surer = [k for k in kept if (score[k], -k) > (score[index], -index)]
        assert (index in kept) == (not (overlap[index, surer] > max_iou).any())


def test_no_boxes() -> None:
    none, one = np.zeros((0, 4), dtype=np.float32), np.array([[0, 0, 2, 2]], dtype=np.float32)
    assert area(none).shape == (0,)
    assert clip(none, (5, 5)).shape == (0, 4)
    assert iou(none, one).shape == (0, 1)
    assert iou(one, none).shape == (1, 0)
    assert iou(none, none).shape == (0, 0)
    assert suppress(none, np.zeros(0), max_iou=0.3).shape == (0,)


def test_snapped_boxes_lie_on_quarters_and_are_never_empty() -> None:
    boxes_xyxy = np.array([[0.1, 0.13, 10.4, 9.9], [5.01, 5.01, 5.02, 5.02]], np.float32)
    assert snap(boxes_xyxy).tolist() == [[0.0, 0.25, 10.5, 10.0], [5.0, 5.0, 5.25, 5.25]]
