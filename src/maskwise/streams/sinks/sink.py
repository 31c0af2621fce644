"""Sink: the seam behind which events are told."""

from typing import Protocol

from maskwise.streams.event import Event


class Sink(Protocol):
    """Tells events to somebody, without keeping who watches cameras waiting."""

    def write(self, event: Event) -> None:
        """Take an event; it is told soon, and if that is not possible, as soon as it is.

        It raises nothing: what goes wrong is in `trouble`.
        """

    @property
    def trouble(self) -> str:
        """Why events cannot be told at the moment; empty if they can."""

    def close(self) -> None:
        """Tell what can be told within a few seconds, and stop; the rest waits on the disk."""
