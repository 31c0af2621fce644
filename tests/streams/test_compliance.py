"""Compliance is about many people over a long time, or nothing is told."""

from collections.abc import Iterable

import pytest

from looks import person
from maskwise.labels import UNSURE, WITH_MASK, WITHOUT_MASK
from maskwise.streams.compliance import Compliance


def counted(labels: Iterable[int]) -> Compliance:
    compliance = Compliance(1200, 0.0)
    for number, label in enumerate(labels):
        compliance.add(person(number, label))
    return compliance


def test_nothing_is_told_before_its_time() -> None:
    compliance = counted([WITH_MASK] * 20)
    assert compliance.due(1199.9) is None
    assert compliance.due(1200.0) is not None
    assert compliance.due(1200.1) is None


def test_the_share_is_of_those_decided_on_with_its_interval() -> None:
    told = counted([WITH_MASK] * 15 + [WITHOUT_MASK] * 5 + [UNSURE] * 4).tell(1200.0)
    assert (told["people"], told["n"], told["share"]) == (24, 20, 0.75)
    assert told["share_95"] == [pytest.approx(0.531, abs=1e-3), pytest.approx(0.888, abs=1e-3)]
    assert told["with_mask"] == 15


def test_of_fewer_than_ten_no_share_is_told() -> None:
    told = counted([WITH_MASK] * 9 + [UNSURE] * 9).tell(1200.0)
    assert (told["n"], told["share"], told["share_95"]) == (9, None, None)
    assert "with_mask" not in told


def test_counting_begins_anew() -> None:
    compliance = counted([WITH_MASK] * 20)
    compliance.tell(1200.0)
    assert compliance.tell(2400.0)["people"] == 0
