r"""CSV as RFC 4180 has it, UTF-8, all text quoted, and safe in spreadsheets."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

_ESCAPE: Final = "'"
_TO_ESCAPE: Final = re.compile(rf"^[=+\-@\t\r\n{_ESCAPE}]|[\ud800-\udfff]")


def safe(text: str) -> str:
    r"""A text that no spreadsheet runs as a formula.

    One that begins with one of `= + - @` or a tab or line break gets an apostrophe in front, as
    does one that begins with an apostrophe, and one with bytes that are not UTF-8. In these, and
    only these, a backslash is doubled and such a byte written like `\udce9`.
    """
    if not _TO_ESCAPE.search(text):
        return text
    doubled = text.replace("\\", "\\\\")
    return _ESCAPE + doubled.encode("utf-8", "backslashreplace").decode("utf-8")


def to_csv(rows: Iterable[Sequence[Any]]) -> str:
    """The rows with their line ends; texts are to be `safe`."""
    file = io.StringIO(newline="")
    csv.writer(file, quoting=csv.QUOTE_NONNUMERIC).writerows(rows)
    return file.getvalue()
