"""Snapshots: pictures of who is without a mask, only where that is wanted, and not for long."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from maskwise.durable import PARTIAL_SUFFIX
from maskwise.images import encode_image
from maskwise.labels import WITH_MASK
from maskwise.outputs.blur import blur
from maskwise.outputs.draw import draw
from maskwise.streams.event import PERSON_KINDS, Event

if TYPE_CHECKING:
    from maskwise.streams.post import Seen

SUFFIX: Final = ".snapshot.jpg"
"""Ends the name of each; nothing else in the folder is ever removed."""

_TIDY_S: Final = 30.0
_KINDS: Final = frozenset(PERSON_KINDS.values()) - {PERSON_KINDS[WITH_MASK]}


class Snapshots:
    """Keeps a picture for each event on somebody without a mask, or with one worn wrongly.

    They are removed by age and when they grow too many; none is written while the disk is short of
    space. Age is that of the file, so a clock that leaps removes them sooner, never later than it
    leaps.

    Attributes:
        trouble: Why none can be kept at the moment; empty if they can.
    """

    def __init__(
        self,
        folder: Path,
        *,
        is_blurred: bool,
        keep_s: float,
        keep_bytes: int,
        floor_bytes: int,
    ) -> None:
        """Keep them in a folder.

        Args:
            folder: Where they go.
            is_blurred: Whether faces are made unrecognisable.
            keep_s: How old they may become.
            keep_bytes: How large they may be together.
            floor_bytes: How much must be free on the disk for another one.
        """
        self._folder = folder
        self._is_blurred = is_blurred
        self._keep_s = keep_s
        self._keep_bytes = keep_bytes
        self._floor_bytes = floor_bytes
        self._tidied_s = -_TIDY_S
        self.trouble = ""

    def take(self, event: Event, seen: "Seen") -> None:
        """Keep a picture of an event, if it is of such a kind."""
        if event.kind not in _KINDS:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if shutil.disk_usage(self._folder).free < self._floor_bytes:
                self.trouble = f"{self._folder}: the disk is short of space"
                return
            image_rgb = blur(seen.image_rgb, seen.faces) if self._is_blurred else seen.image_rgb
            stamp = event.time.strftime("%Y%m%dT%H%M%S.%f")
            path = self._folder / f"{stamp}-{event.camera}-{event.id[:8]}{SUFFIX}"
            beside = path.with_name(path.name + PARTIAL_SUFFIX)
            beside.write_bytes(encode_image(draw(image_rgb, seen.faces), format="jpeg"))
            beside.replace(path)
        except OSError as error:
            self.trouble = f"{self._folder}: {(error.strerror or 'it failed').lower()}"
        else:
            self.trouble = ""
        self._remove()

    def tidy(self) -> None:
        """Remove what is too old, now and then."""
        if time.monotonic() - self._tidied_s >= _TIDY_S:
            self._tidied_s = time.monotonic()
            self._remove()

    def _remove(self) -> None:
        kept = sorted(self._kept(), key=lambda each: each[0])
        n_bytes = sum(size for _, size, _ in kept)
        oldest_s = time.time() - self._keep_s
        for at_s, size, path in kept:
            if at_s >= oldest_s and n_bytes <= self._keep_bytes:
                return
            path.unlink(missing_ok=True)
            n_bytes -= size

    def _kept(self) -> Iterator[tuple[float, int, Path]]:
        if not self._folder.is_dir():
            return
        for path in self._folder.iterdir():
            if path.name.endswith((SUFFIX, SUFFIX + PARTIAL_SUFFIX)):
                status = path.stat()
                yield status.st_mtime, status.st_size, path
