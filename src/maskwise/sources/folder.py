"""Folder: the pictures below one, found without opening a file."""

import os
from collections.abc import Iterator
from pathlib import Path

from maskwise.errors import InvalidInput
from maskwise.names import legible
from maskwise.sources.mode import is_folder, is_link, mode_of
from maskwise.sources.order import natural


def pictures_below(folder: Path, *, follow_links: bool) -> list[tuple[Path, str]]:
    """The files below a folder that are called like pictures, in natural order.

    What is hidden is passed over, and so are side files of macOS. A link is followed to a file
    inside of the folder only.

    Args:
        folder: Where to look.
        follow_links: Follow all links, each folder and each file being taken once.

    Returns:
        Each file and, if it cannot be looked into, the reason; so folders that cannot be read.

    Raises:
        InvalidInput: There is none.
    """
    entries = _followed(folder) if follow_links else _entries(folder)
    found = {path: reason for path, reason in entries if not (reason and _leads_on(path))}
    if not found:
        raise InvalidInput(
            "A folder must hold files that are called like pictures, such as .jpg, .png or .webp. "
            f"Received: {legible(folder)}, which holds none."
        )
    return sorted(found.items(), key=lambda item: natural(item[0].relative_to(folder)))


def is_hidden(path: Path, folder: Path) -> bool:
    """Whether the name of a file, or of a folder on the way to it, begins with a dot."""
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def leads_out(path: Path, folder: Path) -> bool:
    """Whether a file that seems to lie below a folder is really somewhere else."""
    inside = os.path.realpath(folder).rstrip(os.sep) + os.sep
    return not os.path.realpath(path).startswith(inside)


def _entries(folder: Path) -> Iterator[tuple[Path, str]]:
    # Only now: who names a file waits for nothing of data sets.
    from maskwise.dataset.formats.tree import Tree

    tree = Tree.walk(folder)
    names = dict.fromkeys(tree.pictures, "") | {file.path: file.reason for file in tree.rejected}
    for name, reason in names.items():
        if not is_hidden(folder / name, folder):
            yield folder / name, reason


def _leads_on(path: Path) -> bool:
    """Whether it is a link to something that exists."""
    return is_link(path) and mode_of(path) != 0


def _followed(folder: Path) -> Iterator[tuple[Path, str]]:
    met: set[str] = set()  # so that loops end and nothing is taken twice
    waiting = [folder]
    while waiting:
        for path, reason in _entries(waiting.pop(0)):
            real = os.path.realpath(path)
            if real in met:
                continue
            met.add(real)
            if reason and _leads_on(path) and is_folder(path):
                waiting.append(path)
            else:
                yield path, "" if _leads_on(path) else reason
