"""Whatever the documentation tells people to type is there: verbs, options, scripts, targets."""

import re
import shlex
import tomllib
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import typer
from _pytest.mark import ParameterSet

from fenced import CHECKED, PAGES, REPOSITORY, RUN, Block, read_blocks, read_code
from maskwise.cli.main import _app

LANGUAGES = {"", "python", "json", "toml", "text"}
BLOCKS = [block for page in PAGES for block in read_blocks(page)]
SHELL = [block for block in BLOCKS if block.language == ""]
EXTRAS = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"][
    "optional-dependencies"
]


def parse(arguments: Sequence[str]) -> None:
    """Let the real command line read the arguments, and run nothing."""
    command: Any = typer.main.get_command(_app([]))
    context = command.make_context("maskwise", list(arguments))
    while isinstance(command, typer.core.TyperGroup):
        given = [*context._protected_args, *context.args]
        name, command, given = command.resolve_command(context, given)
        context = command.make_context(name, given, parent=context)


def options_of(verbs: Sequence[str]) -> set[str]:
    command: Any = typer.main.get_command(_app([]))
    for verb in verbs:
        command = command.commands[verb]
    return {
        "--help",
        *(option for each in command.params for option in (*each.opts, *each.secondary_opts)),
    }


def called_in_text() -> Iterator[ParameterSet]:
    for page in PAGES:
        for code in read_code(page):
            if re.match(r"(maskwise|make|python|pip) ", code):
                yield pytest.param(shlex.split(code), id=f"{page.name}: {code}")


def require_there(words: Sequence[str]) -> None:
    """Fail if a command names an option, a script, a target or an extra that is not there."""
    program, *arguments = words
    if program == "make":
        makefile = (REPOSITORY / "Makefile").read_text()
        assert re.search(rf"^{arguments[0]}:", makefile, re.MULTILINE)
    elif program == "pip":
        for extra in re.findall(r"\[(\w+)\]", " ".join(arguments)):
            assert extra in EXTRAS
    elif program == "python" and not arguments[0].startswith("-"):
        script = REPOSITORY / arguments[0]
        assert script.is_file()
        for option in [word for word in arguments if word.startswith("--")]:
            assert f'"{option}"' in script.read_text(), f"{script.name} knows no {option}"


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_every_block_is_run_or_says_why_not(block: Block) -> None:
    assert block.language in LANGUAGES, "tests/docs knows how to run: " + ", ".join(LANGUAGES)
    if block.not_run is not None:
        assert len(block.not_run.split()) > 1, "say why it is not run"
    elif block.language == "":
        programs = {shlex.split(line)[0] for line in block.commands()}
        assert programs <= CHECKED | RUN, "say why it is not run, or teach tests/docs to run it"
    elif block.language == "text":
        assert not re.search(r"^(maskwise|python|pip|make|curl) ", block.text, re.MULTILINE)
    elif block.language == "toml":
        tomllib.loads(block.text)
    elif block.language == "json":
        assert block.objects()


@pytest.mark.parametrize("block", SHELL, ids=str)
def test_what_blocks_call_is_there(block: Block) -> None:
    for line in block.commands():
        words = shlex.split(line, comments=True)
        if words[0] == "maskwise":
            parse(words[1:])
        else:
            require_there(words)


@pytest.mark.parametrize("words", list(called_in_text()))
def test_what_the_text_calls_is_there(words: list[str]) -> None:
    """In a sentence arguments may be left out; what stands there must be known."""
    if words[0] != "maskwise":
        require_there(words)
        return
    verbs = words[1:3] if words[1] == "data" else words[1:2]
    if not verbs[0].startswith("-"):
        assert {word for word in words if word.startswith("--")} <= options_of(verbs)
