"""Writing files so that, after a kill or a full disk, each is old or new and always whole."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from maskwise.errors import OutputFailed

PARTIAL_SUFFIX = ".partial"
"""Ends the name of a file that is still being written; leftovers may be removed."""


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a new version of `path`; it takes the old one's place when the block ends.

    The order is the one that survives power loss: write beside, flush to the disk, rename,
    flush the folder. If anything fails before the rename, `path` is as it was.

    Raises:
        OutputFailed: The folder is missing or closed to us, or the disk is full.
    """
    beside = path.with_name(path.name + PARTIAL_SUFFIX)
    try:
        try:
            with beside.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
            _flush_folder(path.parent)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise output_failed(path, error) from error


def write_bytes(path: Path, content: bytes) -> None:
    """Put `content` into `path`, durably and at once; see `replacing`."""
    with replacing(path) as file:
        file.write(content)


def write_text(path: Path, text: str) -> None:
    """Put `text` into `path` as UTF-8, durably and at once; see `replacing`."""
    write_bytes(path, text.encode("utf-8"))


def make_folder(path: Path) -> None:
    """Make `path` and its parents where they are missing.

    Raises:
        OutputFailed: A file is in the way, or we may not write there.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_failed(path, error) from error


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Fill a folder beside `path`, which is missing or empty; at the end it takes that place.

    If anything fails before, nothing of it is left behind; only a kill can leave the folder beside.

    Raises:
        OutputFailed: It is no place for a folder, see `require_place`; we may not write there, or
            the disk is full.
    """
    place = require_place(path)
    beside = place.with_name(f"{place.name}.{os.getpid()}{PARTIAL_SUFFIX}")  # nobody else's
    try:
        beside.mkdir(parents=True)
        try:
            yield beside
            if place.exists():
                place.rmdir()
            beside.rename(place)
        except BaseException:
            shutil.rmtree(beside, ignore_errors=True)
            raise
    except OSError as error:
        raise output_failed(path, error) from error


def require_place(path: Path) -> Path:
    """The place that `whole_folder` takes, links followed.

    Raises:
        OutputFailed: A file is there, or the folder is the current one or that of all others, and
            cannot be replaced.
    """
    try:
        place = Path(os.path.realpath(path))
        if place.exists() and not place.is_dir():
            raise FileExistsError(errno.EEXIST, "a file is in the way")
        if place in (Path.cwd(), Path(place.anchor)):
            raise OSError(
                errno.EBUSY, "the folder is in use and cannot be replaced; name a new one"
            )
    except OSError as error:
        raise output_failed(path, error) from error
    return place


def output_failed(path: Path, error: OSError) -> OutputFailed:
    """The error to raise when writing `path` failed with `error`."""
    return OutputFailed(
        f"Could not write {path}: {error.strerror or error}. "
        "Free some space or choose a place that you may write to, then start again; `train`, and "
        "`detect` with --out, go on with --resume."
    )


def _flush_folder(folder: Path) -> None:
    if os.name == "nt":
        return  # Windows cannot open a folder; its rename is already durable enough
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
