"""Claim: only one training at a time may write into a run folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from maskwise.durable import make_folder, output_failed
from maskwise.errors import BadRun
from maskwise.names import legible


@contextmanager
def claimed(folder: Path, *, patience_s: float = 0.0) -> Iterator[None]:
    """Make `folder` if need be and hold it until the block ends or the process dies.

    Args:
        folder: What no other process may write into.
        patience_s: How long to wait for one that does.

    Raises:
        BadRun: Another process trains there.
        OutputFailed: The folder cannot be written to.
    """
    make_folder(folder)
    lock = FileLock(folder / "lock")
    try:
        lock.acquire(timeout=patience_s)
    except Timeout as error:
        raise BadRun(
            f"Another training is writing into {legible(folder)}. "
            "Wait for it, or choose another folder."
        ) from error
    except OSError as error:
        raise output_failed(folder / "lock", error) from error
    try:
        yield
    finally:
        lock.release()
