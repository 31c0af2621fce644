"""`maskwise explain`: which parts of a picture spoke for its answer."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from maskwise.cli.console import complain, hushed
from maskwise.durable import make_folder, write_bytes
from maskwise.errors import UnreadableImage
from maskwise.images import encode_image, read_image
from maskwise.inference.attention import Explainer, Explanation, illustrate
from maskwise.labels import LABELS, UNSURE, label_name, label_words
from maskwise.names import legible
from maskwise.outputs.copies import copy_paths
from maskwise.runs.run import Run

_SUFFIX: Final = ".explained.png"


def explain(
    run: Annotated[Path, typer.Argument(help="A finished run folder.")],
    pictures: Annotated[list[Path], typer.Argument(help="One or more pictures of a face each.")],
    out: Annotated[Path, typer.Option(help="Folder for the explained pictures.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a line of JSON per picture.")
    ] = False,
) -> int:
    """Show which parts of each of PICTURES spoke for the answer of RUN.

    Writes each picture beside its heat map to PICTURE.explained.png in OUT. A picture that cannot
    be read costs only itself; the exit code is then 1.
    """
    opened = Run.open(run)
    explained = copy_paths(
        [str(picture) for picture in pictures], out, suffix=_SUFFIX, option="out"
    )
    with hushed():
        explainer = Explainer.load(opened)
    failed = 0
    for picture, path in zip(pictures, explained, strict=True):
        try:
            image_rgb = read_image(picture)
        except UnreadableImage as error:
            failed += 1
            complain(str(error))
            if as_json:
                typer.echo(json.dumps({"source": str(picture), "error": str(error)}))
            continue
        explanation = explainer(image_rgb)
        make_folder(path.parent)
        write_bytes(path, encode_image(illustrate(image_rgb, explanation), format="png"))
        if as_json:
            typer.echo(json.dumps(_to_dict(picture, path, explanation)))
        else:
            typer.echo(_line(picture, path, explanation))
    return 1 if failed else 0


def _to_dict(picture: Path, path: Path, explanation: Explanation) -> Mapping[str, Any]:
    probability = explanation.probability.tolist()
    return {
        "source": str(picture),
        "label": label_name(explanation.label),
        "probability": {
            name: round(value, 6) for name, value in zip(LABELS, probability, strict=False)
        },
        "explained": str(path),
    }


def _line(picture: Path, path: Path, explanation: Explanation) -> str:
    leaning, probability = explanation.leaning, explanation.probability.max()
    answer = f"{label_words(leaning)}, {probability:.1%}"
    if explanation.label == UNSURE:
        answer = f"{label_words(UNSURE)} (leaning to {answer})"
    return f"{legible(picture)}: {answer}; see {legible(path)}"
