"""`maskwise page`: the page as files, for any host that serves files."""

from pathlib import Path
from typing import Annotated

import typer

from maskwise.cli.console import say
from maskwise.names import legible
from maskwise.service.browser import write_page
from maskwise.service.workers.decider import Opening


def page(
    out: Annotated[Path, typer.Argument(help="The folder to make; it must not be there yet.")],
    model: Annotated[
        str | None, typer.Option(help="A bundle; left out, the one that comes along.")
    ] = None,
    mode: Annotated[str | None, typer.Option(help="`fast`, `balanced` or `thorough`.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="No bare face may be missed.")] = False,
) -> None:
    """Write the page of the service to OUT, as files that decide by themselves in a browser.

    Whatever serves files can serve them, over https or to this machine alone, as browsers open
    cameras for no others. No picture ever leaves the device.
    """
    write_page(out, Opening(model=model, mode=mode, strict=strict))
    say(f"Wrote {legible(out)}. Try it: python -m http.server --directory {legible(out)}")
