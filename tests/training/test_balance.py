from collections import defaultdict

import pytest

from maskwise.dataset.samples import Sample
from maskwise.training.balance import chances


def samples(label: int, source: str, n: int) -> list[Sample]:
    return [
        Sample(f"{source}{label}{i}", label, 1, "0" * 64, (8, 8), attributes={"source": source})
        for i in range(n)
    ]


def test_classes_get_their_shares_and_large_sources_less_than_theirs() -> None:
    all_of_them = [*samples(0, "a", 400), *samples(0, "b", 100), *samples(1, "a", 50)]
    all_of_them += samples(2, "c", 5)
    found = chances(all_of_them)
    by_kind: dict[tuple[int, str], float] = defaultdict(float)
    for sample, chance in zip(all_of_them, found, strict=True):
        by_kind[sample.label, sample.source or ""] += chance
    assert found.sum() == pytest.approx(1)
    assert by_kind[0, "a"] + by_kind[0, "b"] == pytest.approx(0.54)
    assert by_kind[0, "a"] == pytest.approx(2 * by_kind[0, "b"])
    assert by_kind[1, "a"] == pytest.approx(0.38)
    assert by_kind[2, "c"] == pytest.approx(0.08)


def test_without_sources_and_the_third_class_all_of_a_class_are_equal() -> None:
    plain = [Sample(f"{i}", i % 2, 1, "0" * 64, (8, 8)) for i in range(10)]
    found = chances(plain)
    assert found.sum() == pytest.approx(1)
    assert len({round(chance, 12) for chance in found}) == 2
