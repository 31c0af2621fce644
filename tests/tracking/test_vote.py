"""One answer for a person: it comes soon, does not flicker, and changes once."""

import pytest

from maskwise.labels import INCORRECT, UNSURE, WITH_MASK, WITHOUT_MASK
from maskwise.tracking.vote import Vote


def said(looks: list[int], *, fps: float = 10) -> list[int]:
    vote = Vote()
    answers = []
    for index, label in enumerate(looks):
        vote.add(label, index / fps)
        answers.append(vote.label)
    return answers


def changes(answers: list[int]) -> list[int]:
    return [b for a, b in zip([UNSURE, *answers], answers, strict=False) if a != b]


def test_nothing_is_said_before_three_looks() -> None:
    assert said([WITH_MASK] * 4) == [UNSURE, UNSURE, WITH_MASK, WITH_MASK]


def test_unsure_looks_say_nothing_and_take_nothing_back() -> None:
    assert said([UNSURE] * 20)[-1] == UNSURE
    assert said([WITH_MASK] * 5 + [UNSURE] * 50)[-1] == WITH_MASK


@pytest.mark.parametrize("fps", [25, 10, 5])
def test_who_puts_a_mask_on_changes_once(fps: float) -> None:
    n = round(3 * fps)
    # While hands are at the face looks disagree.
    between = [INCORRECT, WITH_MASK, WITHOUT_MASK, WITH_MASK]
    answers = said([WITHOUT_MASK] * n + between + [WITH_MASK] * n, fps=fps)
    assert changes(answers) == [WITHOUT_MASK, WITH_MASK]


def test_a_mistake_now_and_then_changes_nothing() -> None:
    looks = [INCORRECT if index % 4 == 3 else WITH_MASK for index in range(100)]
    assert changes(said(looks)) == [WITH_MASK]


def test_looks_that_never_agree_leave_it_unsure() -> None:
    assert changes(said([WITH_MASK, WITHOUT_MASK] * 30)) == []


def test_an_answer_follows_within_two_seconds() -> None:
    answers = said([WITHOUT_MASK] * 100 + [WITH_MASK] * 20)
    assert answers[-1] == WITH_MASK
