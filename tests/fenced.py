"""Fenced blocks: the examples of the documentation, as its Markdown holds them."""

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[1]
PAGES = [REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md"]
PAGES += sorted((REPOSITORY / "docs").glob("*.md"))

CHECKED = {"pip", "make"}
"""Programs that the tests do not run: what they would install or build is looked for instead."""
RUN = {"maskwise", "python", "curl", "printf"}
"""Programs that they run: none that could change more than the folder it is in."""

_FENCE = re.compile(r"```(\w*)")
_NOT_RUN = re.compile(r"<!-- not run: (.*) -->")
_CODE = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Block:
    """An example: shell commands if it is of no language; `not_run` says why nobody runs it."""

    page: Path
    line: int
    language: str
    text: str
    not_run: str | None

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"

    def commands(self) -> list[str]:
        """The commands of a shell block, each on one line."""
        lines = self.text.replace("\\\n", " ").splitlines()
        return [line for line in lines if shlex.split(line, comments=True)]

    def objects(self) -> list[Any]:
        """What a JSON block holds, one after the other."""
        return list(read_objects(self.text))


def read_objects(text: str) -> Iterator[Any]:
    """The JSON objects of a text, one after the other."""
    decoder = json.JSONDecoder()
    while text := text.strip():
        value, end = decoder.raw_decode(text)
        yield value
        text = text[end:]


def read_blocks(page: Path) -> Iterator[Block]:
    """The blocks of a page, in order."""
    begun: tuple[int, str, str | None] | None = None
    held: list[str] = []
    above = ""
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        fence = _FENCE.fullmatch(line)
        if begun is None and fence:
            mark = _NOT_RUN.fullmatch(above)
            begun, held = (number, fence[1], mark and mark[1]), []
        elif begun is not None and fence:
            yield Block(page, begun[0], begun[1], "\n".join(held) + "\n", begun[2])
            begun = None
        elif begun is not None:
            held.append(line)
        above = line
    assert begun is None, f"{page}: a block has no end"


def read_code(page: Path) -> Iterator[str]:
    """What a page sets as code within its text, without its blocks."""
    text = page.read_text(encoding="utf-8")
    outside = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    for found in _CODE.findall(outside):
        yield " ".join(found.split())
