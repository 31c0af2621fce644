"""Pattern: the pictures that one such as `photos/**/*.jpg` names."""

import re
from pathlib import Path
from typing import Final

from maskwise.errors import InvalidInput
from maskwise.names import legible
from maskwise.sources.folder import is_hidden, leads_out
from maskwise.sources.mode import is_folder, is_link
from maskwise.sources.order import natural

_WILD: Final = re.compile(r"[*?]|\[.+\]")


def is_pattern(text: str) -> bool:
    """Whether a text could be a pattern: `*`, `?` and `[abc]` stand for other characters.

    >>> is_pattern("photos/*.jpg"), is_pattern("photos/[1.jpg")
    (True, False)
    """
    return any(_WILD.search(part) for part in Path(text).parts)


def pictures_matching(pattern: str, *, follow_links: bool) -> list[Path]:
    """The files that match a pattern and are called like pictures, in natural order.

    `*` stands for any characters but `/`, `?` for one, `[abc]` for one of these, `**` for any
    folders, into which no link is followed. What is hidden is passed over.

    Args:
        pattern: Relative to the working folder, or absolute.
        follow_links: Take files as well that a link leads to out of the folder in which the
            pattern begins.

    Raises:
        InvalidInput: There is none.
    """
    folder, wild = _split(Path(pattern))
    try:
        matches = [path for path in folder.glob(wild) if _is_wanted(path, folder, follow_links)]
    except (ValueError, NotImplementedError) as error:
        raise InvalidInput(
            f"A pattern must make sense. Received: {legible(pattern)}, {error}."
        ) from error
    if not matches:
        raise InvalidInput(
            "A pattern must match files that are called like pictures, such as .jpg, .png or "
            f".webp. Received: {legible(pattern)}, which matches none."
        )
    return sorted(set(matches), key=natural)


def _split(pattern: Path) -> tuple[Path, str]:
    """The folder in which a pattern begins, and what of it is wild."""
    n_plain = next(index for index, part in enumerate(pattern.parts) if is_pattern(part))
    wild = pattern.parts[n_plain:]
    if wild[-1] == "**":
        wild = (*wild, "*")
    return Path(*pattern.parts[:n_plain]), "/".join(wild)


def _is_wanted(path: Path, folder: Path, follow_links: bool) -> bool:
    from maskwise.dataset.formats.tree import IMAGE_SUFFIXES  # see `folder`

    return (
        path.suffix.lower() in IMAGE_SUFFIXES
        and not is_hidden(path, folder)
        and not is_folder(path)
        and (follow_links or not is_link(path) or not leads_out(path, folder))
    )
