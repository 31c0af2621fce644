"""Disk: files of this machine, or of a disk that machines share."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from maskwise.durable import make_folder, write_bytes
from maskwise.errors import StoreFailed, UnreadableImage
from maskwise.names import legible
from maskwise.sources.folder import leads_out


class Disk:
    """Addresses are absolute paths; see `Store`."""

    def is_folder(self, address: str) -> bool:
        """See `Store`."""
        return Path(address).is_dir()

    def walk(self, address: str) -> Iterator[str]:
        """See `Store`. A link is followed to a file inside of the folder only."""
        yield from self._below(Path(address), Path(address))

    def _below(self, folder: Path, root: Path) -> Iterator[str]:
        try:
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            raise StoreFailed(f"{legible(folder)} cannot be listed: {error.strerror}.") from error
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from self._below(Path(entry.path), root)
            elif entry.is_file() and not (entry.is_symlink() and leads_out(Path(entry.path), root)):
                yield entry.path

    def open(self, address: str) -> BinaryIO:
        """See `Store`."""
        try:
            if not Path(address).is_file():  # a pipe would be waited at for ever
                raise FileNotFoundError(2, "there is no such file")
            return Path(address).open("rb")
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise UnreadableImage(f"{legible(address)}: {reason}") from error

    def read(self, address: str, *, max_bytes: int) -> bytes:
        """See `Store`."""
        with self.open(address) as file:
            try:
                return file.read(max_bytes)
            except OSError as error:
                raise UnreadableImage(f"{legible(address)}: {error.strerror}") from error

    def write(self, address: str, content: bytes) -> None:
        """See `Store`."""
        make_folder(Path(address).parent)
        write_bytes(Path(address), content)
