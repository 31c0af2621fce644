"""`maskwise demo`: the whole of maskwise on drawn faces, in a few minutes."""

import shlex
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import typer
from numpy.typing import NDArray

from maskwise.cli.console import command, counting, say
from maskwise.cli.train import train_and_show
from maskwise.dataset.drawn import draw_face, draw_sample_set
from maskwise.durable import make_folder, write_bytes
from maskwise.extras import load, require
from maskwise.images import encode_image
from maskwise.inference.pipeline import MaskDetector
from maskwise.labels import WITH_MASK, WITHOUT_MASK
from maskwise.outputs.draw import contact_sheet, draw

_COUNT: Final = 600
_SEED: Final = 7
_NEW_SEED: Final = 2026
_N_NEW: Final = 12
_NEW_LABELS: Final = (WITH_MASK, WITHOUT_MASK) * (_N_NEW // 2)


def demo(
    folder: Annotated[Path, typer.Argument(help="Where everything is put.")] = Path("demo"),
) -> None:
    """Draw faces, train the reference recipe on them, judge it, and let it decide on new ones.

    Cut off, it goes on where it was; once done, it only judges and decides again.
    """
    require("tensorflow", extra="train")  # what can be known at once
    evaluate = load("maskwise.evaluation.judge", extra="train").evaluate
    run = folder / "run"
    say(f"1 of 4: drawing {_COUNT} faces with and without masks")
    _draw_pictures(folder / "pictures")
    say("2 of 4: training the reference recipe on them")
    train_and_show(folder / "pictures", run, recipe="reference", resume=True)
    say("3 of 4: judging it on the pictures set aside")
    with counting("Judging") as progress:
        report = evaluate(run, on_progress=progress)
    report.write(run)
    say(f"4 of 4: deciding on {_N_NEW} new pictures")
    sheet = folder / "contact-sheet.png"
    n_right = _decide_on_new(run, folder / "new", sheet)
    accuracy = report.metrics.accuracy
    say(
        f"\nRight on {accuracy.value:.1%} of {report.metrics.n} pictures set aside "
        f"(95 % interval {accuracy.low:.1%} to {accuracy.high:.1%}) "
        f"and on {n_right} of {_N_NEW} new ones.\n"
        f"  The report      {run / 'report.html'}\n"
        f"  The new faces   {sheet}\n"
        "Try next:\n"
        f"  {command('detect', folder / 'new')}/*.png "
        f"--model {shlex.quote(str(run))} --faces whole\n"
        f"  {command('train', 'YOUR_PICTURES')} --recipe reference --out runs/mine"
    )


def _draw_pictures(folder: Path) -> None:
    if not folder.exists():
        with counting("Drawing") as progress:
            draw_sample_set(folder, count=_COUNT, seed=_SEED, on_progress=progress)


def _decide_on_new(run: Path, folder: Path, sheet: Path) -> int:
    """Decide on new faces, save them and a sheet of the answers; returns how many are right."""
    make_folder(folder)
    detector = MaskDetector.load(run, faces="whole")
    tiles: list[NDArray[np.uint8]] = []
    n_right = 0
    for index, label in enumerate(_NEW_LABELS):
        image_rgb = draw_face(label, seed=_NEW_SEED, index=index)
        write_bytes(folder / f"new-{index + 1:02d}.png", encode_image(image_rgb, format="png"))
        faces = detector(image_rgb)
        n_right += int(faces.label[0]) == label
        tiles.append(draw(image_rgb, faces))
    write_bytes(sheet, encode_image(contact_sheet(tiles), format="png"))
    return n_right
