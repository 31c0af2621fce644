"""`maskwise compare`: which of two trained networks answers better on the same pictures."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markdown import Markdown

from maskwise.cli.console import counting, hushed, say
from maskwise.cli.opening import ClassNames, Format, open_data
from maskwise.durable import make_folder
from maskwise.extras import load


def compare(
    a: Annotated[
        Path, typer.Argument(help="A finished run folder, a bundle, or `shipped` for what we ship.")
    ],
    b: Annotated[Path, typer.Argument(help="Another, of the same classes.")],
    data: Annotated[Path, typer.Option("--on", help="Labelled pictures to judge both on.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder for comparison.json, .md and .html. [none]")
    ] = None,
    format: Format = None,
    class_name: ClassNames = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print comparison.json instead of the summary.")
    ] = False,
) -> None:
    """Judge A and B on the same pictures and say whether one is better.

    Pictures that either was trained on, and near-duplicates of them, are left out.
    """
    with hushed():
        comparison = load("maskwise.evaluation.comparison", extra="train")
        subject = load("maskwise.evaluation.subject", extra="train").Subject
        # What can be known at once comes before what takes time.
        subjects = [subject.open(a), subject.open(b)]
        if any(each.run is not None for each in subjects):
            load("maskwise.inference.runtime_keras", extra="train")
    with counting("Reading") as progress:
        others = open_data(data, format, class_name, on_progress=progress)
    if out is not None:
        make_folder(out)
    with counting("Judging") as progress:
        result = comparison.compare(*subjects, others, on_progress=progress)
    paths = [] if out is None else result.write(out)
    if as_json:
        typer.echo(result.to_json(), nl=False)
    elif (stdout := Console()).is_terminal:
        stdout.print(Markdown(result.to_markdown()))
    else:
        typer.echo(result.to_markdown())
    if paths:
        say("Wrote " + ", ".join(str(path) for path in paths))
