"""Source: one picture that was named, not yet read."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Source:
    """One picture that was named, not yet read.

    Attributes:
        name: What to call it, as it was named: a path, `-`, a URL without what may be secret in
            it. As file names go, it may hold anything; `maskwise.names.legible` makes it fit to
            be shown.
        key: The name, numbered where one name stands for several pictures: no two sources of one
            list have the same.
        path: The file; None if it is none.
        read_rgb: Gives the picture, upright, RGB uint8 `(h, w, 3)`. Raises `UnreadableImage`, or
            `InvalidInput` for a value that is no picture.
    """

    name: str
    key: str
    path: Path | None
    read_rgb: Callable[[], NDArray[np.uint8]]
