"""Decision: from probabilities to answers, and when to answer *unsure* instead."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from maskwise.errors import InvalidInput
from maskwise.labels import UNSURE, WITH_MASK

_MAX_BIAS: Final = 20


def decide(probability: NDArray[np.floating[Any]]) -> NDArray[np.int64]:
    """Answer with the most probable class.

    Args:
        probability: `(n, classes)` in the order of `maskwise.LABELS`.

    Returns:
        Class numbers `(n,)`.
    """
    answers: NDArray[np.int64] = probability.argmax(axis=1).astype(np.int64)
    return answers


@dataclass(frozen=True, slots=True, kw_only=True)
class StrictRule:
    """When a mask is believed where no bare face may be missed.

    Attributes:
        min_probability: With less than this, calibrated, for `with_mask` no mask is believed.
        max_missed: Of the faces without a mask worn rightly, the share answered `with_mask` that it
            was chosen for.
        confidence: How often, over many validation sets, a guaranteed rule keeps `max_missed`.
        guaranteed: Whether the validation pictures sufficed to show that it is kept. If not, no
            mask is believed.
        n: How many such validation pictures, or groups of them, it was chosen on.

    Raises:
        InvalidInput: A value of another type or out of its range.
    """

    min_probability: float
    max_missed: float
    confidence: float
    guaranteed: bool
    n: int

    def __post_init__(self) -> None:
        _require_probability("min_probability", self.min_probability)
        _require_share("max_missed", self.max_missed)
        _require_share("confidence", self.confidence)
        _require(isinstance(self.guaranteed, bool), "guaranteed", "true or false", self.guaranteed)
        _require_count("n", self.n)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The rule that stands under `strict` in `DecisionRule.to_dict`.

        Raises:
            InvalidInput: A field is missing, unknown, of another type or out of its range.
        """
        return cls(**_of_fields(cls, values, "A strict rule"))


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRule:
    """How a network answers, and when it does not. The default answers always.

    It is chosen on validation pictures (`maskwise.evaluation.calibration`) and then stays as it
    is, since chosen again on the pictures it is judged on it would flatter itself.

    Attributes:
        temperature: Above 1 makes the probabilities less sure, below 1 surer.
        bias: For each class what is added to the logarithm of its probability, for a training that
            showed a class more often than it occurs; empty for nothing.
        min_probability: Less than this, calibrated, for the best class is answered *unsure*.
        max_error: The error rate among the answered that the rule was chosen for, or None.
        confidence: How often, over many validation sets, a guaranteed rule keeps `max_error`.
        guaranteed: Whether the validation pictures sufficed to show that `max_error` is kept. If
            not, although one was asked for, nothing is answered.
        n: How many validation pictures, or groups of them, it was chosen on.
        strict: What a mask needs besides where no bare face may be missed; None if that was not
            chosen.

    Raises:
        InvalidInput: A value of another type or out of its range, or a guarantee of nothing.
    """

    temperature: float = 1.0
    bias: tuple[float, ...] = ()
    min_probability: float = 0.0
    max_error: float | None = None
    confidence: float = 0.95
    guaranteed: bool = False
    n: int = 0
    strict: StrictRule | None = None

    def __post_init__(self) -> None:
        temperature = self.temperature
        is_finite = _is_number(temperature) and 0 < temperature < math.inf
        _require(is_finite, "temperature", "a number above 0", temperature)
        is_bias = isinstance(self.bias, tuple) and all(
            _is_number(each) and abs(each) <= _MAX_BIAS for each in self.bias
        )
        _require(is_bias, "bias", f"numbers from -{_MAX_BIAS} to {_MAX_BIAS}", self.bias)
        _require_probability("min_probability", self.min_probability)
        if self.max_error is not None:
            _require_share("max_error", self.max_error, "None or ")
        _require_share("confidence", self.confidence)
        _require(
            isinstance(self.guaranteed, bool) and not (self.guaranteed and self.max_error is None),
            "guaranteed",
            "true or false, and true only with a `max_error`",
            self.guaranteed,
        )
        _require_count("n", self.n)

    def calibrate(self, probability: NDArray[np.float32]) -> NDArray[np.float32]:
        """Make the network as sure as it may be: softmax(ln(probability) / temperature + bias).

        Without a bias the order of the classes stays. A probability of 0 stays 0.

        Args:
            probability: As the network gives it, `(n, classes)` in [0, 1].

        Returns:
            Likewise `(n, classes)`; each row sums to 1.

        Raises:
            InvalidInput: A row without any probability, values out of range, or other classes than
                the bias has.
        """
        return self._weigh(probability).astype(np.float32)

    def _weigh(self, probability: NDArray[np.float32]) -> NDArray[np.float64]:
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
        if self.bias and len(self.bias) != probability.shape[1]:
            raise InvalidInput(
                f"`bias` must have a number for each class. Received: {len(self.bias)} for "
                f"{probability.shape[1]} classes."
            )
        # Beside the best class, which becomes 1, nothing can overflow.
        weight = (probability / top.astype(np.float64)) ** (1 / self.temperature)
        if self.bias:
            weight *= np.exp(self.bias)
        weighed: NDArray[np.float64] = weight / weight.sum(axis=1, keepdims=True)
        return weighed

    def decide(
        self, probability: NDArray[np.float32], *, is_strict: bool = False
    ) -> NDArray[np.int64]:
        """Answer with the most probable class, or -1 (*unsure*) where that is not sure enough.

        Args:
            probability: As the network gives it, not yet calibrated, `(n, classes)` in [0, 1].
            is_strict: Whether no bare face may be missed: a mask is then answered only if it is as
                sure as `strict` wants, too.

        Returns:
            Class numbers or -1, `(n,)`.

        Raises:
            InvalidInput: As `calibrate`; or `is_strict`, but this rule has no `strict`.
        """
        weighed = self._weigh(probability)
        calibrated = weighed.astype(np.float32)
        sure = calibrated.max(axis=1, initial=0) >= self.min_probability
        promised = self.max_error is None or self.guaranteed
        best = decide(weighed if self.bias else probability)
        answers = np.where(sure & promised, best, UNSURE)
        if not is_strict:
            return answers
        strict = self.require_strict()
        believed = strict.guaranteed & (calibrated[:, WITH_MASK] >= strict.min_probability)
        return np.where((answers == WITH_MASK) & ~believed, UNSURE, answers)

    def require_strict(self) -> StrictRule:
        """What a mask needs where no bare face may be missed.

        Raises:
            InvalidInput: That was not chosen.
        """
        if self.strict is None:
            raise InvalidInput(
                "`strict` needs a model for which it was chosen how sure a mask must be. "
                "Received: one without. `maskwise calibrate RUN --max-missed 0.01` chooses it."
            )
        return self.strict

    def to_dict(self) -> Mapping[str, Any]:
        """Plain values for JSON, one for each attribute."""
        return {**asdict(self), "bias": list(self.bias)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The rule that `to_dict` described.

        Raises:
            InvalidInput: A field is missing, unknown, of another type or out of its range.
        """
        own = _of_fields(cls, values, "A decision rule")
        if isinstance(own["bias"], list):  # as JSON has it
            own["bias"] = tuple(own["bias"])
        strict = own["strict"]
        if not (strict is None or isinstance(strict, Mapping)):
            raise InvalidInput(f"`strict` must be null or an object. Received: {strict!r:.100}.")
        return cls(**{**own, "strict": strict and StrictRule.from_dict(strict)})


def _of_fields(kind: type[Any], values: Mapping[str, Any], what: str) -> dict[str, Any]:
    names = {field.name for field in fields(kind)}
    if values.keys() != names:
        raise InvalidInput(
            f"{what} has the fields {', '.join(sorted(names))}. "
            f"Received: {', '.join(sorted(map(str, values))) or 'none'}."
        )
    return dict(values)


def _require(is_kept: bool, name: str, rule: str, value: object) -> None:
    if not is_kept:
        raise InvalidInput(f"`{name}` must be {rule}. Received: {value!r}.")


def _require_probability(name: str, value: Any) -> None:
    _require(_is_number(value) and 0 <= value <= 1, name, "a number from 0 to 1", value)


def _require_share(name: str, value: Any, besides: str = "") -> None:
    is_share = _is_number(value) and 0 < value < 1
    _require(is_share, name, f"{besides}a number between 0 and 1", value)


def _require_count(name: str, value: Any) -> None:
    _require(type(value) is int and value >= 0, name, "a whole number of at least 0", value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
