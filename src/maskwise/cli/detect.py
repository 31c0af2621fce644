"""`maskwise detect`: decisions on new pictures."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from rich.text import Text

from maskwise.cli.console import complain, counting, hushed
from maskwise.durable import PARTIAL_SUFFIX, make_folder, write_bytes
from maskwise.errors import InvalidInput, UnreadableImage
from maskwise.images import encode_image, read_image
from maskwise.inference.draw import draw
from maskwise.inference.pipeline import MaskDetector
from maskwise.labels import label_colour_rgb, label_words
from maskwise.names import legible
from maskwise.results import Faces

_LONGEST_NAME: Final = 255  # in bytes, on most disks


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one picture: its size and faces, or the reason why there is no answer."""

    source: Path
    size_hw: tuple[int, int] | None = None
    faces: Faces | None = None
    error: str | None = None

    def to_dict(self) -> Mapping[str, Any]:
        """The line of JSON for this picture, as plain values."""
        if self.faces is None or self.size_hw is None:
            return {"source": str(self.source), "error": self.error}
        height, width = self.size_hw
        return {
            "source": str(self.source),
            "width": width,
            "height": height,
            "faces": self.faces.to_dicts(),
        }


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
    copies = None if save is None else copy_paths(pictures, save)
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


def copy_paths(
    pictures: Sequence[Path], folder: Path, *, suffix: str = ".answer.jpg", option: str = "save"
) -> list[Path]:
    """Where the annotated copy of each picture goes: no two alike, none over a picture.

    Below `folder` the copies keep the folders that the pictures have below their common one, and
    are named after them: `a.png` becomes `a.png.answer.jpg`.

    Args:
        pictures: At least one.
        folder: Where the copies are to lie.
        suffix: Ends the name of each copy.
        option: Which option of the command line named `folder`.

    Raises:
        InvalidInput: A copy would take the place of one of the pictures.
    """
    absolute = [_absolute(path) for path in pictures]
    common = os.path.commonpath([path.parent for path in absolute])
    copies = [
        folder / path.parent.relative_to(common) / _copy_name(path.name, suffix)
        for path in absolute
    ]
    originals = {os.path.realpath(path) for path in pictures}
    for copy in copies:
        if os.path.realpath(copy) in originals:
            raise InvalidInput(
                f"`{option}` must be a folder where no copy replaces a picture. "
                f"Received: {folder}, where {legible(copy)} would."
            )
    return copies


def _copy_name(name: str, suffix: str) -> str:
    if len(os.fsencode(name + suffix + PARTIAL_SUFFIX)) > _LONGEST_NAME:
        name = hashlib.sha256(os.fsencode(name)).hexdigest()
    return name + suffix


def _absolute(path: Path) -> Path:
    return Path(os.path.normpath(path.absolute()))  # unlike `resolve`, keeps the names of links


def _outcomes(
    detector: MaskDetector, pictures: list[Path], copies: list[Path] | None
) -> Iterator[Outcome]:
    for index, picture in enumerate(pictures):
        try:
            image_rgb = read_image(picture)
        except UnreadableImage as error:
            yield Outcome(picture, error=str(error))
            continue
        faces = detector(image_rgb)
        if copies is not None:
            _save(copies[index], image_rgb, faces)
        yield Outcome(picture, size_hw=image_rgb.shape[:2], faces=faces)


def _save(path: Path, image_rgb: NDArray[np.uint8], faces: Faces) -> None:
    make_folder(path.parent)
    write_bytes(path, encode_image(draw(image_rgb, faces), format="jpeg"))


def _print_lines(outcomes: Iterable[Outcome]) -> int:
    failed = 0
    for outcome in outcomes:
        typer.echo(json.dumps(outcome.to_dict()))
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
