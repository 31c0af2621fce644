"""`maskwise export`: a bundle that decides without TensorFlow."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maskwise.cli.console import command, hushed, say
from maskwise.extras import load
from maskwise.names import legible

if TYPE_CHECKING:
    from maskwise.exporters.parity import Parity


def export(
    run: Annotated[Path, typer.Argument(help="A finished run folder.")],
    bundle: Annotated[Path, typer.Argument(help="New or empty folder for the bundle.")],
    format: Annotated[
        list[str] | None,
        typer.Option(help="onnx, litert, openvino or savedmodel. Repeatable. [onnx]"),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Of the bundle. [that of RUN]")] = None,
    model_version: Annotated[str, typer.Option(help="Of the bundle.")] = "1",
    licence: Annotated[
        str, typer.Option(help="Under which the weights may be used.")
    ] = "not stated",
) -> None:
    """Make BUNDLE of RUN: each format in fp32 and int8, proven to answer alike.

    A file that answers otherwise ends it, and nothing is written.
    """
    with hushed():
        exporting = load("maskwise.exporters.export", extra="export")
        made = exporting.export(
            run,
            bundle,
            formats=format or ("onnx",),
            name=name,
            model_version=model_version,
            licence=licence,
            on_proof=_tell,
        )
    say(f"Wrote {legible(made.folder)}. Try it: {command('detect', 'PICTURE', '--model', bundle)}")


def _tell(format: str, precision: str, parity: "Parity") -> None:
    typer.echo(
        f"{format:<10} {precision}  {parity.changed_answers} of {parity.n} answers changed, "
        f"probabilities differ by at most {parity.largest_difference:.2g}, "
        f"on average {parity.mean_difference:.2g}"
    )
