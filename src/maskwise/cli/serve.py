"""`maskwise serve`: the service over HTTP, and its page."""

import signal
from pathlib import Path
from typing import Annotated, Final

import typer

from maskwise.cli.console import say
from maskwise.extras import load

_EXIT_INTERRUPTED: Final = 130


def serve(
    model: Annotated[
        str | None,
        typer.Option(envvar="MASKWISE_MODEL", help="A bundle; left out, the one that comes along."),
    ] = None,
    mode: Annotated[
        str | None,
        typer.Option(envvar="MASKWISE_MODE", help="`fast`, `balanced` or `thorough`."),
    ] = None,
    strict: Annotated[
        bool,
        typer.Option("--strict", envvar="MASKWISE_STRICT", help="No bare face may be missed."),
    ] = False,
    host: Annotated[
        str, typer.Option(envvar="MASKWISE_HOST", help="The address to listen on.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(envvar="MASKWISE_PORT", help="The port; 0 takes one that is free.")
    ] = 8000,
    workers: Annotated[
        int | None,
        typer.Option(
            envvar="MASKWISE_WORKERS", help="Processes that decide; left out, one a core."
        ),
    ] = None,
    keys: Annotated[
        Path | None,
        typer.Option(
            envvar="MASKWISE_KEYS_FILE",
            help="A file of keys, `name:key` a line, of which a request needs one. MASKWISE_KEYS "
            "may hold some, too.",
        ),
    ] = None,
    is_open: Annotated[
        bool,
        typer.Option(
            "--open", envvar="MASKWISE_OPEN", help="Let others than this machine ask without a key."
        ),
    ] = False,
    rate: Annotated[
        float,
        typer.Option(
            envvar="MASKWISE_RATE",
            help="Requests a second that each key may make for long; 0: as many as it likes.",
        ),
    ] = 0.0,
) -> int:
    """Answer over HTTP, and show a page for everybody, until SIGTERM or Ctrl-C.

    stdout gets a line of JSON for each request. SIGHUP reads the model anew; if something is wrong
    with it, the old one goes on. docs/service.md tells what can be asked.
    """
    server_module = load("maskwise.service.server", extra="serve")
    settings_module = load("maskwise.service.settings", extra="serve")
    settings = settings_module.Settings(
        opening=settings_module.Opening(model=model, mode=mode, strict=strict),
        host=host,
        port=port,
        keys=keys,
        is_open=is_open,
        rate_per_s=rate,
        **({} if workers is None else {"workers": workers}),
    )
    server = server_module.Server(settings)
    ended_by = server.run(lambda: say(f"Serving at {server.url}"))
    return _EXIT_INTERRUPTED if ended_by == signal.SIGINT else 0
