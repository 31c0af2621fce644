"""`maskwise cross-validate`: one recipe under every way to split a data set."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markdown import Markdown

from maskwise.cli.console import hushed, say
from maskwise.cli.opening import ClassNames, Format, open_data, tell_what_is_wrong
from maskwise.cli.train import TrainingProgress
from maskwise.extras import load, require
from maskwise.runs.recipe import find_recipe, require_seed


def cross_validate(
    data: Annotated[Path, typer.Argument(help="A data set that names the source of each picture.")],
    out: Annotated[Path, typer.Option(help="Folder for a run per split, and for the table.")],
    recipe: Annotated[str, typer.Option(help="What to train and how.")] = "reference",
    seed: Annotated[int, typer.Option(help="Same data and seed, same result.")] = 0,
    epochs: Annotated[int | None, typer.Option(help="Instead of the number in the recipe.")] = None,
    format: Format = None,
    class_name: ClassNames = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where an earlier call was cut off.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print cross-validation.json instead of the table.")
    ] = False,
) -> None:
    """Train and judge under a random split, a grouped one, and with each source held out."""
    require("tensorflow", extra="train")
    find_recipe(recipe, epochs=epochs)
    require_seed(seed)
    with hushed():
        training = load("maskwise.training.cross_validation", extra="train")
    with TrainingProgress() as watcher:
        dataset = open_data(data, format, class_name, on_progress=watcher.listing)
        tell_what_is_wrong(dataset)
        result = training.cross_validate(
            dataset,
            out=out,
            recipe=recipe,
            seed=seed,
            epochs=epochs,
            resume=resume,
            watcher=watcher,
            on_fold=lambda name, number, total: say(f"[{number}/{total}] {name}"),
        )
    if as_json:
        typer.echo((out / "cross-validation.json").read_text(encoding="utf-8"), nl=False)
    elif (stdout := Console()).is_terminal:
        stdout.print(Markdown(result.to_markdown()))
    else:
        typer.echo(result.to_markdown())
    say(f"Wrote {out / 'cross-validation.json'} and .md; each run has its own report.")
