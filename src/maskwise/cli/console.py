"""Console: how the command line speaks to people, always on stderr."""

import io
import logging
import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from maskwise.names import legible

_TENSORFLOW_LOG_LEVEL: Final = "TF_CPP_MIN_LOG_LEVEL"
_FATAL_ONLY: Final = "3"
_STDERR: Final = 2  # of the process: what libraries in C write to


def say(text: str) -> None:
    """Tell people something, line by line as it stands; names of files can do no harm in it."""
    sys.stderr.write("".join(f"{legible(line)}\n" for line in text.splitlines()))


def complain(message: str) -> None:
    """Tell people in one line what went wrong."""
    sys.stderr.write(f"maskwise: {legible(' '.join(message.split()))}\n")


def command(*arguments: str | Path) -> str:
    """A `maskwise` command that people can paste: as they called it, with names quoted."""
    called = sys.argv[0]
    program = "maskwise" if shutil.which("maskwise") or not os.access(called, os.X_OK) else called
    return shlex.join([program, *map(str, arguments)])


def hush_tensorflow() -> None:
    """Keep TensorFlow's greetings and advice from people, unless they set its log level."""
    if os.environ.setdefault(_TENSORFLOW_LOG_LEVEL, _FATAL_ONLY) == _FATAL_ONLY:
        # What it says in Python does not heed that: with every third network that a process
        # trains, that functions are traced anew.
        logging.getLogger("tensorflow").setLevel(logging.ERROR)


@contextmanager
def hushed() -> Iterator[None]:
    """Drop what TensorFlow writes to stderr while it loads, if it is to be hushed.

    On some processors it speaks before it reads its log level.
    """
    if os.environ.get(_TENSORFLOW_LOG_LEVEL) != _FATAL_ONLY:
        yield
        return
    try:
        kept = os.dup(_STDERR)
    except OSError:  # closed: nobody listens
        yield
        return
    sys.stderr.flush()
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), _STDERR)
        yield
    finally:
        os.dup2(kept, _STDERR)
        os.close(kept)


@contextmanager
def ours_alone() -> Iterator[None]:
    """Drop what libraries in C write to stderr; what Python writes there still arrives.

    Ray's core warns of its own insides, whatever its log level.
    """
    before = sys.stderr
    try:
        if before.fileno() != _STDERR:
            raise OSError
        kept = os.dup(_STDERR)
    except (OSError, ValueError, AttributeError):  # closed, or somebody else listens
        yield
        return
    before.flush()
    with io.TextIOWrapper(
        os.fdopen(os.dup(kept), "wb"), before.encoding, before.errors, line_buffering=True
    ) as ours:
        sys.stderr = ours
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), _STDERR)
        try:
            yield
        finally:
            ours.flush()
            os.dup2(kept, _STDERR)
            os.close(kept)
            sys.stderr = before


@contextmanager
def counting(what: str, *, shown: bool = True) -> Iterator[Callable[[int, int], None]]:
    """Show on a terminal how far something is, how fast it goes and how long it will still take.

    Yields a function of how many are done and how many there are.
    """
    if not (shown and sys.stderr.isatty()):
        yield lambda _done, _total: None
        return
    # Only for who watches: Rich takes longer to load than a photo takes to be answered.
    from maskwise.cli import progress

    with progress.counting(what) as tell:
        yield tell
