"""Lines: a line of JSON per picture, as pipes and long runs have it."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from maskwise.durable import output_failed
from maskwise.errors import InvalidInput
from maskwise.names import legible
from maskwise.outputs.outcome import Outcome


def to_line(outcome: Outcome) -> str:
    r"""The line of a picture, with its line end, in ASCII.

    Whatever a name holds survives: line breaks, and bytes that are not UTF-8, which are written as
    the half characters `\udc80` to `\udcff`; `os.fsencode` turns them back into these bytes.
    """
    return json.dumps(outcome.to_dict()) + "\n"


def read_lines(path: Path) -> Iterator[Outcome]:
    """Read back what `appending` wrote; of a last line that a kill cut off, nothing is said.

    Args:
        path: The file; one that is missing holds nothing.

    Raises:
        InvalidInput: It cannot be read, or a whole line in it is no outcome.
    """
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.endswith(b"\n"):
                    yield _parse(line, f"{legible(path)}:{number}")
    except FileNotFoundError:
        return
    except OSError as error:
        raise InvalidInput(f"Could not read {legible(path)}: {error.strerror}.") from error


@contextmanager
def appending(path: Path) -> Iterator[Callable[[Outcome], None]]:
    """Open a file of lines for more of them, and hand out what adds one.

    What it holds stays, but for a last line that a kill cut off. A line is handed to the system as
    soon as it is added, so that a kill costs at most the one being written.

    Raises:
        OutputFailed: The folder is missing or closed to us, or the disk is full.
    """

    def add(outcome: Outcome) -> None:
        file.write(to_line(outcome).encode("ascii"))
        file.flush()

    try:
        with path.open("ab") as file:
            file.truncate(_end_of_whole_lines(path))
            yield add
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise output_failed(path, error) from error


def _parse(line: bytes, where: str) -> Outcome:
    try:
        return Outcome.from_dict(json.loads(line))
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidInput(f"{where} is no line of maskwise: {error}") from error


def _end_of_whole_lines(path: Path) -> int:
    end = 0
    with path.open("rb") as file:
        for line in file:
            end += len(line) if line.endswith(b"\n") else 0
    return end
