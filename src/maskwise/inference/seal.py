"""Seal: a folder in which every file is listed with its hash, and is read only if it is that file.

It shows that nothing was changed or lost on the way. It does not show who made the folder:
whoever can change a file can write a new list.
"""

import errno
import hashlib
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final, Self

from maskwise.errors import BadBundle
from maskwise.names import legible

SUMS: Final = "SHA256SUMS"
"""The list, as `sha256sum` writes and checks it."""

_MAX_SUMS_BYTES: Final = 10**6
_MAX_ENTRIES: Final = 1000
_MAX_NAME: Final = 200
_LINE: Final = re.compile(r"([0-9a-f]{64})  (.+)")
# What every system can store under just this name, and what leads nowhere else.
_PART: Final = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_NAME: Final = re.compile(rf"{_PART}(?:/{_PART})*")
# Neither through links, nor waiting at a pipe.
_CAREFULLY: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


@dataclass(frozen=True, slots=True)
class Seal:
    """A folder and the hashes of its files.

    Attributes:
        folder: Where it lies.
        sha256: The hash of each file by its name, as lower-case hexadecimal digits.
    """

    folder: Path
    sha256: Mapping[str, str]

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Read the list, and refuse a folder that holds anything else, or less.

        Raises:
            BadBundle: The list is missing or damaged; a file is missing, not listed, a link or
                no regular file.
        """
        try:
            listed = _read_regular(folder / SUMS, _MAX_SUMS_BYTES)
        except (OSError, ValueError) as error:
            raise BadBundle(
                f"{legible(folder)}: {SUMS}: {getattr(error, 'strerror', None) or error}. "
                "Fetch or export the bundle again."
            ) from error
        sha256 = _parse(folder, listed)
        _require_same_files(folder, sha256.keys() | {SUMS})
        return cls(folder, sha256)

    def read(self, name: str, *, max_bytes: int) -> bytes:
        """The bytes of a file, of which the hash was just taken.

        Raises:
            BadBundle: It is not listed, too large, cannot be read, or is not what is listed.
        """
        if name not in self.sha256:
            raise self._bad(f"{legible(name)} is not listed in {SUMS}")
        try:
            content = _read_regular(self.folder / name, max_bytes)
        except OSError as error:
            raise self._bad(f"{name}: {error.strerror or error}") from error
        found = hashlib.sha256(content).hexdigest()
        if found != self.sha256[name]:
            raise self._bad(
                f"{name} was changed: {SUMS} says {self.sha256[name]}, its bytes give {found}"
            )
        return content

    def _bad(self, reason: str) -> BadBundle:
        return BadBundle(f"{legible(self.folder)}: {reason}. Fetch or export the bundle again.")


def require_names(names: Iterable[str]) -> None:
    """Refuse names of files that lead out of their folder, or are not the same on every system.

    Raises:
        ValueError: One does, or two differ in case only.
    """
    seen: dict[str, str] = {}
    for name in names:
        if len(name) > _MAX_NAME or not _NAME.fullmatch(name):
            raise ValueError(
                "names of files must lie in the folder, of letters, digits and . _ - with / "
                f"between folders; received: {legible(name[:_MAX_NAME])}"
            )
        if other := seen.get(name.casefold()):
            raise ValueError(f"two files have the name {name} (the other: {other})")
        seen[name.casefold()] = name


def list_sums(contents: Mapping[str, bytes]) -> bytes:
    """What `SHA256SUMS` says of these files."""
    lines = (
        f"{hashlib.sha256(content).hexdigest()}  {name}\n"
        for name, content in sorted(contents.items())
    )
    return "".join(lines).encode()


def _parse(folder: Path, listed: bytes) -> Mapping[str, str]:
    try:
        text = listed.decode("ascii")
        if not text.endswith("\n"):
            raise ValueError("it is cut off")
        found = [_LINE.fullmatch(line) for line in text[:-1].split("\n")]
        lines = [line for line in found if line]
        if len(lines) != len(found):
            raise ValueError("a line is not `hash  name`")
        require_names(line[2] for line in lines)
    except ValueError as error:
        raise BadBundle(
            f"{legible(folder / SUMS)} is damaged: {error}. Fetch or export the bundle again."
        ) from error
    return {line[2]: line[1] for line in lines}


def _require_same_files(folder: Path, names: set[str]) -> None:
    found = set(_regular_files(folder))
    for problem, differing in (("is missing", names - found), ("is not listed", found - names)):
        if differing:
            raise BadBundle(
                f"{legible(folder)}: {legible(min(differing))} {problem}, but a bundle holds just "
                f"the files in {SUMS}. Fetch or export it again, into an empty folder."
            )


def _regular_files(folder: Path) -> Iterator[str]:
    folders, n_entries = [folder], 0
    while folders:
        try:
            with os.scandir(folders.pop()) as scan:
                entries = list(islice(scan, _MAX_ENTRIES + 1))
        except OSError as error:
            raise BadBundle(f"{legible(folder)}: {error.strerror or error}.") from error
        n_entries += len(entries)
        if n_entries > _MAX_ENTRIES:
            raise BadBundle(f"{legible(folder)} holds too many files to be a bundle.")
        for entry in entries:
            path = Path(entry.path)
            if entry.is_dir(follow_symlinks=False):
                folders.append(path)
            elif entry.is_file(follow_symlinks=False):
                yield path.relative_to(folder).as_posix()
            else:
                raise BadBundle(
                    f"{legible(path)} is a link or no regular file; a bundle holds only regular "
                    "files. Put the file itself there."
                )


def _read_regular(path: Path, max_bytes: int) -> bytes:
    def opener(name: str, flags: int) -> int:
        return os.open(name, flags | _CAREFULLY)

    with open(path, "rb", opener=opener) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "this is not a regular file")
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise OSError(errno.EFBIG, f"it has more than {max_bytes} bytes")
    return content
