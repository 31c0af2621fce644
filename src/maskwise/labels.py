"""The classes: what can be said of a face, how it is written and in which colour."""

from typing import Final

LABELS: Final[tuple[str, ...]] = ("without_mask", "with_mask", "incorrect")
"""Class names by label number. The numbers are public and stay."""

WITHOUT_MASK: Final = 0
WITH_MASK: Final = 1
INCORRECT: Final = 2
UNSURE: Final = -1

_WORDS: Final = {
    WITHOUT_MASK: "no mask",
    WITH_MASK: "mask",
    INCORRECT: "mask worn wrongly",
    UNSURE: "unsure",
}

# Okabe and Ito's palette: told apart under every common form of colour blindness.
_COLOURS_RGB: Final = {
    WITHOUT_MASK: (213, 94, 0),
    WITH_MASK: (0, 114, 178),
    INCORRECT: (230, 159, 0),
    UNSURE: (128, 128, 128),
}


def label_name(label: int) -> str:
    """The name that programs read: an entry of `LABELS`, or `unsure`.

    >>> label_name(1), label_name(-1)
    ('with_mask', 'unsure')
    """
    return "unsure" if label == UNSURE else LABELS[label]


def label_number(name: str) -> int:
    """The number that `label_name` gave this name.

    Raises:
        ValueError: It is no such name.

    >>> label_number("with_mask"), label_number("unsure")
    (1, -1)
    """
    if name == label_name(UNSURE):
        return UNSURE
    if name not in LABELS:
        raise ValueError(f"{name!r} is none of {', '.join(LABELS)} and unsure")
    return LABELS.index(name)


def label_words(label: int) -> str:
    """The words that people read.

    >>> label_words(0)
    'no mask'
    """
    return _WORDS[label]


def label_colour_rgb(label: int) -> tuple[int, int, int]:
    """The colour of a label in pictures and charts, `(r, g, b)` from 0 to 255."""
    return _COLOURS_RGB[label]
