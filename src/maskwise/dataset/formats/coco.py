"""COCO: one JSON file with all pictures, faces and classes."""

import json
import math
import posixpath
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from maskwise.dataset.formats.annotated import AnnotatedPicture, by_side
from maskwise.dataset.formats.coordinates import parse_coordinate, shorten
from maskwise.dataset.formats.listing import ClassOf, Listing
from maskwise.dataset.formats.sides import FILE_NAMES, SideBook, side_named
from maskwise.dataset.formats.tree import BadAnnotation, NoSuchPicture, Tree
from maskwise.dataset.samples import Candidate
from maskwise.durable import write_text
from maskwise.labels import LABELS
from maskwise.preprocess import BoxXyxy

_MAX_BYTES: Final = 256 * 2**20
_NO_ATTRIBUTES: Final = frozenset(
    {"id", "image_id", "category_id", "bbox", "area", "iscrowd", "segmentation"}
    | {"file_name", "width", "height"}
)
_HALF_CHARACTER: Final = re.compile("[\ud800-\udfff]")

Json = Any


@dataclass(frozen=True, slots=True)
class _Face:
    """An annotation, how problems name it, and which of its picture it is."""

    where: str
    entry: Mapping[str, Json]
    number: int


@dataclass(frozen=True, slots=True)
class _File:
    """A COCO file, sorted by what belongs together; ids are texts, see `_id`."""

    path: str
    images: Mapping[str, Mapping[str, Json]]
    faces_of: Mapping[str, Sequence[_Face]]
    category_names: Mapping[str, str]
    listed: set[str] = field(default_factory=set)


def find_coco(tree: Tree) -> list[str]:
    """The JSON files that look like COCO: those of a side first, then the others."""
    found = [path for path in tree.named(".json") if _looks_like_coco(tree, path)]
    return sorted(found, key=lambda path: side_named(path) is None)


def list_coco(tree: Tree, class_of: ClassOf, files: Sequence[str]) -> Listing:
    """Find every face that COCO files tell of.

    What an image or annotation has beside what COCO defines, such as `source`, becomes an
    attribute, as do the `attributes` that it may hold and the `side` that the name of a file speaks
    of. A file of no side adds only pictures that those of a side do not have. An image without
    annotations shows no face; one of whose annotations none can be used is unlabelled.

    Args:
        tree: What lies in the data folder.
        class_of: From the name of a category to its class.
        files: Paths of the JSON files, relative to the data folder, in order of weight.
    """
    listing = Listing(problems=list(tree.problems))
    listed_in: dict[str, str] = {}
    book = SideBook()
    for path in files:
        try:
            file = _read(tree, path, listing)
        except BadAnnotation as error:
            listing.problems.append(error.problem)
            continue
        for image_id, image in file.images.items():
            _list_picture(tree, file, image_id, image, class_of, listed_in, listing)
        if side := side_named(path):
            for picture in file.listed:
                book.put(picture, side)
    book.add_to(listing, files[0] if files else "")
    listing.finish(tree)
    return listing


def _looks_like_coco(tree: Tree, path: str) -> bool:
    try:
        content = tree.read(path, _MAX_BYTES)
    except BadAnnotation:
        return False
    return b'"images"' in content and b'"annotations"' in content


def _read(tree: Tree, path: str, listing: Listing) -> _File:
    content = _parse(path, tree.read(path, _MAX_BYTES))
    categories = _by_id(content, "categories", path, listing)
    images = _by_id(content, "images", path, listing)
    faces_of: dict[str, list[_Face]] = defaultdict(list)
    seen = set()
    for index, entry in enumerate(_list_of(content, "annotations", path)):
        face_id = _id(entry.get("id")) if isinstance(entry, dict) else None
        where = f"{path}: " + (
            f"annotations[{index}]" if face_id is None else f"annotation {shorten(entry['id'])}"
        )
        if not isinstance(entry, dict):
            listing.complain(where, "must be an object: not used")
        elif (image_id := _id(entry.get("image_id"))) is None or image_id not in images:
            listing.complain(
                where,
                f"there is no image with the id {shorten(entry.get('image_id'))} to use it for",
            )
        else:
            faces_of[image_id].append(_Face(where, entry, len(faces_of[image_id]) + 1))
            if face_id is None or face_id in seen:  # nothing refers to it
                listing.complain(where, "must have an id of its own: the face is used all the same")
        seen.add(face_id)
    names = {key: str(category.get("name")) for key, category in categories.items()}
    return _File(path, images, faces_of, names)


def _parse(path: str, content: bytes) -> Mapping[str, Json]:
    try:
        parsed = json.loads(content.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        raise BadAnnotation(f"{path}:{error.lineno}", f"is broken JSON: {error.msg}") from error
    except UnicodeDecodeError as error:
        raise BadAnnotation(path, f"is not UTF-8: {error.reason}") from error
    except RecursionError as error:
        raise BadAnnotation(path, "is nested too deeply") from error
    except ValueError as error:  # a whole number of more digits than Python takes
        raise BadAnnotation(path, f"cannot be read: {error}") from error
    if not isinstance(parsed, dict):
        raise BadAnnotation(path, "must be an object with images, annotations and categories")
    return parsed


def _list_of(content: Mapping[str, Json], name: str, path: str) -> Sequence[Json]:
    entries = content.get(name)
    if not isinstance(entries, list):
        raise BadAnnotation(path, f"must have a list of {name}")
    return entries


def _by_id(
    content: Mapping[str, Json], name: str, path: str, listing: Listing
) -> Mapping[str, Mapping[str, Json]]:
    """The objects of a list by their ids; of those that share one, nobody knows which is meant."""
    sharing: dict[str, list[tuple[int, Mapping[str, Json]]]] = defaultdict(list)
    for index, entry in enumerate(_list_of(content, name, path)):
        key = _id(entry.get("id")) if isinstance(entry, dict) else None
        if key is None:
            listing.complain(f"{path}: {name}[{index}]", "must be an object with an id: not used")
        else:
            sharing[key].append((index, entry))
    for key, entries in sharing.items():
        for index, _ in entries if len(entries) > 1 else ():
            listing.complain(
                f"{path}: {name}[{index}]",
                f"{len(entries)} {name} have the id {key}: none of them is used",
            )
    return {key: entries[0][1] for key, entries in sharing.items() if len(entries) == 1}


def _id(value: Json) -> str | None:
    """An id as a text, since some tools write 2 here and "2" there; None if it is none."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None


def _list_picture(
    tree: Tree,
    file: _File,
    image_id: str,
    image: Mapping[str, Json],
    class_of: ClassOf,
    listed_in: dict[str, str],
    listing: Listing,
) -> None:
    where = f"{file.path}: image {shorten(image['id'])}"
    try:
        picture = tree.find(str(image.get("file_name", "")), posixpath.dirname(file.path))
    except NoSuchPicture as error:
        listing.complain(where, str(error))
        return
    first = listed_in.setdefault(picture, file.path)
    if side_named(first) and not side_named(file.path):
        return
    if first != file.path or picture in file.listed:
        listing.complain(where, f"{picture!r} is listed in {first!r} already: not used again")
        return
    file.listed.add(picture)
    faces = file.faces_of.get(image_id, ())
    if not faces:
        listing.faceless[picture] = _attributes(image)
    for face in faces:
        _list_face(picture, file, image, face, class_of, listing)


def _list_face(
    picture: str,
    file: _File,
    image: Mapping[str, Json],
    face: _Face,
    class_of: ClassOf,
    listing: Listing,
) -> None:
    entry = face.entry
    category = entry.get("category_id")
    name = file.category_names.get(_id(category) or "")
    try:
        box = _parse_box(entry.get("bbox"))
    except ValueError as error:
        listing.complain(face.where, f"the bbox is none, as {error}: the face is not used")
        return
    if name is None:
        listing.complain(
            face.where, f"there is no category with the id {shorten(category)}: not used"
        )
    elif entry.get("iscrowd") not in (None, 0, "", "0"):
        listing.complain(face.where, "marks a crowd, which is not one face: not used")
    elif (label := class_of(name)) is None:
        listing.leave_out(name, face.where)
    else:
        attributes = {**_attributes(image), **_attributes(entry)}
        listing.candidates.append(
            Candidate(picture, label, box, attributes, _size_hw(image), face.where, face.number)
        )


def _parse_box(values: Json) -> BoxXyxy:
    if not isinstance(values, list) or len(values) != 4:
        raise ValueError(f"{shorten(values)} is not [left, top, width, height]")
    left, top, width, height = map(parse_coordinate, values)
    return left, top, left + width, top + height


def _size_hw(image: Mapping[str, Json]) -> tuple[int, int] | None:
    height, width = image.get("height"), image.get("width")
    if isinstance(height, int) and isinstance(width, int) and height > 0 and width > 0:
        return height, width
    return None


def _attributes(entry: Mapping[str, Json]) -> Mapping[str, str]:
    inner = entry.get("attributes")  # where CVAT puts them
    texts = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in {**(inner if isinstance(inner, dict) else {}), **entry}.items()
        if name not in _NO_ATTRIBUTES and isinstance(value, str | int | float)
    }
    whole = {_whole(name.strip()): _whole(text) for name, text in texts.items()}
    return {name: text for name, text in whole.items() if name and text}


def _whole(text: str) -> str:
    """A text without halves of characters, which JSON can hold, but no other file."""
    return _HALF_CHARACTER.sub("\ufffd", text)


def write_coco(root: Path, pictures: Sequence[AnnotatedPicture]) -> None:
    """Write `annotations.json`, or one `annotations_*.json` for each side.

    Args:
        root: The data folder.
        pictures: What is to be said of them; `file_name` is their path.
    """
    sides = by_side(pictures)
    for side, members in sides.items():
        write_text(root / f"annotations_{FILE_NAMES[side]}.json", _to_json(members))
    if not sides:
        write_text(root / "annotations.json", _to_json(pictures))


def _to_json(pictures: Sequence[AnnotatedPicture]) -> str:
    images = []
    annotations: list[Mapping[str, Json]] = []
    for image_id, picture in enumerate(pictures, start=1):
        height, width = picture.size_hw
        images.append({"id": image_id, "file_name": picture.path, "width": width, "height": height})
        for face in picture.faces:
            left, top, right, bottom = picture.box_of(face)
            box = [left, top, _length(left, right), _length(top, bottom)]
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image_id,
                    "category_id": face.label + 1,  # many readers take 0 for the background
                    "bbox": [int(edge) if edge.is_integer() else edge for edge in box],
                    "area": (right - left) * (bottom - top),
                    "iscrowd": 0,
                }
            )
    categories = [{"id": label + 1, "name": name} for label, name in enumerate(LABELS)]
    return json.dumps({"images": images, "annotations": annotations, "categories": categories})


def _length(start: float, end: float) -> float:
    """The number that, added to `start`, gives `end` without an error of rounding, if any does."""
    length = end - start
    nearby = (length, math.nextafter(length, 0), math.nextafter(length, math.inf))
    return next((number for number in nearby if start + number == end), length)
