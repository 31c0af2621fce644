import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwise.evaluation.scenes.matching import Match, Ranking, SizeRange, match_faces

ANY_SIZE = SizeRange(0, math.inf)
FACE = (0, 0, 20, 20)
NEAR = (1, 0, 21, 20)  # overlaps FACE by 19 / 21
HALF = (0, 0, 10, 20)  # overlaps FACE by exactly 1/2
FAR = (100, 100, 120, 120)
SMALL = (0, 0, 12, 20)  # overlaps FACE by 12 / 20 and is 12 px wide

Box = tuple[int, int, int, int]
Answers = list[tuple[int, float, bool]]


def match(answers: list[tuple[float, Box]], faces: list[Box], size: SizeRange = ANY_SIZE) -> Match:
    return match_faces(
        np.array([score for score, _ in answers], dtype=np.float32),
        np.array([box for _, box in answers], dtype=np.float32).reshape(-1, 4),
        np.array(faces, dtype=np.float32).reshape(-1, 4),
        size,
    )


@pytest.mark.parametrize(
    ("answers", "faces", "expected"),
    [
        pytest.param([(0.9, FACE)], [FACE], [0], id="found"),
        pytest.param([(0.9, HALF)], [FACE], [0], id="an overlap of exactly one half is enough"),
        pytest.param([(0.9, FAR)], [FACE], [-1], id="missed"),
        pytest.param([(0.5, FACE), (0.9, NEAR)], [FACE], [-1, 0], id="the better score chooses"),
        pytest.param([(0.5, NEAR), (0.5, FACE)], [FACE], [0, -1], id="a tie goes to the first"),
        pytest.param([(0.9, FACE)], [HALF, NEAR], [1], id="the greater overlap is taken"),
        pytest.param(
            [(0.9, FACE), (0.8, FACE)], [FACE, NEAR], [0, 1], id="the second takes what is free"
        ),
        pytest.param([(0.9, FACE)], [], [-1], id="no faces"),
        pytest.param([], [FACE], [], id="no answers"),
    ],
)
def test_matching(answers: list[tuple[float, Box]], faces: list[Box], expected: list[int]) -> None:
    result = match(answers, faces)
    assert result.face.tolist() == expected
    assert result.is_false.tolist() == [face < 0 for face in expected]
    assert result.is_judged.all()


@pytest.mark.parametrize(
    ("answers", "faces", "found", "false"),
    [
        pytest.param([(0.9, SMALL)], [FACE], [0], [False], id="a judged face, by a small answer"),
        pytest.param([(0.9, FACE)], [SMALL], [-1], [False], id="an ignored face"),
        pytest.param([(0.9, SMALL)], [], [-1], [False], id="a small answer on nothing"),
        pytest.param([(0.9, FACE)], [], [-1], [True], id="a large answer on nothing"),
        pytest.param(
            [(0.9, SMALL)], [SMALL, FACE], [1], [False], id="judged goes before greater overlap"
        ),
        pytest.param(
            [(0.9, FACE), (0.8, FACE)], [SMALL], [-1, -1], [False, True], id="ignored once only"
        ),
    ],
)
def test_only_faces_of_the_range_are_judged(
    answers: list[tuple[float, Box]], faces: list[Box], found: list[int], false: list[bool]
) -> None:
    result = match(answers, faces, SizeRange(16, 32))
    assert result.face.tolist() == found
    assert result.is_false.tolist() == false
    assert result.is_judged.tolist() == [face != SMALL for face in faces]


def test_a_range_holds_its_lower_end_only() -> None:
    sides = np.array([[0, 0, side, 50] for side in (15, 16, 31, 32)], dtype=np.float64)
    assert SizeRange(16, 32).holds(sides).tolist() == [False, True, True, False]
    assert SizeRange(16, 32).to_dict() == {"min_px": 16, "max_px": 32}
    assert ANY_SIZE.to_dict() == {"min_px": 0, "max_px": None}


def rank(answers: Answers, n_faces: list[int]) -> Ranking:
    """Answers as (picture, score, right)."""
    picture, score, is_right = zip(*answers, strict=True) if answers else ((), (), ())
    return Ranking.of(
        np.array(picture, dtype=np.int64),
        np.array(score, dtype=np.float64),
        np.array(is_right, dtype=np.bool_),
        np.array(n_faces, dtype=np.int64),
    )


def average_precision(answers: Answers, n_faces: int) -> float:
    return rank(answers, [n_faces]).average_precision(np.array([1]))


@pytest.mark.parametrize(
    ("right_by_rank", "n_faces", "expected"),
    [
        pytest.param([True, True], 2, 1.0, id="perfect"),
        pytest.param([False, False], 2, 0.0, id="all wrong"),
        pytest.param([], 2, 0.0, id="no answers"),
        pytest.param([True], 2, 1 / 2, id="one of two found"),
        pytest.param([False, True], 1, 1 / 2, id="a false alarm first"),
        pytest.param([True, False], 1, 1.0, id="a false alarm last costs nothing"),
        # Precision 1, 1/2, 2/3, 3/4 is made non-increasing from the right: 1, 3/4, 3/4, 3/4.
        pytest.param([True, False, True, True], 4, (1 + 3 / 4 + 3 / 4) / 4, id="a dent is filled"),
    ],
)
def test_average_precision_by_hand(
    right_by_rank: list[bool], n_faces: int, expected: float
) -> None:
    answers = [(0, 1.0 - place / 10, right) for place, right in enumerate(right_by_rank)]
    assert average_precision(answers, n_faces) == pytest.approx(expected)
    assert average_precision(answers[::-1], n_faces) == pytest.approx(expected)


@pytest.mark.parametrize("order", [[True, False], [False, True]])
def test_answers_of_equal_score_enter_together(order: list[bool]) -> None:
    assert average_precision([(0, 0.5, right) for right in order], 1) == pytest.approx(1 / 2)


def test_without_faces_there_is_no_average_precision() -> None:
    assert math.isnan(average_precision([(0, 0.5, False)], 0))
    assert math.isnan(average_precision([], 0))


drawn_answers = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from([0.2, 0.4, 0.6, 0.8]), st.booleans())
)


@given(drawn_answers, st.lists(st.integers(0, 3), min_size=4, max_size=4))
def test_a_picture_drawn_twice_counts_as_two(answers: Answers, drawn: list[int]) -> None:
    right = [sum(ok for picture, _, ok in answers if picture == number) for number in range(4)]
    n_faces = [count + 1 for count in right]
    copies = [number for number, times in enumerate(drawn) for _ in range(times)]
    repeated = [
        (place, score, ok)
        for place, number in enumerate(copies)
        for picture, score, ok in answers
        if picture == number
    ]
    by_weight = rank(answers, n_faces).average_precision(np.array(drawn))
    by_copy = rank(repeated, [n_faces[number] for number in copies])
    expected = by_copy.average_precision(np.ones(len(copies), dtype=np.int64))
    assert by_weight == pytest.approx(expected, nan_ok=True)


@given(drawn_answers)
def test_a_last_false_alarm_changes_nothing_and_a_first_never_helps(answers: Answers) -> None:
    n_faces = 1 + sum(right for _, _, right in answers)
    answers = [(0, score, right) for _, score, right in answers]
    before = average_precision(answers, n_faces)
    assert average_precision([*answers, (0, 0.1, False)], n_faces) == before
    assert average_precision([*answers, (0, 0.9, False)], n_faces) <= before
