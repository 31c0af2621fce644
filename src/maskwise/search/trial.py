"""Trial: one training of a search."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Trial:
    """A training and what came of it.

    Attributes:
        number: From 1; the first has the values of the recipe as it is.
        run: Its folder.
        values: Of the fields that were searched, by their names.
        history: One record per epoch, as in a checkpoint.
        is_finished: Whether it came to its end; otherwise it was stopped as hopeless.
    """

    number: int
    run: Path
    values: Mapping[str, Any]
    history: tuple[Mapping[str, float], ...]
    is_finished: bool

    @property
    def loss(self) -> float | None:
        """On the validation side, after its last epoch; None if it was no number any more."""
        loss = self.history[-1]["val_loss"]
        return loss if math.isfinite(loss) else None

    @property
    def seconds(self) -> float:
        """How long its epochs took."""
        return sum(record["seconds"] for record in self.history)

    def to_words(self) -> str:
        """What came of it, for people."""
        epochs = f"{len(self.history)} epoch{'s' if len(self.history) != 1 else ''}"
        how = "finished" if self.is_finished else "stopped as hopeless"
        return f"trial {self.number}: {how} after {epochs}, validation loss {loss_text(self.loss)}"


def loss_text(loss: float | None) -> str:
    """A loss with four digits that count, as two good ones may differ little.

    >>> loss_text(0.0123456), loss_text(None) == "\N{EN DASH}"
    ('0.01235', True)
    """
    return "\N{EN DASH}" if loss is None else f"{loss:.4g}"
