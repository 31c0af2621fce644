"""Browser: all that a page needs to decide by itself, so that no picture leaves the device."""

import json
import shutil
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from maskwise.durable import make_folder, whole_folder
from maskwise.errors import InvalidInput, MissingExtra
from maskwise.faces import refined, search, yunet
from maskwise.faces.border import MIN_SHARE_INSIDE
from maskwise.inference.bundle import Bundle, model_folder
from maskwise.names import legible
from maskwise.service.workers.decider import Opening, describe

NO_PAGE: Final = (
    "The page is not in this installation. In a clone, `make page` builds it, with npm."
)
PAGE: Final = Path(str(files("maskwise.service"))) / "web"
"""Where the page lies that `make page` builds; wheels hold it."""


def write_page(out: Path, opening: Opening) -> None:
    """Write the page as files that decide by themselves, with what they decide with.

    Args:
        out: The folder to make; it must be missing or empty.
        opening: The model.

    Raises:
        BadBundle: The model cannot be used.
        InvalidInput: It finds faces by a detector that does not run in a browser, or `strict` was
            not chosen for it.
        MissingExtra: The page is not in this installation.
        OutputFailed: The folder cannot be written.
    """
    if not has_page():
        raise MissingExtra(NO_PAGE)
    contents = browser_files(opening)
    if not contents:
        raise InvalidInput(
            "`model` must find faces by yunet: a browser has no other. "
            f"Received: {legible(model_folder(opening.model))}, which finds them otherwise."
        )
    with whole_folder(out) as folder:
        shutil.copytree(PAGE, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("docs"))
        make_folder(folder / "model")
        for name, content in contents.items():
            (folder / "model" / name).write_bytes(content)


def has_page() -> bool:
    """Whether the page is in this installation."""
    return (PAGE / "index.html").is_file()


def browser_files(opening: Opening) -> Mapping[str, bytes]:
    """The files by which a page decides, by the names under which it looks for them.

    Returns:
        Name to content; empty if the bundle finds faces by a detector that no browser runs.

    Raises:
        BadBundle: It is damaged, or there is none.
        InvalidInput: `strict`, and that was not chosen for it.
        MissingExtra: The weights of the detector are not installed.
    """
    bundle = Bundle.open(model_folder(opening.model))
    if bundle.detector["faces"] != "yunet":
        return {}
    model = bundle.find("onnx")
    (classifier,) = bundle.read(model)
    about = describe(bundle, opening, model.precision)
    described = {**about, **_constants(about["detector"]["mode"])}
    return {
        "model.json": json.dumps(described).encode("ascii"),
        "finder.onnx": yunet.WEIGHTS.read_for_any_size(),
        "looker.onnx": refined.ONNX.read_bytes(),
        "classifier.onnx": classifier,
    }


def _constants(mode: str) -> Mapping[str, Any]:
    """What the steps before the classifier go by, for `web/src/decide`, which repeats them."""
    look = refined.LOOK
    chosen = yunet.SEARCHES[mode]
    return {
        "search": {
            "long_sides_px": list(chosen.long_sides_px),
            "min_score": chosen.min_score,
            "max_iou": search.MAX_IOU,
        },
        "look": {
            "size_hw": list(look.size_hw),
            "divisor": look.divisor,
            "crop_margin": look.crop_margin,
            "min_score": refined.MIN_SCORE,
            "max_iou": refined.MAX_IOU,
            "max_growth": refined.MAX_GROWTH,
        },
        "min_share_inside": MIN_SHARE_INSIDE,
    }
