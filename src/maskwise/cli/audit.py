"""`maskwise data audit`: what would fool a training, before it begins."""

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markdown import Markdown

from maskwise.cli.console import command, counting, say
from maskwise.cli.opening import ClassNames, Format, open_data
from maskwise.dataset.convert import convert, require_target
from maskwise.dataset.dataset import Dataset
from maskwise.durable import write_text
from maskwise.extras import load
from maskwise.names import legible

if TYPE_CHECKING:
    from maskwise.dataset.audit.findings import Audit


def audit(
    data: Annotated[Path, typer.Argument(help="Data folder, or its JSON, YAML or CSV file.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder for audit.json, audit.md and audit.html.")
    ] = None,
    fix: Annotated[
        Path | None,
        typer.Option(help="New folder for a cleaned copy, with removed.csv. DATA stays as it is."),
    ] = None,
    format: Format = None,
    class_name: ClassNames = None,
    seed: Annotated[int, typer.Option(help="Same data and seed, same findings.")] = 0,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print audit.json instead of the summary.")
    ] = False,
) -> None:
    """Look for duplicates, leaks, doubtful labels and shortcuts in DATA."""
    if fix is not None:
        require_target(fix, "csv", data)  # what can be known at once comes before what takes time
    load("maskwise.dataset.audit.audit", extra="train")
    scorer = load("maskwise.faces.yunet", extra="train").FaceScorer()
    with counting("Reading") as progress:
        dataset = open_data(data, format, class_name, on_progress=progress)
    if fix is not None:
        require_target(fix, "csv", dataset.root)  # an annotation file may speak of more than it
    with counting("Auditing") as progress:
        found = dataset.audit(face_score=scorer, seed=seed, on_progress=progress)
    if as_json:
        typer.echo(found.to_json(), nl=False)
    elif (stdout := Console()).is_terminal:
        stdout.print(Markdown(found.to_markdown()))
    else:
        typer.echo(str(found))
    if out is not None:
        say("Wrote " + ", ".join(str(path) for path in found.write(out)))
    if fix is not None:
        _write_cleaned(dataset, found, fix)
    elif found.near_duplicates:
        say(f"For a copy without duplicates: {command('data', 'audit', data)} --fix OUT")


def _write_cleaned(dataset: Dataset, found: "Audit", out: Path) -> None:
    cleaned, removed = load("maskwise.dataset.audit.cleaning", extra="train").clean(dataset, found)
    has_boxes = any(sample.box_xyxy is not None for sample in cleaned.samples)
    with counting("Copying") as progress:
        convert(cleaned, out, format="coco" if has_boxes else "folders", on_progress=progress)
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(("file", "reason"))
    writer.writerows((legible(path), legible(reason)) for path, reason in removed.items())
    write_text(out / "removed.csv", table.getvalue())
    say(
        f"Wrote {len(cleaned.samples)} faces to {out}; left out {len(removed)} files, each with "
        "the reason in removed.csv. Doubtful labels are still in: a person must look at them."
    )
