"""Mode: what kind of thing lies at a path, asked without opening it."""

import stat
from pathlib import Path


def mode_of(path: Path, *, follow_links: bool = True) -> int:
    """The bits that `stat` tells kinds apart by; 0 if there is nothing that can be asked."""
    try:
        return path.stat(follow_symlinks=follow_links).st_mode
    except (OSError, ValueError):  # among them names that no file can have
        return 0


def is_link(path: Path) -> bool:
    """Whether a link lies there, wherever it leads."""
    return stat.S_ISLNK(mode_of(path, follow_links=False))


def is_folder(path: Path) -> bool:
    """Whether a folder lies there, or a link to one."""
    return stat.S_ISDIR(mode_of(path))
