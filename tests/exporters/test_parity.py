from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from maskwise.errors import ExportFailed
from maskwise.exporters.parity import LIMITS, Parity, compare_sessions
from maskwise.inference.decision import DecisionRule

SAME = Parity(
    n=200, largest_difference=0.0, mean_difference=0.0, changed_answers=0, changed_unsure=0
)


class Told:
    """A network that reads its answer, the probability of the second class, from the picture."""

    def __init__(self, shift: float = 0.0) -> None:
        self._shift = np.float32(shift)

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        second = batch[:, 0, 0, 0] + self._shift
        return np.stack([1 - second, second], axis=1)


def faces(*probability: float) -> NDArray[np.float32]:
    return np.array(probability, dtype=np.float32).reshape(-1, 1, 1, 1)


def test_counts_what_differs() -> None:
    found = compare_sessions(
        Told(), Told(0.1), faces(0.1, 0.45, 0.65, 0.85), DecisionRule(min_probability=0.7)
    )
    assert found.n == 4
    assert found.largest_difference == pytest.approx(0.1, abs=1e-6)
    assert found.mean_difference == pytest.approx(0.1, abs=1e-6)
    assert found.changed_answers == 1  # 0.45 becomes 0.55
    assert found.changed_unsure == 1  # 0.65 becomes 0.75


def test_compares_more_faces_than_fit_into_a_batch() -> None:
    many = faces(*np.linspace(0, 0.9, 100))
    assert compare_sessions(Told(), Told(), many, DecisionRule()) == replace(SAME, n=100)


@pytest.mark.parametrize("precision", LIMITS)
def test_what_answers_alike_passes(precision: str) -> None:
    replace(SAME, changed_unsure=200).require(precision, "It")


@pytest.mark.parametrize(
    ("precision", "found"),
    [
        ("fp32", replace(SAME, largest_difference=1.1e-4)),
        ("fp32", replace(SAME, mean_difference=1.1e-5)),
        ("fp32", replace(SAME, changed_answers=1)),
        ("int8", replace(SAME, largest_difference=0.21)),
        ("int8", replace(SAME, mean_difference=0.011)),
        ("int8", replace(SAME, changed_answers=3)),
        ("int8", replace(SAME, largest_difference=float("nan"))),
    ],
)
def test_what_answers_otherwise_is_refused(precision: str, found: Parity) -> None:
    with pytest.raises(ExportFailed, match=r"It answers otherwise.*on 200 faces") as refused:
        found.require(precision, "It")
    assert "\n" not in str(refused.value)
    assert str(refused.value).endswith("--no-int8.") is (precision == "int8")


def test_of_integers_one_answer_in_a_hundred_may_change() -> None:
    replace(SAME, changed_answers=2).require("int8", "It")
    replace(SAME, n=5, changed_answers=1).require("int8", "It")
