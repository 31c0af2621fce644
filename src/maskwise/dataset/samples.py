"""Samples: what is known of each face of a data set."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Self

from maskwise.errors import InvalidInput
from maskwise.labels import LABELS
from maskwise.preprocess import BoxXyxy

SIDES: Final = ("train", "validation", "test", "left_out")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A face that a data set tells of, before anybody has looked into its picture.

    Attributes:
        path: Of the picture, relative to the data folder, with `/` between its parts.
        label: A class number of `maskwise.LABELS`.
        box_xyxy: Where the face is, in pixels of the upright picture; None for all of it.
        attributes: What else the data set says of it, such as `source`; names and values as text.
        annotated_hw: The picture's size in pixels as the annotation has it, if it does.
        where: The file that says so, and its line: `a.xml:12`. Empty if it is the picture itself.
        number: Which of the faces of the picture it is, from 1, as the annotation lists them:
            those that cannot be used count too.
    """

    path: str
    label: int
    box_xyxy: BoxXyxy | None = None
    attributes: Mapping[str, str] = field(default_factory=dict, hash=False)
    annotated_hw: tuple[int, int] | None = None
    where: str = ""
    number: int = 1


@dataclass(frozen=True, slots=True)
class Sample:
    """A face in a picture that was read whole and can be trained or judged on.

    Attributes:
        path: Of the picture, relative to the data folder, with `/` between its parts.
        label: A class number of `maskwise.LABELS`.
        n_bytes: Size of the file.
        sha256: Of the file's bytes, as 64 hexadecimal digits.
        size_hw: Height and width of the upright picture in pixels.
        box_xyxy: Where the face is, in pixels of the upright picture; None for all of it.
        attributes: What else the data set says of it; names and values as text. Some have a
            meaning: `source`, `scene`, `group`, `side` and `synthetic`.

    Raises:
        InvalidInput: There is no such class.
    """

    path: str
    label: int
    n_bytes: int
    sha256: str
    size_hw: tuple[int, int]
    box_xyxy: BoxXyxy | None = None
    attributes: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if self.label not in range(len(LABELS)):
            raise InvalidInput(f"`label` must be 0 to {len(LABELS) - 1}. Received: {self.label!r}.")

    @property
    def key(self) -> tuple[str, BoxXyxy | None]:
        """What tells it from every other face of its data set."""
        return self.path, self.box_xyxy

    @property
    def source(self) -> str:
        """Who collected it; empty if the data set does not say."""
        return self.attributes.get("source", "")

    def to_dict(self) -> Mapping[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The sample that `to_dict` described.

        Raises:
            KeyError, TypeError, ValueError: The values are of another shape.
        """
        fields = dict(values)
        fields["size_hw"] = tuple(fields["size_hw"])
        if fields.get("box_xyxy") is not None:
            left, top, right, bottom = fields["box_xyxy"]
            fields["box_xyxy"] = (left, top, right, bottom)
        return cls(**fields)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A file that is not used, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in an annotation that is wrong.

    Attributes:
        where: The file relative to the data folder and, if known, its line: `a.xml:12`.
        reason: What is wrong, and what was done about it.
    """

    where: str
    reason: str


@dataclass(frozen=True, slots=True)
class Split:
    """The sides of a data set; no sample stands on two.

    Attributes:
        train: What a network learns from.
        validation: What it is watched on while it learns, and what it is calibrated on.
        test: What it is judged on in the end.
        left_out: What must not be used, since it belongs to two sides.
    """

    train: tuple[Sample, ...]
    validation: tuple[Sample, ...]
    test: tuple[Sample, ...]
    left_out: tuple[Sample, ...] = ()

    def __iter__(self) -> Iterator[tuple[str, Sample]]:
        """Yield each sample with the name of its side."""
        for side in SIDES:
            for sample in getattr(self, side):
                yield side, sample
