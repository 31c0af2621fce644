"""Opening: data sets as people name them on the command line, and what is wrong with them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from maskwise.cli.console import say
from maskwise.dataset.dataset import Dataset
from maskwise.dataset.reading import Progress
from maskwise.errors import InvalidInput
from maskwise.names import legible

Format = Annotated[
    str | None,
    typer.Option("--format", help="folders, voc, coco, yolo or csv. [what the data looks like]"),
]
ClassNames = Annotated[
    list[str] | None,
    typer.Option(
        "--class",
        metavar="NAME=LABEL",
        help="What a class name of the data stands for, as in --class Maske=with_mask. Repeatable.",
    ),
]

_SHOWN: Final = 5


def open_data(
    path: Path,
    format: str | None,
    class_name: Sequence[str] | None,
    *,
    strict: bool = False,
    on_progress: Progress,
) -> Dataset:
    """Open the data set that people named, as their options say."""
    return Dataset.open(
        path,
        format=format,
        class_names=parse_class_names(class_name),
        strict=strict,
        on_progress=on_progress,
    )


def parse_class_names(entries: Sequence[str] | None) -> Mapping[str, str]:
    """The class names and labels that people gave as `NAME=LABEL`.

    Raises:
        InvalidInput: One of them has no `=`.
    """
    names = {}
    for entry in entries or ():
        name, equals, label = entry.rpartition("=")
        if not equals:
            raise InvalidInput(
                f"`--class` must be NAME=LABEL, as in Maske=with_mask. Received: {entry!r}."
            )
        names[name] = label
    return names


def tell_what_is_wrong(dataset: Dataset) -> None:
    """Say which files and faces of a data set are not used, the first few by name."""
    for kind, lines in dataset.unused().items():
        say(f"{len(lines)} {kind}")
        for line in lines[:_SHOWN]:
            say(f"  {legible(line)}")
        if len(lines) > _SHOWN:
            say(f"  and {len(lines) - _SHOWN} more")
