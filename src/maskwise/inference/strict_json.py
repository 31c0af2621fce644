"""Strict JSON: for files that came from anywhere; what is not plain and expected is refused."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from maskwise.names import legible

_LARGEST: Final = 2**53  # whole numbers beyond are not the same in all programs


def parse_object(content: bytes) -> dict[str, Any]:
    """Read one JSON object in UTF-8, as the standard has it.

    Raises:
        ValueError: It is none; a key stands in it twice, a number is not finite or too large, or
            it is nested too deeply.
    """
    try:
        values = json.loads(
            content.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_refuse,
            parse_float=_finite,
            parse_int=_small,
        )
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(values, dict):
        raise ValueError(f"it must hold an object, not {type(values).__name__}")
    return values


def require_fields(values: Any, kinds: Mapping[str, type | tuple[type, ...]], what: str) -> None:
    """Refuse another object than one with just these fields, of just these types.

    Args:
        values: What was read.
        kinds: The types of each field; whole numbers and truth values are two different ones.
        what: How the object is named in the message.

    Raises:
        ValueError: A field is missing, unknown or of another type.
    """
    if not isinstance(values, dict) or values.keys() != kinds.keys():
        received = ", ".join(sorted(values)) if isinstance(values, dict) else repr(values)
        raise ValueError(
            f"{what} has the fields {', '.join(kinds)}; received: {_short(received) or 'none'}"
        )
    for field, kind in kinds.items():
        allowed = kind if isinstance(kind, tuple) else (kind,)
        if type(values[field]) not in allowed:
            raise ValueError(
                f"`{field}` of {what} must be {' or '.join(map(_word, allowed))}; "
                f"received: {_short(repr(values[field]))}"
            )


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"`{_short(twice)}` stands in it twice")
    return values


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number in JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{_short(text)} is too large")
    return number


def _small(text: str) -> int:
    if len(text) > len(str(_LARGEST)) + 1 or abs(int(text)) > _LARGEST:
        raise ValueError(f"{_short(text)} is too large")
    return int(text)


def _word(kind: type) -> str:
    return {
        "dict": "an object",
        "list": "a list",
        "str": "a text",
        "int": "a whole number",
        "float": "a number",
    }[kind.__name__]


def _short(text: str) -> str:
    shown = legible(text)
    return shown if len(shown) <= 80 else f"{shown[:77]}..."
