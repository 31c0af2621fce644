"""Scorer: scores one part after the other by a process that may be lost.

Whatever a picture does to its decoder, it does to that process. It tells where it is before it
looks at pictures, so that one of which it dies is found: it is looked at again, alone, by another
process, and if that dies as well the picture is marked, and costs nothing but its own row.
"""

import contextlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from multiprocessing.connection import Connection
from typing import Any, Final

import cv2

from maskwise.allocator import keep_freed_memory
from maskwise.child import Child
from maskwise.distributed.answers import Totals, write_answers
from maskwise.distributed.part import Encoded, read_part
from maskwise.distributed.unit import Unit
from maskwise.errors import BadBundle, MaskwiseError, StoreFailed, UnreadableImage
from maskwise.images import decode_image
from maskwise.inference.batch import Load, Task, decide
from maskwise.inference.pipeline import MaskDetector
from maskwise.names import legible
from maskwise.sources.source import Source

_TOGETHER: Final = 8  # pictures whose faces are classified in one batch
_SILENCE_S: Final = 300.0  # then whatever it does is hopeless
_DEATHS: Final = 2  # of a picture that is alone
_STARTS: Final = 3  # of a process before it is given up


class Abandoned(Exception):
    """Nobody waits for the answers any more."""


class Scorer:
    """One process, and another one whenever it dies."""

    def __init__(self, load: Load, folder: str) -> None:
        """Prepare; the process starts with the first part.

        Args:
            load: Makes the detector.
            folder: The address of all answers.
        """
        self._load = load
        self._folder = folder
        self._child: Child | None = None
        self._is_abandoned = False

    def score(self, part: int, units: Sequence[Unit]) -> Totals:
        """Score a part, and write its answers.

        Args:
            part: Its number.
            units: What it holds.

        Raises:
            Abandoned: `abandon` was called meanwhile.
            BadBundle: The model cannot be used.
            OutputFailed: The answers cannot be written.
            StoreFailed: Where the pictures lie cannot be reached.
        """
        progress = _Progress()
        while not progress.is_done:
            child = self._child or self._start()
            try:
                self._ask(child, units, progress)
            except (EOFError, OSError):
                self.close()
                if self._is_abandoned:
                    raise Abandoned from None
                progress.mourn(units)
        return write_answers(self._folder, part, progress.outcomes)

    @property
    def pid(self) -> int | None:
        """Of the process; None if there is none just now."""
        return None if self._child is None else self._child.pid

    def abandon(self) -> None:
        """End the process now, from whatever thread; what it has in hand is lost."""
        self._is_abandoned = True
        if (child := self._child) is not None:
            child.kill()

    def close(self) -> None:
        """End the process."""
        if self._child is not None:
            self._child.close()
            self._child = None

    def _start(self) -> Child:
        for _ in range(_STARTS):
            self._child = child = Child(_run, self._load, name="maskwise scorer")
            try:
                if child.connection.poll(_SILENCE_S):
                    _require_fine(json.loads(child.connection.recv_bytes()))
                    return child
            except (EOFError, OSError):
                pass
            except MaskwiseError:
                self.close()
                raise
            self.close()
            if self._is_abandoned:
                raise Abandoned
        raise BadBundle(f"The process that loads the model died {_STARTS} times.")

    def _ask(self, child: Child, units: Sequence[Unit], progress: "_Progress") -> None:
        asked = {
            "units": [astuple(unit) for unit in units],
            "start": len(progress.outcomes),
            "alone_below": progress.alone_below,
        }
        child.connection.send_bytes(json.dumps(asked).encode())
        while not progress.is_done:
            if not child.connection.poll(_SILENCE_S):
                raise EOFError
            said = json.loads(child.connection.recv_bytes())
            try:
                _require_fine(said)
            except MaskwiseError:
                self.close()
                raise
            progress.hear(said)


@dataclass(slots=True)
class _Progress:
    """What is known of a part.

    Attributes:
        outcomes: Of its first pictures, in order.
        names: Of the pictures that the process has in hand.
        alone_below: Pictures before this place are looked at one by one.
        is_done: Whether there are no more pictures.
    """

    outcomes: list[Mapping[str, Any]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    alone_below: int = 0
    is_done: bool = False
    _deaths: Counter[int] = field(default_factory=Counter)

    def hear(self, said: Mapping[str, Any]) -> None:
        """Take in what the process says."""
        if "names" in said:
            self.names = said["names"]
        elif "outcomes" in said:
            self.outcomes += said["outcomes"]
            self.names = []
        else:
            self.is_done = True

    def mourn(self, units: Sequence[Unit]) -> None:
        """The process died: find out why next time, or mark the culprit."""
        place = len(self.outcomes)
        if len(self.names) > 1:  # one of these
            self.alone_below = place + len(self.names)
        else:
            self._deaths[place] += 1
            if self._deaths[place] == _DEATHS:
                # Without a name, it died while it read what comes next, and nobody gets past that.
                name = self.names[0] if self.names else units[-1].address
                self.outcomes.append(
                    {"source": name, "error": f"{legible(name)}: the process that read it died"}
                )
                self.is_done = not self.names
        self.names = []


def _require_fine(said: Mapping[str, Any]) -> None:
    """Raise what the process met that is not of one picture."""
    if "refused" in said:
        raise (StoreFailed if said["is_of_store"] else BadBundle)(said["refused"])


def _run(load: Load, connection: Connection) -> None:
    """What the process does."""
    cv2.setNumThreads(1)
    keep_freed_memory()
    with contextlib.suppress(EOFError, OSError):  # who asked has gone
        try:
            detector = load()
            connection.send_bytes(b"{}")
            while True:
                asked = json.loads(connection.recv_bytes())
                units = [Unit(*values) for values in asked["units"]]
                _score(detector, units, asked["start"], asked["alone_below"], connection)
        except MaskwiseError as error:
            refusal = {"refused": str(error), "is_of_store": isinstance(error, StoreFailed)}
            connection.send_bytes(json.dumps(refusal).encode())


def _score(
    detector: MaskDetector,
    units: Sequence[Unit],
    start: int,
    alone_below: int,
    connection: Connection,
) -> None:
    for batch in _batches(read_part(units, start), start, alone_below):
        names = [encoded.name for encoded in batch]
        connection.send_bytes(json.dumps({"names": names}).encode())
        outcomes = decide(detector, [Task(_source(encoded)) for encoded in batch])
        said = {"outcomes": [outcome.to_dict() for outcome in outcomes]}
        connection.send_bytes(json.dumps(said).encode())
    connection.send_bytes(b"{}")


def _batches(
    pictures: Iterator[Encoded], start: int, alone_below: int
) -> Iterator[Sequence[Encoded]]:
    """Pictures a few together, always the same ones, whether others died or not."""
    together: list[Encoded] = []
    for place, encoded in enumerate(pictures, start=start):
        together.append(encoded)
        if place < alone_below or (place + 1) % _TOGETHER == 0:
            yield together
            together = []
    if together:
        yield together


def _source(encoded: Encoded) -> Source:
    def read_rgb() -> Any:
        if encoded.content is None:
            raise UnreadableImage(encoded.error)
        try:
            return decode_image(encoded.content)
        except UnreadableImage as error:
            raise UnreadableImage(f"{legible(encoded.name)}: {error}") from error

    return Source(encoded.name, encoded.name, None, read_rgb)
