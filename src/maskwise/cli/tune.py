"""`maskwise tune`: which values of a recipe's fields suit a data set."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markdown import Markdown

from maskwise.cli.console import command, hushed, say
from maskwise.cli.opening import ClassNames, Format, open_data, tell_what_is_wrong
from maskwise.cli.train import TrainingProgress
from maskwise.extras import load, require
from maskwise.runs.recipe import find_recipe, require_seed
from maskwise.search.folder import find_search, require_possible


def tune(
    data: Annotated[Path, typer.Argument(help="Data folder, or its JSON, YAML or CSV file.")],
    out: Annotated[Path, typer.Option(help="Folder for a run per trial, and for the report.")],
    recipe: Annotated[str, typer.Option(help="What to train and how.")] = "maskwise",
    trials: Annotated[int, typer.Option(help="How many trainings.")] = 20,
    seed: Annotated[int, typer.Option(help="Same data and seed, same result.")] = 0,
    epochs: Annotated[int | None, typer.Option(help="Instead of the number in the recipe.")] = None,
    split: Annotated[
        str,
        typer.Option(
            help="`grouped` keeps near-duplicates and faces of one scene on one side, `given` "
            "takes the sides that DATA names."
        ),
    ] = "grouped",
    format: Format = None,
    class_name: ClassNames = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="Go on where an earlier call was cut off, or with more trials."
        ),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print tune.json instead of the table.")
    ] = False,
) -> None:
    """Search learning rate, batch size and the like on the validation side of DATA."""
    # What can be known at once comes before what takes time.
    require("optuna", extra="tune")
    require("tensorflow", extra="tune")
    require_possible(trials=trials, split=split)
    find_recipe(recipe, epochs=epochs)
    require_seed(seed)
    find_search(out, resume=resume)
    with hushed():
        searching = load("maskwise.search.search", extra="tune")
    try:
        with TrainingProgress() as watcher:
            dataset = open_data(data, format, class_name, on_progress=watcher.listing)
            tell_what_is_wrong(dataset)
            report = searching.search(
                dataset,
                out=out,
                recipe=recipe,
                trials=trials,
                seed=seed,
                epochs=epochs,
                split=split,
                resume=resume,
                watcher=watcher,
                on_proposal=lambda number, words: say(f"[{number}/{trials}] {words}"),
                on_trial=lambda trial: say(trial.to_words()),
            )
    except KeyboardInterrupt:
        say("Stopped. To go on after the last finished epoch, run the same with --resume.")
        raise
    if as_json:
        typer.echo((out / "tune.json").read_text(encoding="utf-8"), nl=False)
    elif (stdout := Console()).is_terminal:
        stdout.print(Markdown(report.to_markdown()))
    else:
        typer.echo(report.to_markdown())
    say(f"Wrote {out / 'tune.html'}, .md and .json.")
    if report.best is not None:
        say(f"Judge the best, and no other: {command('evaluate', report.best.run)}")
