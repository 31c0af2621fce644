"""`maskwise calibrate`: how sure a network must be before it answers."""

import json
from pathlib import Path
from typing import Annotated

import typer

from maskwise.cli.console import command, counting, hushed, say
from maskwise.extras import load
from maskwise.runs.run import Run


def calibrate(
    run: Annotated[Path, typer.Argument(help="A finished run folder.")],
    max_error: Annotated[
        float | None,
        typer.Option(
            help="Rate of errors among the answered that must be kept, such as 0.02: what is not "
            "sure enough is answered `unsure`. Without it, every face is answered."
        ),
    ] = None,
    confidence: Annotated[
        float, typer.Option(help="How often, over many validation sets, the rate is kept.")
    ] = 0.95,
    as_json: Annotated[bool, typer.Option("--json", help="Print the rule as JSON.")] = False,
) -> int:
    """Choose on the validation side of RUN when it answers, and keep that in RUN."""
    opened = Run.open(run)
    with hushed():
        validation = load("maskwise.evaluation.validation", extra="train")
        load("maskwise.inference.runtime_keras", extra="train")
    with counting("Calibrating") as progress:
        rule = validation.calibrate(
            opened, max_error=max_error, confidence=confidence, on_progress=progress
        )
    if as_json:
        typer.echo(json.dumps(rule.to_dict(), indent=2))
    of = (
        "pictures that were only watched"
        if max_error is None
        else "independent pictures (one of each near-duplicate group or scene)"
    )
    say(f"Temperature {rule.temperature:.3f}, chosen on {rule.n} {of}.")
    if max_error is None:
        say("Every face is answered.")
    elif rule.guaranteed:
        held_back = (
            f"Answers below a probability of {rule.min_probability:.6g} are now `unsure`"
            if rule.min_probability
            else "Every face is answered"
        )
        say(
            f"{held_back}, which keeps errors among the answered of such pictures under "
            f"{100 * max_error:.4g}% (confidence {100 * confidence:.4g}%)."
        )
    else:
        say(
            "These are too few, or too often answered wrongly, to promise at most "
            f"{100 * max_error:.4g}% errors: from now on all is answered `unsure`. Ask for less, "
            f"or train on more pictures. To answer always: {command('calibrate', run)}"
        )
    return 0 if max_error is None or rule.guaranteed else 1
