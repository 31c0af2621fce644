"""`maskwise calibrate`: how sure a network must be before it answers."""

import json
from pathlib import Path
from typing import Annotated, Final

import typer

from maskwise.cli.console import command, counting, hushed, say
from maskwise.extras import load
from maskwise.inference.decision import DecisionRule, StrictRule
from maskwise.runs.run import Run

_INDEPENDENT: Final = "independent pictures (one of each near-duplicate group or scene)"


def calibrate(
    run: Annotated[Path, typer.Argument(help="A finished run folder.")],
    max_error: Annotated[
        float | None,
        typer.Option(
            help="Rate of errors among the answered that must be kept, such as 0.02: what is not "
            "sure enough is answered `unsure`. Without it, every face is answered."
        ),
    ] = None,
    max_missed: Annotated[
        float | None,
        typer.Option(
            help="For `detect --strict`: share of the faces without mask, or with one worn "
            "wrongly, that may be answered `with_mask`, such as 0.01."
        ),
    ] = None,
    confidence: Annotated[
        float, typer.Option(help="How often, over many validation sets, the rates are kept.")
    ] = 0.95,
    as_json: Annotated[bool, typer.Option("--json", help="Print the rule as JSON.")] = False,
) -> int:
    """Choose on the validation side of RUN when it answers, and keep that in RUN."""
    opened = Run.open(run)
    with hushed():
        validation = load("maskwise.evaluation.validation", extra="train")
        load("maskwise.inference.runtime_keras", extra="train")
    with counting("Calibrating") as progress:
        rule: DecisionRule = validation.calibrate(
            opened,
            max_error=max_error,
            max_missed=max_missed,
            confidence=confidence,
            on_progress=progress,
        )
    if as_json:
        typer.echo(json.dumps(rule.to_dict(), indent=2))
    of = "pictures that were only watched" if max_error is None else _INDEPENDENT
    say(f"Temperature {rule.temperature:.3f}, chosen on {rule.n} {of}.")
    say(_what_is_answered(rule, run))
    if rule.strict is not None:
        say(_what_is_believed(rule.strict))
    asked = [rule.guaranteed] * (max_error is not None)
    asked += [rule.strict.guaranteed] if rule.strict else []
    return 0 if all(asked) else 1


def _what_is_answered(rule: DecisionRule, run: Path) -> str:
    if rule.max_error is None and rule.min_probability:
        return (
            f"Answers below a probability of {rule.min_probability:.6g} are `unsure`, as with the "
            "network that it went on from. No rate of errors is promised."
        )
    if rule.max_error is None:
        return "Every face is answered."
    if not rule.guaranteed:
        return (
            "These are too few, or too often answered wrongly, to promise at most "
            f"{_percent(rule.max_error)} errors: from now on all is answered `unsure`. Ask for "
            f"less, or train on more pictures. To take that back: {command('calibrate', run)}"
        )
    held_back = (
        f"Answers below a probability of {rule.min_probability:.6g} are now `unsure`"
        if rule.min_probability
        else "Every face is answered"
    )
    return (
        f"{held_back}, which keeps errors among the answered of such pictures under "
        f"{_percent(rule.max_error)} (confidence {_percent(rule.confidence)})."
    )


def _what_is_believed(strict: StrictRule) -> str:
    promise = (
        f"answering `with_mask` to at most {_percent(strict.max_missed)} of the faces without a "
        "mask worn rightly"
    )
    if not strict.guaranteed:
        return (
            f"Strictly, no mask is believed: {strict.n} {_INDEPENDENT} without one do not suffice "
            f"to promise {promise}. Ask for less, or train on more pictures."
        )
    return (
        f"Strictly, a mask is believed from a probability of {strict.min_probability:.6g} on, "
        f"which keeps to {promise} (confidence {_percent(strict.confidence)}; chosen on "
        f"{strict.n} {_INDEPENDENT})."
    )


def _percent(share: float) -> str:
    return f"{100 * share:.4g}%"
