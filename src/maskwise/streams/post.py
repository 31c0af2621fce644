"""Post: one camera, who is before it, and what is to be told of them."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from threading import Condition
from typing import Final

import numpy as np
from numpy.typing import NDArray

from maskwise.inference.pipeline import MaskDetector
from maskwise.results import Faces
from maskwise.sources.video import Address
from maskwise.streams.alerts import Alerts
from maskwise.streams.camera import Camera, State
from maskwise.streams.compliance import Compliance
from maskwise.streams.config import CameraConfig, EventsConfig
from maskwise.streams.event import Event
from maskwise.streams.zone import Zone
from maskwise.tracking.people import People

_WINDOW: Final = 50  # looks over which pace and delay are told


@dataclass(slots=True)
class Seen:
    """The last look at a camera, for who wants to see it.

    Attributes:
        image_rgb: The frame.
        faces: Its faces with what is said of each person.
        at_s: When it was decided on, by `time.monotonic`.
    """

    image_rgb: NDArray[np.uint8]
    faces: Faces
    at_s: float = field(default_factory=time.monotonic)


class Post:
    """Watches one camera: takes its latest frame, follows who is there, and makes events of it."""

    def __init__(
        self,
        name: str,
        config: CameraConfig,
        events: EventsConfig,
        *,
        arrived: Condition,
        on_state: Callable[[str, State, str], None],
    ) -> None:
        """Begin to read the camera.

        Args:
            name: Of the camera.
            config: How it is watched.
            events: What is told.
            arrived: Is notified when there is a new frame.
            on_state: Is called with name, state and reason when the state of the camera changes.
        """
        self.name = name
        self.config = config
        self.last: Seen | None = None
        self.n_looks = 0
        self.trouble = ""
        self._events = events
        self._arrived = arrived
        self._on_state = on_state
        self._hours = config.hours
        self._zone = Zone(config.zone, min_face_px=config.min_face_px)
        self._people = People()
        self._alerts = Alerts(name, events.cooldown_s)
        self._compliance = Compliance(events.compliance_min * 60, time.monotonic())
        self._looks_s: deque[float] = deque(maxlen=_WINDOW)
        self._ages_s: deque[float] = deque(maxlen=_WINDOW)
        self.camera: Camera | None = None

    @property
    def fps(self) -> float:
        """How many frames a second are decided on at the moment."""
        if len(self._looks_s) < 2 or time.monotonic() - self._looks_s[-1] > _WINDOW:
            return 0.0
        return (len(self._looks_s) - 1) / max(1e-6, self._looks_s[-1] - self._looks_s[0])

    @property
    def ages_s(self) -> list[float]:
        """How old the last fifty frames were when they had been decided on, the newest last."""
        return [*self._ages_s]

    @property
    def delay_s(self) -> float:
        """How old frames are when they have been decided on, in the middle."""
        return float(np.median(self._ages_s)) if self._ages_s else 0.0

    @property
    def n_present(self) -> int:
        """How many people are there."""
        return len(self._people.present)

    @property
    def compliance(self) -> float | None:
        """The share with masks so far in this interval; None of fewer than ten people."""
        return self._compliance.share

    def keep_hours(self, moment: datetime) -> None:
        """Begin or stop to read the camera, as the schedule has it.

        Args:
            moment: What time it is, local.
        """
        is_due = not self._hours or any(hours.include(moment) for hours in self._hours)
        if is_due and self.camera is None:
            self.camera = Camera(
                self.name,
                Address.parse(self.config.address.get_secret_value()),
                fps=self.config.fps,
                arrived=self._arrived,
                on_state=self._on_state,
            )
        elif not is_due and self.camera is not None:
            self.camera.close()
            self.camera = None

    def look(self, detector: MaskDetector) -> list[Event] | None:
        """Decide on the latest frame, if there is a new one.

        A frame on which the detector fails costs only itself; `trouble` then says so.

        Returns:
            What is to be told; None if there was no new frame.
        """
        latest = None if self.camera is None else self.camera.take()
        if latest is None:
            return None
        try:
            found = detector(latest.image_rgb)
        except Exception as error:  # noqa: BLE001 - one camera must not end the watch of all
            self.trouble = f"{self.name}: the detector failed ({type(error).__name__})"
            return []
        self.trouble = ""
        answered = self._zone.filter(found, latest.image_rgb.shape[:2])
        faces = self._people.update(answered, latest.decoded_s)
        self.n_looks += 1
        self.last = Seen(latest.image_rgb, faces)
        self._looks_s.append(time.monotonic())
        self._ages_s.append(latest.age_s)
        self._count_leaving(latest.decoded_s)
        return list(self._alerts.look(self._people.present, latest.decoded_s))

    def pass_time(self) -> Iterator[Event]:
        """What is to be told because time passes, whether there are frames or not."""
        now_s = time.monotonic()
        self._count_leaving(now_s)
        told = self._compliance.due(now_s)
        if told is not None:
            yield Event("compliance", self.name, told)

    def close(self) -> None:
        """Stop to read the camera."""
        if self.camera is not None:
            self.camera.close()
            self.camera = None

    def _count_leaving(self, now_s: float) -> None:
        for person in self._people.leave(now_s):
            self._compliance.add(person)
