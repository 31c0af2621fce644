"""`maskwise data`: what can be done with data sets."""

from pathlib import Path
from typing import Annotated

import typer

from maskwise.cli.audit import audit
from maskwise.cli.console import command, counting, say
from maskwise.cli.opening import ClassNames, Format, open_data, tell_what_is_wrong
from maskwise.dataset.convert import convert as convert_data_set
from maskwise.dataset.convert import require_target
from maskwise.dataset.drawn import draw_sample_set

app = typer.Typer(help="Make and look into data sets.")
app.command()(audit)


@app.callback()
def _data() -> None:
    """Make and look into data sets."""


@app.command()
def draw(
    folder: Annotated[Path, typer.Argument(help="New or empty folder for the pictures.")],
    count: Annotated[int, typer.Option(help="How many pictures.")] = 600,
    seed: Annotated[int, typer.Option(help="Same seed, same pictures.")] = 7,
) -> None:
    """Draw a sample set of faces with and without masks, to try everything on."""
    with counting("Drawing") as progress:
        paths = draw_sample_set(folder, count=count, seed=seed, on_progress=progress)
    say(
        f"Drew {len(paths)} pictures into {folder}. "
        f"Train on them: {command('train', folder)} --recipe reference --out runs/first"
    )


@app.command()
def convert(
    data: Annotated[Path, typer.Argument(help="Data folder, or its JSON, YAML or CSV file.")],
    out: Annotated[Path, typer.Argument(help="New or empty folder for the data in its new form.")],
    to: Annotated[str, typer.Option(help="folders, voc, coco, yolo or csv.")],
    format: Format = None,
    class_name: ClassNames = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse DATA if anything of it cannot be used.")
    ] = False,
    crops: Annotated[
        bool, typer.Option("--crops", help="Cut out faces that have boxes, for class folders.")
    ] = False,
) -> int:
    """Write DATA into OUT in another format; nothing of pictures, boxes or labels is lost.

    The exit code is 1 if some of DATA could not be used.
    """
    require_target(out, to, data)  # what can be known at once comes before what takes time
    with counting("Reading") as progress:
        dataset = open_data(data, format, class_name, strict=strict, on_progress=progress)
    tell_what_is_wrong(dataset)
    with counting("Writing") as progress:
        convert_data_set(dataset, out, format=to, crops=crops, on_progress=progress)
    counts = ", ".join(f"{n} {name}" for name, n in dataset.counts().items()) or "none"
    say(f"Wrote {len(dataset.samples)} faces as {to} to {out}: {counts}")
    return 1 if dataset.unused() else 0
