"""`maskwise doctor`: whether all that is installed works, and the way out where it does not."""

import json
from dataclasses import asdict
from typing import Annotated, Final

import typer

from maskwise.cli.checkup import Finding, check_all
from maskwise.cli.console import say
from maskwise.names import legible

_COLOURS: Final = {"ok": "green", "missing": "yellow", "broken": "red", "skipped": "yellow"}
_NAME_WIDTH: Final = 15
_STATE_WIDTH: Final = 7


def doctor(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a line of JSON per check even on a terminal.")
    ] = False,
) -> int:
    """Say what is installed, whether it works, and the way out where it does not.

    Exit code 1 if something is broken. What is merely not installed is not.
    """
    is_well = True
    for finding in check_all():
        is_well &= finding.state in ("ok", "missing")
        typer.echo(json.dumps(asdict(finding)) if as_json else _line(finding))
    say("All that is installed works." if is_well else "Something that is installed is broken.")
    return 0 if is_well else 1


def _line(finding: Finding) -> str:
    name = finding.about.ljust(_NAME_WIDTH)
    state = typer.style(finding.state.ljust(_STATE_WIDTH), fg=_COLOURS[finding.state])
    told = " ".join(filter(None, (finding.says, finding.way_out)))
    return f"{name}  {state}  {legible(told)}"
