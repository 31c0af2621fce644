"""The `maskwise` command: its verbs, its exit codes, and how errors are shown."""

import gc
import importlib
import os
import sys
import warnings
from pathlib import Path
from typing import Annotated, Final

import typer

from maskwise import __version__
from maskwise.cli.console import complain, hush_tensorflow
from maskwise.cli.ray_option import Command
from maskwise.errors import InvalidInput, MaskwiseError

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130

_VERBS: Final = (
    *("demo", "data", "train", "evaluate", "calibrate", "cross-validate", "compare"),
    *("export", "detect", "watch", "serve", "page", "explain"),
)
"""In the order of `maskwise --help`; each has a module of its name."""
_OBJECTS_PER_COLLECTION: Final = 50_000


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"maskwise {__version__}")
        raise typer.Exit


def _main(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    del version


def _app(arguments: list[str]) -> typer.Typer:
    """The command line, with the verb that is asked for alone, if one is.

    Whoever wants an answer on a picture must not wait for what trains and judges networks.
    """
    app = typer.Typer(
        name="maskwise",
        help="Says for every face in a picture whether a mask is worn, not worn, or worn wrongly.",
        add_completion=False,
        rich_markup_mode="markdown",  # else what stands in [] is taken for a style and lost
        pretty_exceptions_enable=False,
        epilog="Data goes to stdout, everything for people to stderr. "
        "Exit codes: 0 done, 1 some or all of it failed, 2 wrong usage, 130 interrupted.",
    )
    app.callback()(_main)
    for verb in arguments[:1] if arguments[:1] and arguments[0] in _VERBS else _VERBS:
        name = verb.replace("-", "_")
        module = importlib.import_module(f"maskwise.cli.{name}")
        if verb == "data":
            app.add_typer(module.app, name=verb)
        else:
            app.command(verb, cls=Command)(getattr(module, name))
    return app


def run() -> None:
    """Run the command line and leave the process with the right exit code."""
    # Libraries being loaded make many objects and no garbage: by default Python would look for it
    # so often, and once more at the end, that an answer on a photo took a tenth longer.
    gc.set_threshold(_OBJECTS_PER_COLLECTION)
    # Pillow's remarks on broken metadata are of no use to people who only want the answer.
    warnings.filterwarnings("ignore", category=UserWarning, module="PIL")
    hush_tensorflow()
    os.environ["KERAS_BACKEND"] = "tensorflow"  # whatever else its user may run Keras on
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever called us: what we say goes nowhere
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115 - for good
    code = _exit_code(sys.argv[1:] or ["--help"])
    if code == EXIT_INTERRUPTED:
        complain("interrupted")
    gc.freeze()  # what is left goes with the process
    sys.exit(code)


def _exit_code(arguments: list[str]) -> int:
    try:
        # Verbs return their exit code or None; Ctrl-C comes back as 130.
        code: int = _app(arguments)(arguments, standalone_mode=False) or 0
        sys.stdout.flush()
        return code
    except typer.TyperException as error:
        asked = " ".join(["maskwise", *(verb for verb in arguments[:1] if verb in _VERBS)])
        complain(f"{error.format_message()} (`{asked} --help` shows what there is)")
        return EXIT_USAGE
    except KeyboardInterrupt:  # while the verb was loaded
        return EXIT_INTERRUPTED
    except InvalidInput as error:
        complain(str(error))
        return EXIT_USAGE
    except MaskwiseError as error:
        complain(str(error))
        return EXIT_FAILED
    except BrokenPipeError:
        # Whoever read our stdout has gone.
        _leave_stdout()
        return EXIT_FAILED
    except OSError as error:
        _leave_stdout()
        complain(f"The system refused: {error}.")
        return EXIT_FAILED


def _leave_stdout() -> None:
    """Keep Python from complaining at the end about what could not be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
