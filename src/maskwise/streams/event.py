"""Event: something that happened before a camera, told once."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from maskwise.labels import INCORRECT, WITH_MASK, WITHOUT_MASK

PERSON_KINDS: Final[Mapping[int, str]] = {
    WITHOUT_MASK: "person_without_mask",
    INCORRECT: "mask_worn_wrong",
    WITH_MASK: "person_with_mask",
}
"""What is told of a person, by what was decided."""

KINDS: Final = (*PERSON_KINDS.values(), "camera_state", "compliance")
"""All kinds of events. They are public and stay; later ones may follow."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, ready for every sink. It never holds a picture or a secret.

    Attributes:
        kind: An entry of `KINDS`.
        camera: The name of the camera.
        data: What there is to say, as plain values.
        time: When, in UTC.
        id: Tells it from every other one, however often it is sent.
    """

    kind: str
    camera: str
    data: Mapping[str, Any]
    time: datetime = field(default_factory=_now)
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    def to_dict(self) -> Mapping[str, Any]:
        """Plain values for JSON."""
        return {
            "id": self.id,
            "time": self.time.isoformat(timespec="milliseconds"),
            "event": self.kind,
            "camera": self.camera,
            **self.data,
        }
