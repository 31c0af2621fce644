"""Coordinates: numbers as annotation files write them, lossless both ways."""

import math
from collections.abc import Sequence

from maskwise.preprocess import BoxXyxy


def parse_coordinate(value: object) -> float:
    """The finite number that a text or a JSON value stands for.

    Raises:
        ValueError: It is none; the message says what it is instead.

    >>> parse_coordinate(" 12.5 "), parse_coordinate(3)
    (12.5, 3.0)
    """
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            number = math.nan
        if math.isfinite(number):
            return number
    raise ValueError(f"{shorten(value)} is not a number")


def parse_box(values: Sequence[object]) -> BoxXyxy:
    """Left, top, right and bottom from four numbers as they stand in a file.

    Raises:
        ValueError: One of them is no number, or they are not four.
    """
    left, top, right, bottom = map(parse_coordinate, values)
    return left, top, right, bottom


def format_coordinate(value: float) -> str:
    """The shortest text that reads back as the same number; whole ones without a point.

    >>> format_coordinate(12.0), format_coordinate(0.1)
    ('12', '0.1')
    """
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def shorten(value: object) -> str:
    """A value as it can be quoted in a message of one line."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
