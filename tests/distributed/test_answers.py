"""Totals: what came of many pictures, in numbers."""

import pytest

from maskwise.distributed.answers import Totals


def test_what_parts_count_adds_up() -> None:
    first = Totals(3, 1, 2, {"with_mask": 2})
    second = Totals(2, 0, 3, {"unsure": 1, "with_mask": 2})
    assert first + second == Totals(5, 1, 5, {"unsure": 1, "with_mask": 4})


@pytest.mark.parametrize("share", [0.01, 0.29, 0.57, 0.58, 1.0])
def test_a_share_of_errors_is_the_number_that_people_write(share: float) -> None:
    assert Totals(100, round(100 * share)).error_share == share


def test_of_no_pictures_none_is_an_error() -> None:
    assert Totals().error_share == 0
