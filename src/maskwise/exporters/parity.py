"""Parity: how far the answers of an exported file are from those of the network it came from."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from maskwise.errors import ExportFailed
from maskwise.inference.decision import DecisionRule, decide
from maskwise.inference.session import Session
from maskwise.labels import UNSURE

_BATCH: Final = 32


@dataclass(frozen=True, slots=True)
class Limit:
    """What an export may differ by.

    Attributes:
        largest_difference: Of a probability.
        mean_difference: Of all probabilities.
        changed_share: Of the answers; one may always change if this is not 0.
    """

    largest_difference: float
    mean_difference: float
    changed_share: float


LIMITS: Final[Mapping[str, Limit]] = {
    # The same sums in another order: some 1e-6 apart, while a wrong weight or scale shows at once.
    "fp32": Limit(largest_difference=1e-4, mean_difference=1e-5, changed_share=0.0),
    # Sound files were seen to stay below 0.06 and 0.002; three to five times that is a fault.
    "int8": Limit(largest_difference=0.2, mean_difference=0.01, changed_share=0.01),
}
"""By precision."""


@dataclass(frozen=True, slots=True)
class Parity:
    """What was found.

    Attributes:
        n: How many faces both were asked about.
        largest_difference: Of a probability.
        mean_difference: Of all probabilities.
        changed_answers: For how many faces another class is the most probable one.
        changed_unsure: For how many faces just one of both answers *unsure*. There is no limit
            for these, as a rule may well lie where many faces are.
    """

    n: int
    largest_difference: float
    mean_difference: float
    changed_answers: int
    changed_unsure: int

    def to_dict(self) -> Mapping[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    def require(self, precision: str, what: str) -> None:
        """Refuse what differs by more than `LIMITS` allows.

        Raises:
            ExportFailed: It does.
        """
        limit = LIMITS[precision]
        most_changed = max(1, int(limit.changed_share * self.n)) if limit.changed_share else 0
        if (
            self.largest_difference <= limit.largest_difference  # so that NaN fails
            and self.mean_difference <= limit.mean_difference
            and self.changed_answers <= most_changed
        ):
            return
        raise ExportFailed(
            f"{what} answers otherwise than the network that was trained: on {self.n} faces, "
            f"probabilities differ by up to {self.largest_difference:.3g} (at most "
            f"{limit.largest_difference:g}), on average by {self.mean_difference:.3g} (at most "
            f"{limit.mean_difference:g}), and {self.changed_answers} answers (at most "
            f"{most_changed}). Nothing was written."
            + (" To do without integers: --no-int8." if precision == "int8" else "")
        )


def compare_sessions(
    original: Session, exported: Session, faces: NDArray[np.float32], rule: DecisionRule
) -> Parity:
    """Ask both about the same preprocessed faces `(n, h, w, 3)`, and decide by the same rule."""
    said, says = (
        np.concatenate(
            [session.run(faces[at : at + _BATCH]) for at in range(0, len(faces), _BATCH)]
        )
        for session in (original, exported)
    )
    difference = np.abs(says.astype(np.float64) - said)
    unsure, is_unsure = (rule.decide(probability) == UNSURE for probability in (said, says))
    answer, answers = (decide(rule.calibrate(probability)) for probability in (said, says))
    return Parity(
        n=len(faces),
        largest_difference=float(difference.max()),
        mean_difference=float(difference.mean()),
        changed_answers=int((answer != answers).sum()),
        changed_unsure=int((unsure != is_unsure).sum()),
    )
