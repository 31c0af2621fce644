"""YOLO: a text file for each picture, and a YAML file that names classes and sides."""

import posixpath
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from maskwise.dataset.formats.annotated import AnnotatedPicture, by_side
from maskwise.dataset.formats.coordinates import format_coordinate, parse_coordinate, shorten
from maskwise.dataset.formats.data_yaml import DataFile
from maskwise.dataset.formats.listing import ClassOf, Listing
from maskwise.dataset.formats.sides import FILE_NAMES, SideBook, read_names, write_names
from maskwise.dataset.formats.sizes import upright_size_hw
from maskwise.dataset.formats.tree import BadAnnotation, NoSuchPicture, Tree
from maskwise.dataset.samples import Candidate, Rejected
from maskwise.durable import make_folder, write_text
from maskwise.errors import InvalidInput, UnreadableImage
from maskwise.images import read_bytes
from maskwise.labels import LABELS
from maskwise.preprocess import BoxXyxy

_MAX_LABEL_BYTES: Final = 16 * 2**20
_NO_LABELS: Final = re.compile(r"(classes|readme.*|train|val|test)\.txt", re.IGNORECASE)
_LABELS_FOR: Final = {"images": "labels", "Images": "Labels", "IMAGES": "LABELS"}
_ROUNDING: Final = 2e-6  # of a side: what six decimals may put a box beyond the edge
_DECIMALS: Final = 6  # of a pixel: what is left of a box after its division and multiplication


def list_yolo(tree: Tree, class_of: ClassOf, file: Path) -> Listing:
    """Find every face that the text files tell of that lie beside the pictures.

    Each line is `class centre-x centre-y width height` in shares of the upright picture; a sixth
    number is kept as the attribute `confidence`, and of an outline, `class x y x y x y ...`, its
    bounding box is taken. The text file has the name of the picture and lies where `labels`
    replaces the last `images` in its path, or beside it. An empty one says that there is no face;
    one that belongs to no picture is a problem.

    Args:
        tree: What lies in the data folder.
        class_of: From the name of a class to its number.
        file: The YAML file; it may lie outside of the data folder.
    """
    listing = Listing(problems=list(tree.problems))
    book = SideBook()
    try:
        data = DataFile.read(tree.root, file)
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
    used = set()
    for picture in pictures:
        path = next((path for path in _text_paths(picture) if path in text_files), None)
        if path is not None:
            used.add(path)
            _list_picture(tree, data, picture, path, class_of, listing)
    _complain_of_strays(tree, data, used, listing)
    book.add_to(listing, data.where)
    listing.finish(tree)
    return listing


def _listed(tree: Tree, data: DataFile, entry: str, listing: Listing) -> Sequence[str]:
    """The pictures in a folder, or in a list of them."""
    path = data.path_of(entry)
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
    folders, stem = picture.split("/")[:-1], PurePosixPath(picture).stem
    places = [folders]
    last = max((at for at, folder in enumerate(folders) if folder in _LABELS_FOR), default=None)
    if last is not None:
        places.insert(0, [*folders[:last], _LABELS_FOR[folders[last]], *folders[last + 1 :]])
    return ["/".join([*place, stem + suffix]) for suffix in (".txt", ".TXT") for place in places]


def _complain_of_strays(
    tree: Tree, data: DataFile, used: Collection[str], listing: Listing
) -> None:
    """Name the text files that lie among those of pictures, but belong to no picture."""
    pictures = (*tree.pictures, *(rejected.path for rejected in tree.rejected))
    known = {path for picture in pictures for path in _text_paths(picture)}
    known |= {data.path_of(entry) for entries in data.entries.values() for entry in entries}
    folders = {posixpath.dirname(path) for path in used}
    for path in tree.named(".txt"):
        folder, name = posixpath.split(path)
        is_among = folder in folders or not set(_LABELS_FOR.values()).isdisjoint(folder.split("/"))
        if is_among and path not in known and not _NO_LABELS.fullmatch(name):
            listing.complain(path, "there is no picture of this name: not used")


def _list_picture(
    tree: Tree, data: DataFile, picture: str, path: str, class_of: ClassOf, listing: Listing
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
        listing.faceless[picture] = {}
    for number, (line, values) in enumerate(lines, start=1):
        where = f"{path}:{line}"
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
            listing.candidates.append(
                Candidate(picture, label, box, attributes, where=where, number=number)
            )


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
