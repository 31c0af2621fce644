"""Outcome: what came of one picture."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from maskwise.errors import InvalidInput
from maskwise.results import Faces


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one picture: its size and faces, or the reason why there is no answer.

    Attributes:
        source: What was named: a path, a URL, or `-`. Of a path that is not UTF-8, the bytes that
            break it stand as lone surrogates, as Python reads them (PEP 383).
        size_hw: Height and width of the upright picture in pixels, to which all boxes refer.
        faces: Its faces; there may be none.
        error: Why there is no answer.

    Raises:
        InvalidInput: It has both faces and an error, or neither, or faces without a size.
    """

    source: str
    size_hw: tuple[int, int] | None = None
    faces: Faces | None = None
    error: str | None = None

    def __post_init__(self) -> None:
        has_faces = self.faces is not None
        if has_faces != (self.size_hw is not None) or has_faces != (self.error is None):
            raise InvalidInput(
                "An outcome must have `size_hw` and `faces`, or else an `error`. Received: "
                f"{self.size_hw}, {'faces' if has_faces else 'no faces'} and {self.error!r}."
            )

    def to_dict(self) -> Mapping[str, Any]:
        """Plain values, ready for `json.dumps`."""
        if self.faces is None or self.size_hw is None:
            return {"source": self.source, "error": self.error}
        height, width = self.size_hw
        return {
            "source": self.source,
            "width": width,
            "height": height,
            "faces": self.faces.to_dicts(),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The outcome that `to_dict` described, up to its rounding.

        Raises:
            InvalidInput: A field is missing or of another type.
        """
        try:
            if "error" in values:
                return cls(str(values["source"]), error=str(values["error"]))
            return cls(
                str(values["source"]),
                size_hw=(int(values["height"]), int(values["width"])),
                faces=Faces.from_dicts(values["faces"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            reason = f"no {error}" if isinstance(error, KeyError) else str(error)
            raise InvalidInput(f"This is no outcome of a picture: {reason}") from error
