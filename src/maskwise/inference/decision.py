"""Decision: from probabilities to answers, and when to answer *unsure* instead."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from maskwise.errors import InvalidInput
from maskwise.labels import UNSURE


def decide(probability: NDArray[np.float32]) -> NDArray[np.int64]:
    """Answer with the most probable class.

    Args:
        probability: `(n, classes)` in the order of `maskwise.LABELS`.

    Returns:
        Class numbers `(n,)`.
    """
    answers: NDArray[np.int64] = probability.argmax(axis=1).astype(np.int64)
    return answers


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRule:
    """How a network answers, and when it does not. The default answers always.

    It is chosen on validation pictures (`maskwise.evaluation.calibration`) and then stays as it
    is, since chosen again on the pictures it is judged on it would flatter itself.

    Attributes:
        temperature: Above 1 makes the probabilities less sure, below 1 surer.
        min_probability: Less than this, calibrated, for the best class is answered *unsure*.
        max_error: The error rate among the answered that the rule was chosen for, or None.
        confidence: How often, over many validation sets, a guaranteed rule keeps `max_error`.
        guaranteed: Whether the validation pictures sufficed to show that `max_error` is kept. If
            not, although one was asked for, nothing is answered.
        n: How many validation pictures, or groups of them, it was chosen on.

    Raises:
        InvalidInput: A value of another type or out of its range, or a guarantee of nothing.
    """

    temperature: float = 1.0
    min_probability: float = 0.0
    max_error: float | None = None
    confidence: float = 0.95
    guaranteed: bool = False
    n: int = 0

    def __post_init__(self) -> None:
        asked = self.max_error is not None
        rules = {
            "temperature": (
                _is_number(self.temperature) and 0 < self.temperature < math.inf,
                "a number above 0",
            ),
            "min_probability": (
                _is_number(self.min_probability) and 0 <= self.min_probability <= 1,
                "a number from 0 to 1",
            ),
            "max_error": (
                self.max_error is None or (_is_number(self.max_error) and 0 < self.max_error < 1),
                "None or a number between 0 and 1",
            ),
            "confidence": (
                _is_number(self.confidence) and 0 < self.confidence < 1,
                "a number between 0 and 1",
            ),
            "guaranteed": (
                isinstance(self.guaranteed, bool) and (asked or not self.guaranteed),
                "true or false, and true only with a `max_error`",
            ),
            "n": (type(self.n) is int and self.n >= 0, "a whole number of at least 0"),
        }
        for name, (is_kept, rule) in rules.items():
            if not is_kept:
                raise InvalidInput(f"`{name}` must be {rule}. Received: {getattr(self, name)!r}.")

    def calibrate(self, probability: NDArray[np.float32]) -> NDArray[np.float32]:
        """Make the network as sure as it may be: softmax(ln(probability) / temperature).

        The order of the classes stays, and a probability of 0 stays 0.

        Args:
            probability: As the network gives it, `(n, classes)` in [0, 1].

        Returns:
            Likewise `(n, classes)`; each row sums to 1.

        Raises:
            InvalidInput: A row without any probability, or values out of range.
        """
        if probability.ndim != 2 or not probability.shape[1]:
            raise InvalidInput(
                f"`probability` must have shape (n, classes). Received: {probability.shape}."
            )
        top = probability.max(axis=1, keepdims=True, initial=0)
        if not ((probability >= 0).all() and ((top > 0) & (top <= 1)).all()):
            raise InvalidInput(
                "`probability` must lie between 0 and 1, with more than 0 in each row. "
                f"Received: {probability.min()} to {probability.max()}, "
                f"and a row with at most {top.min()}."
            )
        # Beside the best class, which becomes 1, nothing can overflow.
        weight = (probability / top.astype(np.float64)) ** (1 / self.temperature)
        calibrated: NDArray[np.float32] = weight / weight.sum(axis=1, keepdims=True)
        return calibrated.astype(np.float32)

    def decide(self, probability: NDArray[np.float32]) -> NDArray[np.int64]:
        """Answer with the most probable class, or -1 (*unsure*) where that is not sure enough.

        Args:
            probability: As the network gives it, not yet calibrated, `(n, classes)` in [0, 1].

        Returns:
            Class numbers or -1, `(n,)`.

        Raises:
            InvalidInput: As `calibrate`.
        """
        sure = self.calibrate(probability).max(axis=1, initial=0) >= self.min_probability
        promised = self.max_error is None or self.guaranteed
        return np.where(sure & promised, decide(probability), UNSURE)

    def to_dict(self) -> Mapping[str, Any]:
        """Plain values for JSON, one for each attribute."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The rule that `to_dict` described.

        Raises:
            InvalidInput: A field is missing, unknown, of another type or out of its range.
        """
        names = {field.name for field in fields(cls)}
        if values.keys() != names:
            raise InvalidInput(
                f"A decision rule has the fields {', '.join(sorted(names))}. "
                f"Received: {', '.join(sorted(map(str, values))) or 'none'}."
            )
        return cls(**values)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
