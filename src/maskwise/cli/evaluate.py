"""`maskwise evaluate`: how good a trained network is, on pictures that it has not seen."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markdown import Markdown

from maskwise.cli.console import counting, hushed, say
from maskwise.cli.opening import ClassNames, Format, open_data
from maskwise.durable import make_folder
from maskwise.errors import InvalidInput
from maskwise.extras import load


def evaluate(
    model: Annotated[
        Path,
        typer.Argument(help="A finished run folder, a bundle, or `shipped` for what we ship."),
    ],
    data: Annotated[
        Path | None,
        typer.Argument(help="Other pictures to judge on, instead of the test side of a run."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for the report. [of a run: RUN, or RUN/on-DATA for other pictures; of a "
            "bundle: on-DATA]"
        ),
    ] = None,
    format: Format = None,
    class_name: ClassNames = None,
    robustness: Annotated[
        bool, typer.Option(help="Judge also on up to 200 pictures made worse; takes a while.")
    ] = True,
    faces: Annotated[
        str | None,
        typer.Option(
            help="Judge on whole pictures, in which faces are found this way (`yunet`, "
            "`centerface`), instead of faces cut out as DATA says."
        ),
    ] = None,
    mode: Annotated[
        str, typer.Option(help="With --faces: `fast`, `balanced` or `thorough`.")
    ] = "balanced",
    min_size: Annotated[
        float,
        typer.Option(min=0, help="With --faces: ignore faces of a shorter side below, in pixels."),
    ] = 0.0,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the JSON file instead of the summary.")
    ] = False,
) -> None:
    """Judge MODEL and write metrics.json, report.md and report.html.

    With --faces, the files are scenes.json, scenes.md and scenes.html.
    """
    if faces is not None and data is None:
        raise InvalidInput("`--faces` judges on whole pictures: name them as DATA. Received none.")
    with hushed():
        # What can be known at once comes before what takes time.
        subject = load("maskwise.evaluation.subject", extra="train").Subject.open(model)
        if data is None:
            subject.require_run()
        judge = load("maskwise.evaluation.judge", extra="train")
        scenes = load("maskwise.evaluation.scenes.judge", extra="train")
        if subject.run is not None:
            load("maskwise.inference.runtime_keras", extra="train")
    home = model if subject.run is not None else Path()  # a bundle stays as it is
    folder = out or (home if data is None else home / f"on-{data.resolve().name}")
    others = None
    if data is not None:
        with counting("Reading") as progress:
            others = open_data(data, format, class_name, on_progress=progress)
    make_folder(folder)
    with counting("Judging") as progress:
        report = (
            judge.evaluate(subject, others, robustness=robustness, on_progress=progress)
            if faces is None
            else scenes.evaluate_scenes(
                subject,
                others,
                faces=faces,
                mode=mode,
                min_size_px=min_size,
                on_progress=progress,
            )
        )
    paths = report.write(folder)
    if as_json:
        typer.echo(report.to_json(), nl=False)
    elif (stdout := Console()).is_terminal:
        stdout.print(Markdown(report.to_markdown()))
    else:
        typer.echo(report.to_markdown())
    say("Wrote " + ", ".join(str(path) for path in paths))
