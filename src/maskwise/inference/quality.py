"""Quality: which faces are too small or too blurred to be answered."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from maskwise.errors import InvalidInput


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityRule:
    """Of which faces nothing can be said. The default finds fault with none.

    Attributes:
        min_side_px: Faces whose box has a shorter side are `too_small`.
        min_sharpness: Faces less sharp, see `sharpness`, are `too_blurred`.

    Raises:
        InvalidInput: A value is no finite number of at least 0.
    """

    min_side_px: float = 0.0
    min_sharpness: float = 0.0

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if not (is_number and 0 <= value < math.inf):
                raise InvalidInput(
                    f"`{name}` must be a finite number of at least 0. Received: {value!r}."
                )

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
                f"A quality rule has the fields {', '.join(sorted(names))}. "
                f"Received: {', '.join(sorted(map(str, values))) or 'none'}."
            )
        return cls(**values)
