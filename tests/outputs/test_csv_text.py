"""What ends up in a spreadsheet is text; what it looks like is tested with the tables."""

import pytest

from maskwise.outputs.csv_text import safe, to_csv


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@a", "\ta", "'a"])
def test_no_text_is_a_formula(text: str) -> None:
    assert safe(text) == "'" + text


def test_harmless_texts_stay() -> None:
    assert safe("a/b c.jpg") == "a/b c.jpg"


def test_texts_are_quoted_and_numbers_not() -> None:
    assert to_csv([("a", 1.5, None)]) == '"a",1.5,""\r\n'
