"""Hand: a worker process, which decodes pictures and decides on them.

Whatever a picture does to its decoder stays in this process. It can be killed at any time.
"""

import contextlib
import json
import traceback
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import Connection
from threading import Timer
from typing import Any

import cv2

from maskwise.child import Child
from maskwise.errors import BadBundle, MaskwiseError
from maskwise.service.workers.decider import Decider
from maskwise.service.workers.job import (
    Answer,
    Job,
    receive_answers,
    receive_jobs,
    send_answers,
    send_jobs,
)

Load = Callable[[], Decider]
"""Loads a model; it must survive being sent to the process that uses it."""


class HandDied(Exception):
    """The process died, or had to be killed as it took too long."""


class Hand:
    """One worker process.

    Attributes:
        about: The model that it decides with, as `GET /v1/model` tells it.
        pid: Of the process.
    """

    def __init__(self, load: Load, *, within_s: float) -> None:
        """Start it, and wait until it can decide.

        Args:
            load: Loads the model, in the process.
            within_s: How long it may take.

        Raises:
            BadBundle: The model cannot be used; the message says why.
        """
        self._child = Child(_run, load, name="maskwise hand")
        try:
            if not self._child.connection.poll(within_s):
                raise BadBundle(f"The model was not loaded within {within_s:.0f} seconds.")
            said = json.loads(self._child.connection.recv_bytes())
        except (EOFError, OSError) as error:
            self.close()
            raise BadBundle("The process that loaded the model died.") from error
        except BadBundle:
            self.close()
            raise
        if "refused" in said:
            self.close()
            raise BadBundle(said["refused"])
        self.about: Mapping[str, Any] = said
        self.pid = self._child.pid

    def ask(self, jobs: Sequence[Job], *, within_s: float) -> list[Answer]:
        """Let it answer several jobs.

        Args:
            jobs: What is asked.
            within_s: How long it may take; then it is killed.

        Raises:
            HandDied: It died, or was killed.
        """
        too_late = Timer(within_s, self.kill)  # it may stop in the middle of a message, too
        too_late.start()
        try:
            send_jobs(self._child.connection, jobs)
            return receive_answers(self._child.connection)
        except (EOFError, OSError) as error:
            raise HandDied from error
        finally:
            too_late.cancel()

    @property
    def is_alive(self) -> bool:
        """Whether the process is there."""
        return self._child.is_alive

    def kill(self) -> None:
        """Kill it, whatever it does; who waits for an answer then hears that it died."""
        self._child.kill()

    def close(self) -> None:
        """Kill it, and let go of all that belongs to it."""
        self._child.close()


def _run(load: Load, connection: Connection) -> None:
    """What the process does."""
    cv2.setNumThreads(1)
    try:
        decider = load()
    except MaskwiseError as error:
        connection.send_bytes(json.dumps({"refused": str(error)}).encode("ascii"))
        return
    connection.send_bytes(json.dumps(decider.about).encode("ascii"))
    with contextlib.suppress(EOFError, OSError):  # who asked has gone
        while True:
            jobs = receive_jobs(connection)
            try:
                answers = decider.answer(jobs)
            except Exception:  # noqa: BLE001 - a mistake of ours must not end the service
                traceback.print_exc()
                answers = [
                    Answer(500, {"message": "This is our mistake; it was written down."})
                ] * len(jobs)
            send_answers(connection, answers)
