"""`maskwise export`: a bundle that decides without TensorFlow."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from maskwise.cli.console import command, hushed, say
from maskwise.cli.progress import people
from maskwise.errors import InvalidInput
from maskwise.extras import load
from maskwise.names import legible
from maskwise.runs.run import Run

if TYPE_CHECKING:
    from maskwise.exporters.parity import Parity


def export(
    run: Annotated[Path, typer.Argument(help="A finished run folder.")],
    bundle: Annotated[Path, typer.Argument(help="New or empty folder for the bundle.")],
    format: Annotated[
        list[str] | None,
        typer.Option(help="onnx, litert, openvino or savedmodel. Repeatable. [onnx]"),
    ] = None,
    int8: Annotated[
        bool, typer.Option("--int8/--no-int8", help="Whether to write integers besides the floats.")
    ] = True,
    name: Annotated[str | None, typer.Option(help="Of the bundle. [that of RUN]")] = None,
    model_version: Annotated[str, typer.Option(help="Of the bundle.")] = "1",
    licence: Annotated[
        str, typer.Option(help="Under which the weights may be used.")
    ] = "not stated",
    about: Annotated[
        Path | None,
        typer.Option(help="Markdown file with what the model card is to say besides."),
    ] = None,
) -> None:
    """Make BUNDLE of RUN: each format in fp32 and int8, proven to answer alike.

    A file that answers otherwise ends it, and nothing is written.
    """
    # What can be known at once comes before what takes time.
    opened, words = Run.open(run), "" if about is None else _read_words(about)
    say("Exporting, and comparing each file with RUN; about ten seconds for a format.")
    proofs: list[tuple[str, str, Parity]] = []
    try:
        with hushed():  # converters have much to say
            exporting = load("maskwise.exporters.export", extra="export")
            made = exporting.export(
                opened,
                bundle,
                formats=format or ("onnx",),
                int8=int8,
                name=name,
                model_version=model_version,
                licence=licence,
                about=words,
                on_proof=lambda *proof: proofs.append(proof),
            )
    finally:
        if proofs:
            _tell(proofs)
    say(f"Wrote {legible(made.folder)}. Try it: {command('detect', 'PICTURE', '--model', bundle)}")


def _read_words(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InvalidInput(
            f"`about` must be a text file in UTF-8. Received: {legible(path)}, which cannot be "
            f"read: {error}."
        ) from error


def _tell(proofs: Sequence[tuple[str, str, "Parity"]]) -> None:
    say("Differences of probabilities, and changed answers:")
    table = Table("format", "precision", box=None, pad_edge=False)
    for figure in ("largest difference", "mean", "changed", "changed unsure", "faces"):
        table.add_column(figure, justify="right")
    for format, precision, parity in proofs:
        table.add_row(
            format,
            precision,
            f"{parity.largest_difference:.2g}",
            f"{parity.mean_difference:.2g}",
            *map(str, (parity.changed_answers, parity.changed_unsure, parity.n)),
        )
    people.print(table)
