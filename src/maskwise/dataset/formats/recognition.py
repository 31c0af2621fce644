"""Recognition: which format a data set is written in."""

import os
import posixpath
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from maskwise.dataset.class_names import class_of
from maskwise.dataset.formats.coco import find_coco, list_coco
from maskwise.dataset.formats.csv_list import find_csv, list_csv
from maskwise.dataset.formats.data_yaml import find_yolo, root_of_yolo
from maskwise.dataset.formats.folders import label_by_folder, list_class_folders
from maskwise.dataset.formats.listing import ClassOf, Listing, with_plain_names
from maskwise.dataset.formats.manifest import MANIFEST, add_manifest
from maskwise.dataset.formats.sides import add_named_sides, side_named
from maskwise.dataset.formats.tree import PICTURE_FOLDERS, Tree, join
from maskwise.dataset.formats.voc import find_voc, list_voc
from maskwise.dataset.formats.yolo import list_yolo
from maskwise.errors import BadDataset, InvalidInput
from maskwise.names import legible

FORMATS: Final = ("folders", "voc", "coco", "yolo", "csv")

_BY_SUFFIX: Final = {".json": "coco", ".yaml": "yolo", ".yml": "yolo", ".csv": "csv"}


def list_data_set(
    path: Path, *, format: str | None = None, class_names: Mapping[str, str] | None = None
) -> tuple[Path, Listing]:
    """Find out what a data set says that it holds, without opening any picture.

    Args:
        path: The data folder, or a JSON (COCO), YAML (YOLO) or CSV file in it.
        format: An entry of `FORMATS`. None: what it looks like.
        class_names: Names of classes that come before the table of `class_names`, each with an
            entry of `LABELS`.

    Returns:
        The folder that the paths are relative to, and what was found.

    Raises:
        BadDataset: It is missing, cannot be listed, or looks like several formats.
        InvalidInput: There is no such format or class.
    """
    if format is not None and format not in FORMATS:
        raise InvalidInput(f"`format` must be one of {', '.join(FORMATS)}. Received: {format!r}.")
    named = partial(class_of, own_names=class_names)
    named("")  # a wrong entry of `class_names` is named before anything is looked into
    if path.suffix.lower() in _BY_SUFFIX and path.is_file():
        tree, listing = _list_file(path, format, named)
    else:
        _require_folder(path)
        tree = Tree.walk(path)
        listing = _list_folder(tree, format or _recognise(tree, named), named)
    listing.revise(lambda _, attributes: with_plain_names(attributes))
    add_named_sides(listing)
    return tree.root, listing


def _list_file(path: Path, format: str | None, class_of: ClassOf) -> tuple[Tree, Listing]:
    by_suffix = _BY_SUFFIX[path.suffix.lower()]
    if format not in (None, by_suffix):
        raise InvalidInput(
            f"`format` must be {by_suffix} for a {path.suffix} file. Received: {format!r}. "
            "Name the folder instead, if you mean that."
        )
    if by_suffix == "yolo":
        tree = Tree.walk(root_of_yolo(path))
        listing = list_yolo(tree, class_of, path)
    else:
        tree, file = _tree_of(path)
        list_files = list_coco if by_suffix == "coco" else list_csv
        listing = list_files(tree, class_of, [file])
    if path.name != MANIFEST:
        add_manifest(tree, listing, class_of)
    return tree, listing


def _tree_of(file: Path) -> tuple[Tree, str]:
    """What lies in the data folder of a file, and its path there.

    It is the folder of the file, or the one above if no picture lies below that, as where
    `annotations/a.json` lies beside `train2017/`.
    """
    tree = Tree.walk(file.parent)
    if tree.pictures:
        return tree, file.name
    folder = file.parent.resolve()
    return Tree.walk(folder.parent), join(folder.name, file.name)


def _list_folder(tree: Tree, format: str, class_of: ClassOf) -> Listing:
    if format == "folders":
        listing = list_class_folders(tree, class_of)
    elif format == "voc":
        listing = list_voc(tree, class_of)
    elif format == "coco":
        listing = list_coco(tree, class_of, find_coco(tree))
    elif format == "yolo":
        file = _only(find_yolo(tree), tree, "a YAML file with the names of the classes")
        listing = list_yolo(tree, class_of, tree.root / file)
    else:
        found = find_csv(tree)
        files = [file for file in found if file != MANIFEST] or found
        if not _are_sides(files):
            what = "a CSV file with a column of files and one of labels"
            files = [_only(files, tree, what)]
        listing = list_csv(tree, class_of, files)
        if files == [MANIFEST]:
            return listing
    add_manifest(tree, listing, class_of)
    return listing


def _are_sides(files: Sequence[str]) -> bool:
    """Whether files share out a data set: each names a side, and no two the same."""
    sides = {side_named(file) for file in files} - {None}
    return 1 < len(files) == len(sides)


def _recognise(tree: Tree, class_of: ClassOf) -> str:
    """The only format that speaks for itself in a folder; class folders if none does."""
    found = {"voc": find_voc(tree), "coco": find_coco(tree), "yolo": find_yolo(tree)}
    folders = _find_class_folders(tree, class_of)
    if folders or any(found.values()):
        found["folders"] = folders
        found["csv"] = [file for file in find_csv(tree) if not folders and file != MANIFEST]
    else:
        found["csv"] = find_csv(tree)
    formats = {format: files[0] for format, files in found.items() if files}
    if len(formats) > 1:
        seen = ", ".join(f"{format} ({legible(file)})" for format, file in formats.items())
        raise BadDataset(
            f"{legible(tree.root)} looks like several formats: {seen}. "
            f"Say which is meant, as in --format {next(iter(formats))}."
        )
    return next(iter(formats), "folders")


def _find_class_folders(tree: Tree, class_of: ClassOf) -> list[str]:
    """A folder of a class that pictures lie in, if there is one.

    Below `images/` the names of folders count only where nothing else speaks: there, annotations
    that were made from class folders leave the pictures.
    """
    for path in tree.pictures:
        folder = posixpath.dirname(path)
        if folder.split("/")[0] in PICTURE_FOLDERS:
            continue
        if label_by_folder(path, class_of) is not None:
            return [f"{folder}/"]
    return []


def _only(files: Sequence[str], tree: Tree, what: str) -> str:
    if len(files) == 1:
        return files[0]
    found = (
        f"There are {', '.join(map(legible, files))}: name one of them" if files else "Found none"
    )
    raise BadDataset(f"{legible(tree.root)} must hold {what}. {found}.")


def _require_folder(root: Path) -> None:
    try:
        with os.scandir(root):
            return
    except FileNotFoundError:
        why = "does not exist"
    except NotADirectoryError:
        why = "is a file, not a folder"
    except (OSError, ValueError) as error:
        why = f"cannot be listed: {getattr(error, 'strerror', None) or error}"
    raise BadDataset(
        f"{legible(root)} {why}. Name a folder that holds with_mask/ and without_mask/, or "
        "annotations in Pascal VOC, COCO, YOLO or CSV."
    )
