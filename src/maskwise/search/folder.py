"""Folder: what a search leaves on the disk, and whether it is this search that lies there."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from maskwise.errors import BadRun, InvalidInput
from maskwise.names import legible
from maskwise.runs.recipe import Recipe

FORMAT_VERSION: Final = 1
"""Of `tune.json`; grows when a reader of the old layout would misread the new one."""
REPORT: Final = "tune"
"""What the files of its report are called, before the dot."""
TRIALS: Final = "trials"
"""Where its runs lie."""
_SPLITS: Final = ("grouped", "given")
_LEFT_BEHIND: Final = ("lock", f"{REPORT}.json.partial")  # by a search that was killed at once


def require_possible(*, trials: int, split: str) -> None:
    """Refuse what no search can be.

    Raises:
        InvalidInput: There are to be no trials, or the split is not fit to choose on.
    """
    if trials < 1:
        raise InvalidInput(f"`trials` must be at least 1. Received: trials={trials}.")
    if split not in _SPLITS:
        raise InvalidInput(
            f"`split` must be one of {', '.join(_SPLITS)}: near-duplicates of what was trained on "
            f"are no judges of a training. Received: {split!r}."
        )


def find_search(folder: Path, *, resume: bool) -> Mapping[str, Any] | None:
    """What an earlier search in `folder` wrote down; None if there was none.

    Raises:
        BadRun: There was one and `resume` is False, or it is damaged, or there are other files.
    """
    path = folder / f"{REPORT}.json"
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        _require_vacant(folder)
        return None
    except OSError as error:
        raise BadRun(f"{legible(path)} cannot be read: {error.strerror or error}.") from error
    if not resume:
        raise BadRun(
            f"{legible(folder)} already holds a search. Go on with it by `--resume`, or choose "
            "another folder."
        )
    try:
        begun = json.loads(text)
        if begun["format_version"] != FORMAT_VERSION:
            raise BadRun(
                f"{legible(folder)} is a search of format {begun['format_version']}, but this "
                f"version of maskwise reads format {FORMAT_VERSION}. Search into a new folder."
            )
        return {"recipe": dict(begun["recipe"]), "seed": begun["seed"], "n": len(begun["trials"])}
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise BadRun(f"{legible(path)} is damaged: {error}.") from error


def _require_vacant(folder: Path) -> None:
    if not os.path.isdir(folder):  # noqa: PTH112 - Path.is_dir raises on long names
        return  # to be made, or refused when it is
    found = [path for path in folder.iterdir() if path.name not in _LEFT_BEHIND]
    if found:
        raise BadRun(
            f"{legible(folder)} is no search, but holds files (first: {legible(min(found).name)}). "
            "Choose a new or empty folder."
        )


def require_same_search(
    folder: Path, begun: Mapping[str, Any], base: Recipe, *, seed: int, trials: int
) -> None:
    """Refuse to go on with another search than that which `find_search` found in `folder`.

    Raises:
        BadRun: Its recipe or seed is another, or it has more trials already.
    """
    asked = json.loads(json.dumps({**base.to_dict(), "seed": seed}))
    then = {**begun["recipe"], "seed": begun["seed"]}
    for name, value in asked.items():
        if then.get(name) != value:
            what = "recipe" if name == "name" else name
            raise BadRun(
                f"The search in {legible(folder)} began with {what}={then.get(name)} and cannot go "
                f"on with {what}={value}. Search into a new folder."
            )
    if trials < begun["n"]:
        raise BadRun(
            f"The search in {legible(folder)} has {begun['n']} trials already and cannot go on "
            f"with {trials}. Ask for as many, or more."
        )
