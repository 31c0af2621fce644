"""`maskwise detect`: decisions on new pictures."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from rich.text import Text

from maskwise.cli.console import complain, counting, hushed
from maskwise.durable import make_folder, write_bytes
from maskwise.errors import UnreadableImage
from maskwise.images import encode_image, read_image
from maskwise.inference.pipeline import MaskDetector
from maskwise.labels import label_colour_rgb, label_words
from maskwise.names import legible
from maskwise.outputs.copies import copy_paths
from maskwise.outputs.draw import draw
from maskwise.outputs.lines import to_line
from maskwise.outputs.outcome import Outcome
from maskwise.results import Faces


def detect(
    pictures: Annotated[list[Path], typer.Argument(help="One or more pictures.")],
    model: Annotated[Path, typer.Option(help="A finished run folder.")],
    faces: Annotated[
        str,
        typer.Option(
            help="How faces are found; `whole`: each picture is one face; `yunet`: look for all."
        ),
    ] = "whole",
    save: Annotated[
        Path | None, typer.Option(help="Folder for copies with the answers drawn on them.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="A line of JSON per picture even on a terminal.")
    ] = False,
) -> int:
    """Say for each of PICTURES whether a mask is worn.

    A table on a terminal, a line of JSON per picture in a pipe. A picture that cannot be read
    costs only itself; the exit code is then 1.
    """
    copies = None if save is None else copy_paths([str(picture) for picture in pictures], save)
    with hushed():
        detector = MaskDetector.load(model, faces=faces)
    outcomes = _outcomes(detector, pictures, copies)
    stdout = Console()
    if as_json or not stdout.is_terminal:
        failed = _print_lines(outcomes)
    else:
        with counting("Deciding") as progress:
            done = []
            for outcome in outcomes:
                done.append(outcome)
                progress(len(done), len(pictures))
        failed = _print_table(stdout, done)
    return 1 if failed else 0


def _outcomes(
    detector: MaskDetector, pictures: list[Path], copies: list[Path] | None
) -> Iterator[Outcome]:
    for index, picture in enumerate(pictures):
        try:
            image_rgb = read_image(picture)
        except UnreadableImage as error:
            yield Outcome(str(picture), error=str(error))
            continue
        faces = detector(image_rgb)
        if copies is not None:
            _save(copies[index], image_rgb, faces)
        yield Outcome(str(picture), size_hw=image_rgb.shape[:2], faces=faces)


def _save(path: Path, image_rgb: NDArray[np.uint8], faces: Faces) -> None:
    make_folder(path.parent)
    write_bytes(path, encode_image(draw(image_rgb, faces), format="jpeg"))


def _print_lines(outcomes: Iterable[Outcome]) -> int:
    failed = 0
    for outcome in outcomes:
        typer.echo(to_line(outcome), nl=False)
        if outcome.error is not None:
            failed += 1
            complain(outcome.error)
    return failed


def _print_table(stdout: Console, outcomes: Iterable[Outcome]) -> int:
    failed = 0
    table = Table("Picture", "Answer", "Probability", box=None, pad_edge=False)
    for outcome in outcomes:
        name = Text(legible(outcome.source))
        if outcome.faces is None:
            failed += 1
            table.add_row(name, Text("no answer", style="dim"), Text(legible(outcome.error or "")))
            continue
        for index, label in enumerate(outcome.faces.label.tolist()):
            red, green, blue = label_colour_rgb(label)
            answer = Text(label_words(label), style=f"bold rgb({red},{green},{blue})")
            probability = outcome.faces.probability[index].max()
            table.add_row(name, answer, f"{probability:.1%}")
    stdout.print(table)
    return failed
