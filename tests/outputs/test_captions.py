from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwise.outputs.captions import caption, place
from outcomes import nobody, three_faces

SIZE_WH = (400, 300)
sides = st.tuples(st.integers(1, 200), st.integers(1, 60))
boxes = st.tuples(*[st.integers(0, 300)] * 2, *[st.integers(1, 100)] * 2)


def overlaps(places: np.ndarray, sizes: np.ndarray) -> int:
    ends = places + sizes
    return sum(
        bool((np.minimum(ends[i], ends[j]) > np.maximum(places[i], places[j])).all())
        for i in range(len(places))
        for j in range(i)
    )


def test_an_answer_is_written_with_its_probability_and_doubt_with_its_reasons() -> None:
    faces = three_faces()
    assert [caption(faces, index) for index in range(3)] == [
        *("mask 80%", "mask worn wrongly 70%", "unsure: too small, cut off"),
    ]
    assert caption(replace(faces, quality=()), 2) == "unsure"


@given(st.lists(st.tuples(sides, boxes), max_size=12))
def test_every_caption_lies_in_the_picture(drawn: list[tuple[tuple[int, ...], ...]]) -> None:
    sizes = np.array([size for size, _ in drawn], float).reshape(-1, 2)
    xyxy = np.array([(x, y, x + w, y + h) for _, (x, y, w, h) in drawn], float).reshape(-1, 4)
    places = place(sizes, xyxy, SIZE_WH)
    assert (places >= 0).all()
    assert (places + sizes <= SIZE_WH).all()


@pytest.mark.parametrize("gap", [0, 10, 40], ids=str)
def test_neighbours_in_a_row_do_not_hide_each_others_captions(gap: int) -> None:
    lefts = np.arange(20, 300, 30 + gap)
    xyxy = np.array([(x, 120, x + 30, 160) for x in lefts], float)
    sizes = np.full((len(xyxy), 2), (50.0, 14.0))
    assert overlaps(place(sizes, xyxy, SIZE_WH), sizes) <= (len(xyxy) - 6 if gap == 0 else 0)


def test_a_lonely_face_has_its_caption_above_and_uncovered() -> None:
    (at,) = place(np.array([[80.0, 14.0]]), np.array([[100.0, 100, 150, 160]]), SIZE_WH)
    assert at.tolist() == [100, 86]


def test_no_faces_need_no_place() -> None:
    assert place(np.zeros((0, 2)), nobody().xyxy.astype(float), SIZE_WH).shape == (0, 2)
