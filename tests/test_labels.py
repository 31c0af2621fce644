import pytest

from maskwise.labels import (
    LABELS,
    UNSURE,
    label_colour_rgb,
    label_name,
    label_number,
    label_words,
)


def test_every_answer_has_its_own_name_words_and_colour() -> None:
    answers = [UNSURE, *range(len(LABELS))]
    for describe in (label_name, label_words, label_colour_rgb):
        assert len({describe(answer) for answer in answers}) == len(answers)


def test_names_lead_back_to_their_answers() -> None:
    answers = [UNSURE, *range(len(LABELS))]
    assert [label_number(label_name(answer)) for answer in answers] == answers
    with pytest.raises(ValueError, match="'mask' is none of"):
        label_number("mask")
