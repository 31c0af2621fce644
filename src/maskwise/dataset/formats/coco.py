"""COCO: one JSON file with all pictures, faces and classes."""

import json
import math
import posixpath
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
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

Json = Any


@dataclass(frozen=True, slots=True)
class _File:
    """A COCO file, sorted by what belongs together."""

    path: str
    images: Sequence[Mapping[str, Json]]
    faces_of: Mapping[Json, Sequence[Mapping[str, Json]]]
    category_names: Mapping[Json, str]
    listed: set[str] = field(default_factory=set)


def find_coco(tree: Tree) -> list[str]:
    """The JSON files that look like COCO: those of a side first, then the others."""
    found = [path for path in tree.named(".json") if _looks_like_coco(tree, path)]
    return sorted(found, key=lambda path: side_named(path) is None)


def list_coco(tree: Tree, class_of: ClassOf, files: Sequence[str]) -> Listing:
    """Find every face that COCO files tell of.

    What an image or annotation has beside what COCO defines, such as `source`, becomes an
    attribute; so does the `side` that the name of a file speaks of. A file of no side adds only
    pictures that those before it do not have. An image without annotations shows no face.

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
        for image in file.images:
            _list_picture(tree, file, image, class_of, listed_in, listing)
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
    names = {
        category.get("id"): str(category.get("name"))
        for category in _entries(content, "categories", path, listing)
    }
    images = list(_entries(content, "images", path, listing))
    known = {image.get("id") for image in images}
    faces_of = defaultdict(list)
    for face in _entries(content, "annotations", path, listing):
        if _hashable(face.get("image_id")) in known:
            faces_of[face["image_id"]].append(face)
        else:
            listing.complain(
                f"{path}: annotation {shorten(face.get('id'))}",
                f"there is no image with the id {shorten(face.get('image_id'))}",
            )
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


def _entries(
    content: Mapping[str, Json], name: str, path: str, listing: Listing
) -> Iterator[Mapping[str, Json]]:
    """The objects of a list, each with an id of its own."""
    entries = content.get(name)
    if not isinstance(entries, list):
        raise BadAnnotation(path, f"must have a list of {name}")
    seen = set()
    for index, entry in enumerate(entries):
        key = _hashable(entry.get("id")) if isinstance(entry, dict) else None
        if key is None:
            listing.complain(f"{path}: {name}[{index}]", "must be an object with an id: not used")
        elif key in seen:
            listing.complain(f"{path}: {name[:-1]} {shorten(key)}", "the id is taken: not used")
        else:
            seen.add(key)
            yield entry


def _hashable(value: Json) -> str | float | None:
    return value if isinstance(value, str | int | float) else None


def _list_picture(
    tree: Tree,
    file: _File,
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
    if first != file.path and side_named(file.path) is None:
        return
    if first != file.path or picture in file.listed:
        listing.complain(where, f"{picture!r} is listed in {first!r} already: not used again")
        return
    file.listed.add(picture)
    faces = file.faces_of.get(image["id"], ())
    if not faces:
        listing.faceless.append(picture)
    for face in faces:
        _list_face(picture, file, image, face, class_of, listing)


def _list_face(
    picture: str,
    file: _File,
    image: Mapping[str, Json],
    face: Mapping[str, Json],
    class_of: ClassOf,
    listing: Listing,
) -> None:
    where = f"{file.path}: annotation {shorten(face['id'])}"
    category = _hashable(face.get("category_id"))
    name = file.category_names.get(category)
    try:
        box = _parse_box(face.get("bbox"))
    except ValueError as error:
        listing.complain(where, f"the bbox is none, as {error}: the face is not used")
        return
    if name is None:
        listing.complain(where, f"there is no category with the id {shorten(category)}: not used")
    elif face.get("iscrowd"):
        listing.complain(where, "marks a crowd, which is not one face: not used")
    elif (label := class_of(name)) is None:
        listing.leave_out(name, where)
    else:
        attributes = {**_attributes(image), **_attributes(face)}
        listing.candidates.append(
            Candidate(picture, label, box, attributes, _size_hw(image), where)
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
    texts = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in entry.items()
        if name not in _NO_ATTRIBUTES and isinstance(value, str | int | float)
    }
    return {name: text for name, text in texts.items() if name and text}


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
