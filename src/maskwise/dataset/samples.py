"""Samples: what is known of each file of a data set."""

from collections.abc import Iterator
from dataclasses import dataclass

from maskwise.errors import InvalidInput
from maskwise.labels import LABELS


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that a format names as a picture, before anybody has looked into it.

    Attributes:
        path: Relative to the data folder, with `/` between its parts.
        label: A class number of `maskwise.LABELS`.
    """

    path: str
    label: int


@dataclass(frozen=True, slots=True)
class Sample:
    """A picture that was read whole and can be trained or judged on.

    Attributes:
        path: Relative to the data folder, with `/` between its parts.
        label: A class number of `maskwise.LABELS`.
        n_bytes: Size of the file.
        sha256: Of the file's bytes, as 64 hexadecimal digits.
        size_hw: Height and width of the upright picture in pixels.

    Raises:
        InvalidInput: There is no such class.
    """

    path: str
    label: int
    n_bytes: int
    sha256: str
    size_hw: tuple[int, int]

    def __post_init__(self) -> None:
        if self.label not in range(len(LABELS)):
            raise InvalidInput(f"`label` must be 0 to {len(LABELS) - 1}. Received: {self.label!r}.")


@dataclass(frozen=True, slots=True)
class Rejected:
    """A file that is not used, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Split:
    """The three sides of a data set; no sample stands on two."""

    train: tuple[Sample, ...]
    validation: tuple[Sample, ...]
    test: tuple[Sample, ...]

    def __iter__(self) -> Iterator[tuple[str, Sample]]:
        """Yield each sample with the name of its side."""
        for side in ("train", "validation", "test"):
            for sample in getattr(self, side):
                yield side, sample
