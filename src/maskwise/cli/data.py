"""`maskwise data`: what can be done with data sets."""

from pathlib import Path
from typing import Annotated

import typer

from maskwise.cli.console import command, counting, say
from maskwise.dataset.drawn import draw_sample_set

app = typer.Typer(help="Make and look into data sets.")


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
