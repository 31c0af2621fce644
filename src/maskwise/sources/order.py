"""Order: in which files are listed, the same on every machine."""

import re
from pathlib import PurePath
from typing import Any, Final

_DIGITS: Final = re.compile(r"([0-9]+)")


def natural(path: PurePath) -> tuple[Any, ...]:
    """What to sort a path by: folder by folder, without regard to case, numbers by value.

    >>> sorted(map(PurePath, ["b/10.jpg", "b/9.jpg", "A.jpg"]), key=natural)[1].name
    '9.jpg'
    """
    return tuple(_parts(name) for name in path.parts), str(path)


def _parts(name: str) -> list[str | int]:
    # Texts and numbers by turns, so that a text is never compared with a number.
    return [
        int(part) if index % 2 else part
        for index, part in enumerate(_DIGITS.split(name.casefold()))
    ]
