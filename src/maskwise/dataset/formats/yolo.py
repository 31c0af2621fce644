"""YOLO: a text file for each picture, and a YAML file that names classes and sides."""

import os
import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from maskwise.dataset.formats.annotated import AnnotatedPicture, by_side
from maskwise.dataset.formats.coordinates import format_coordinate, parse_coordinate, shorten
from maskwise.dataset.formats.listing import ClassOf, Listing
from maskwise.dataset.formats.sides import FILE_NAMES, SideBook, read_names, write_names
from maskwise.dataset.formats.sizes import upright_size_hw
from maskwise.dataset.formats.tree import BadAnnotation, NoSuchPicture, Tree, join, read_annotation
from maskwise.dataset.samples import Candidate, Rejected
from maskwise.durable import make_folder, write_text
from maskwise.errors import InvalidInput, UnreadableImage
from maskwise.extras import load
from maskwise.images import read_bytes
from maskwise.labels import LABELS
from maskwise.preprocess import BoxXyxy

_MAX_YAML_BYTES: Final = 2**20
_MAX_LABEL_BYTES: Final = 16 * 2**20
_HAS_NAMES: Final = re.compile(rb"^[\"']?names[\"']?[ \t]*:", re.MULTILINE)
_ROUNDING: Final = 2e-6  # of a side: what six decimals may put a box beyond the edge
_DECIMALS: Final = 6  # of a pixel: what is left of a box after its division and multiplication


@dataclass(frozen=True, slots=True)
class _DataFile:
    """What the YAML file of a data set says.

    Attributes:
        where: The file as problems name it.
        folder: What its entries are relative to, below the data folder.
        names: The classes by number.
        entries: Folders and lists of pictures, by side.
    """

    where: str
    folder: str
    names: Mapping[int, str]
    entries: Mapping[str, Sequence[str]]


def find_yolo(tree: Tree) -> list[str]:
    """The YAML files that name classes."""
    found = []
    for path in tree.named(".yaml", ".yml"):
        try:
            if _HAS_NAMES.search(tree.read(path, _MAX_YAML_BYTES)):
                found.append(path)
        except BadAnnotation:
            continue
    return found


def root_of_yolo(file: Path) -> Path:
    """The data folder of a YAML file: its `path` if that is a folder, or else where it lies.

    Raises:
        BadAnnotation: The file cannot be read.
    """
    named = file.parent / _path_in(_parse(file, file.name))
    return named if named.is_dir() else file.parent


def list_yolo(tree: Tree, class_of: ClassOf, file: Path) -> Listing:
    """Find every face that the text files tell of that lie beside the pictures.

    Each line is `class centre-x centre-y width height` in shares of the upright picture; a sixth
    number is kept as the attribute `confidence`, and of an outline, `class x y x y x y ...`, its
    bounding box is taken. The text file has the name of the picture and lies where `labels`
    replaces the last `images` in its path, or beside it. An empty one says that there is no face.

    Args:
        tree: What lies in the data folder.
        class_of: From the name of a class to its number.
        file: The YAML file; it may lie outside of the data folder.
    """
    listing = Listing(problems=list(tree.problems))
    book = SideBook()
    try:
        data = _read(tree.root, file)
    except BadAnnotation as error:
        listing.problems.append(error.problem)
        listing.finish(tree)
        return listing
    pictures = {} if data.entries else dict.fromkeys(tree.pictures)
    for side, entries in data.entries.items():
        for picture in (path for entry in entries for path in _listed(tree, data, entry, listing)):
            pictures[picture] = None
            book.put(picture, side)
    text_files = frozenset(tree.named(".txt"))
    for picture in pictures:
        path = next((path for path in _text_paths(picture) if path in text_files), None)
        if path is not None:
            _list_picture(tree, data, picture, path, class_of, listing)
    book.add_to(listing, data.where)
    listing.finish(tree)
    return listing


def _parse(file: Path, where: str) -> Mapping[str, Any]:
    content = read_annotation(file, where, _MAX_YAML_BYTES)
    yaml = load("yaml", extra="train")
    try:
        parsed = yaml.safe_load(content)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise BadAnnotation(
            f"{where}{line}", f"is broken YAML: {getattr(error, 'problem', None) or error}"
        ) from error
    except RecursionError as error:
        raise BadAnnotation(where, "is nested too deeply") from error
    except (ValueError, OverflowError) as error:  # as of a date that is none
        raise BadAnnotation(where, f"cannot be read: {error}") from error
    if not isinstance(parsed, dict):
        raise BadAnnotation(where, "must name the classes: names: {0: without_mask, 1: with_mask}")
    return parsed


def _read(root: Path, file: Path) -> _DataFile:
    here = _inside(root, file.parent)
    where = file.name if here is None else join(here, file.name)
    parsed = _parse(file, where)
    folder = _inside(root, file.parent / _path_in(parsed))
    if folder is None or not (root / folder).is_dir():
        folder = here or ""
    entries = {side: _texts(parsed.get(name)) for side, name in FILE_NAMES.items()}
    return _DataFile(
        *(where, folder, _class_names(parsed.get("names"), where)),
        {side: texts for side, texts in entries.items() if texts},
    )


def _path_in(parsed: Mapping[str, Any]) -> str:
    path = parsed.get("path")
    return path if isinstance(path, str) and "\0" not in path else ""


def _inside(root: Path, folder: Path) -> str | None:
    """A folder relative to the data folder; None if it is not in it."""
    path = os.path.relpath(os.path.realpath(folder), os.path.realpath(root)).replace(os.sep, "/")
    if path == ".." or path.startswith("../"):
        return None
    return "" if path == "." else path


def _texts(value: object) -> Sequence[str]:
    values = value if isinstance(value, list) else [value]
    return [text for text in values if isinstance(text, str) and text]


def _class_names(names: object, where: str) -> Mapping[int, str]:
    entries = names.items() if isinstance(names, dict) else enumerate(_as_list(names))
    try:
        return {int(number): str(name) for number, name in entries}
    except (TypeError, ValueError, OverflowError) as error:
        raise BadAnnotation(where, "must have a list of names, or one by number") from error


def _as_list(names: object) -> Sequence[object]:
    return names if isinstance(names, list) else []


def _listed(tree: Tree, data: _DataFile, entry: str, listing: Listing) -> Sequence[str]:
    """The pictures in a folder, or in a list of them."""
    path = posixpath.normpath(posixpath.join(data.folder, entry.replace("\\", "/")))
    while path.startswith("../"):  # as in the files that Roboflow makes
        path = path.removeprefix("../")
    if path in tree.annotations:
        return _in_list(tree, path, listing)
    found = tree.below("" if path == "." else path)
    if not found:
        listing.complain(data.where, f"{entry!r} is no folder with pictures, nor a list of them")
    return found


def _in_list(tree: Tree, path: str, listing: Listing) -> Sequence[str]:
    found = []
    for number, name in read_names(tree, path, listing):
        try:
            found.append(tree.find(name, posixpath.dirname(path)))
        except NoSuchPicture as error:
            listing.complain(f"{path}:{number}", str(error))
    return found


def _text_paths(picture: str) -> Sequence[str]:
    """Where the text file of a picture may lie; by custom, the first."""
    folders, name = picture.split("/")[:-1], f"{PurePosixPath(picture).stem}.txt"
    beside = "/".join([*folders, name])
    if "images" not in folders:
        return [beside]
    last = len(folders) - 1 - folders[::-1].index("images")
    return ["/".join([*folders[:last], "labels", *folders[last + 1 :], name]), beside]


def _list_picture(
    tree: Tree, data: _DataFile, picture: str, path: str, class_of: ClassOf, listing: Listing
) -> None:
    try:
        text = tree.read(path, _MAX_LABEL_BYTES).decode("utf-8-sig", "replace")
        lines = [(number, line.split()) for number, line in enumerate(text.split("\n"), start=1)]
        lines = [(number, values) for number, values in lines if values]
        size_hw = upright_size_hw(read_bytes(tree.root / picture)) if lines else (0, 0)
    except BadAnnotation as error:
        listing.problems.append(error.problem)
        return
    except UnreadableImage as error:
        listing.rejected.append(Rejected(picture, str(error)))
        return
    if not lines:
        listing.faceless.append(picture)
    for number, values in lines:
        where = f"{path}:{number}"
        try:
            name = _class_name(values[0], data.names)
            box, attributes = _parse_line(values[1:], size_hw)
        except ValueError as error:
            listing.complain(where, f"{error}: the face is not used")
            continue
        label = class_of(name)
        if label is None:
            listing.leave_out(name, where)
        else:
            listing.candidates.append(Candidate(picture, label, box, attributes, where=where))


def _class_name(text: str, names: Mapping[int, str]) -> str:
    number = parse_coordinate(text)
    if number not in names:
        raise ValueError(f"there is no class {shorten(text)} among the {len(names)} names")
    return names[int(number)]


def _parse_line(
    values: Sequence[str], size_hw: tuple[int, int]
) -> tuple[BoxXyxy, Mapping[str, str]]:
    if len(values) < 4 or (len(values) > 5 and len(values) % 2):
        raise ValueError(f"the line has {len(values) + 1} columns instead of 5")
    is_outline = len(values) > 5
    shares = [parse_coordinate(value) for value in (values if is_outline else values[:4])]
    outside = next((share for share in shares if not 0 <= share <= 1), None)
    if outside is not None:
        raise ValueError(f"{outside:g} is not a share of the picture, 0 to 1")
    if is_outline:
        across, down = shares[::2], shares[1::2]
        box = (min(across), min(down), max(across), max(down))
    else:
        x, y, width, height = shares
        box = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    height_px, width_px = size_hw
    left, right = (_to_pixels(share, width_px) for share in box[::2])
    top, bottom = (_to_pixels(share, height_px) for share in box[1::2])
    return (left, top, right, bottom), {"confidence": values[4]} if len(values) == 5 else {}


def _to_pixels(share: float, side: int) -> float:
    if -_ROUNDING <= share <= 1 + _ROUNDING:
        share = min(max(share, 0.0), 1.0)
    return round(share * side, _DECIMALS)


def write_yolo(root: Path, pictures: Sequence[AnnotatedPicture]) -> None:
    """Write `labels/*.txt`, `data.yaml`, and a list of pictures for each side if there are sides.

    Args:
        root: The data folder; the pictures lie in its `images`.
        pictures: What is to be said of them.

    Raises:
        InvalidInput: Two names differ in nothing but their suffix, or a name cannot be listed.
    """
    written: dict[str, str] = {}
    for picture in pictures:
        path = _text_paths(picture.path)[0]
        first = written.setdefault(path, picture.path)
        if first != picture.path:
            raise InvalidInput(
                f"`format` yolo tells pictures apart by the name without suffix, but there are "
                f"{first} and {picture.path}. Rename one, or choose another format."
            )
        make_folder((root / path).parent)
        (root / path).write_text(_to_lines(picture), encoding="ascii")
    sides = by_side(pictures)
    for side, members in sides.items():
        names = [f"./{picture.path}" for picture in members]
        write_names(root / f"{FILE_NAMES[side]}.txt", names)
    entries = [f"{FILE_NAMES[side]}: {FILE_NAMES[side]}.txt" for side in sides]
    classes = [f"  {label}: {name}" for label, name in enumerate(LABELS)]
    write_text(
        root / "data.yaml", "\n".join([*(entries or ["train: images"]), "names:", *classes, ""])
    )


def _to_lines(picture: AnnotatedPicture) -> str:
    height, width = picture.size_hw
    lines = []
    for face in picture.faces:
        left, top, right, bottom = picture.box_of(face)
        shares = (
            *((left + right) / 2 / width, (top + bottom) / 2 / height),
            *((right - left) / width, (bottom - top) / height),
        )
        lines.append(" ".join([str(face.label), *map(format_coordinate, shares)]) + "\n")
    return "".join(lines)
