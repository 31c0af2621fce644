"""Pascal VOC: an XML file for each picture.

Coordinates are taken as they stand: most tools count from 0, and the few that count from 1 cannot
be told apart.
"""

import posixpath
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Final
from xml.sax.saxutils import escape

from maskwise.dataset.formats.annotated import AnnotatedPicture, by_side
from maskwise.dataset.formats.coordinates import format_coordinate, parse_box, shorten
from maskwise.dataset.formats.element import Element, parse_xml
from maskwise.dataset.formats.listing import ClassOf, Listing
from maskwise.dataset.formats.sides import FILE_NAMES, SideBook, read_names, side_named, write_names
from maskwise.dataset.formats.tree import BadAnnotation, NoSuchPicture, Tree, join
from maskwise.dataset.samples import Candidate, Sample
from maskwise.durable import make_folder
from maskwise.labels import LABELS
from maskwise.preprocess import BoxXyxy

PICTURE_FOLDER: Final = "JPEGImages"

_MAX_BYTES: Final = 16 * 2**20
_HEAD_BYTES: Final = 1024
_EDGES: Final = ("xmin", "ymin", "xmax", "ymax")
_SAYS_NOTHING: Final = ("", "0", "Unspecified")  # of pose, truncated, occluded, difficult
_LIST_FOLDERS: Final = ("ImageSets/Main", "splits")
_NOT_IN_XML: Final = re.compile("[^\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def find_voc(tree: Tree) -> list[str]:
    """The first XML file that begins as those of Pascal VOC do, if there is one."""
    for path in tree.named(".xml"):
        try:
            with (tree.root / path).open("rb") as file:
                head = file.read(_HEAD_BYTES).replace(b"\0", b"")  # UTF-16 becomes ASCII
            if b"<annotation" in head:
                return [path]
        except OSError:
            continue
    return []


def list_voc(tree: Tree, class_of: ClassOf) -> Listing:
    """Find every face that an XML file with the root `annotation` tells of.

    The picture is the `filename` in the `folder`, or anywhere, or else what is called like the XML
    file, as `Tree.find` looks for it. If several files tell of one picture, that which is called
    like it is used. `ImageSets/Main/{train,val,test}.txt` or `splits/...` become the attribute
    `side`; `source/database` becomes `source`; what an object says beside its name and box, an
    attribute.

    Args:
        tree: What lies in the data folder.
        class_of: From the name of an object to its class.
    """
    listing = Listing(problems=list(tree.problems))
    annotated_by: dict[str, str] = {}
    for path, picture in _pair(tree, listing):
        first = annotated_by.setdefault(picture, path)
        if first == path:
            _list_faces(picture, path, _read(tree, path), class_of, listing)
        else:
            listing.complain(path, f"{picture!r} is annotated in {first!r} already: not used")
    _add_sides(tree, annotated_by, listing)
    listing.finish(tree)
    return listing


def _pair(tree: Tree, listing: Listing) -> Sequence[tuple[str, str]]:
    """The annotations, each with its picture: first those that are called like it."""
    pairs = []
    for path in tree.named(".xml"):
        try:
            root = _read(tree, path)
            if root.name == "annotation":
                pairs.append((path, _find_picture(tree, path, root)))
        except BadAnnotation as error:
            listing.problems.append(error.problem)
        except NoSuchPicture as error:
            listing.complain(path, str(error))
    return sorted(pairs, key=lambda pair: len({PurePosixPath(path).stem for path in pair}))


def _find_picture(tree: Tree, path: str, root: Element) -> str:
    near, stem = posixpath.dirname(path), PurePosixPath(path).stem
    name = root.text_of("filename") or stem
    try:
        return tree.find(join(root.text_of("folder"), name), near)
    except NoSuchPicture:
        pass  # the folder is often that of another machine
    try:
        return tree.find(name, near)
    except NoSuchPicture as error:
        try:
            return tree.find_by_stem(stem, near)
        except NoSuchPicture:
            raise error from None


def _list_faces(
    picture: str, path: str, root: Element, class_of: ClassOf, listing: Listing
) -> None:
    objects = list(root.all("object"))
    source = root.text_of("source", "database")
    if not objects:
        listing.faceless[picture] = {"source": source} if source else {}
    for number, element in enumerate(objects, start=1):
        where, name = f"{path}:{element.line}", element.text_of("name")
        label = class_of(name)
        if label is None:
            listing.leave_out(name, where)
            continue
        try:
            box = parse_box([element.text_of("bndbox", edge) for edge in _EDGES])
        except ValueError as error:
            listing.complain(where, f"the box is none, as {error}: the face is not used")
            continue
        attributes = {"source": source} if source else {}
        attributes |= _attributes(element)
        listing.candidates.append(
            Candidate(picture, label, box, attributes, _size_hw(root), where, number)
        )


def _attributes(element: Element) -> Mapping[str, str]:
    return {
        child.name: child.text
        for child in element.children
        if child.name not in ("name", "bndbox")
        and not child.children
        and child.text not in _SAYS_NOTHING
    }


def _size_hw(root: Element) -> tuple[int, int] | None:
    try:
        height, width = (int(root.text_of("size", edge)) for edge in ("height", "width"))
    except ValueError:
        return None
    return (height, width) if height > 0 and width > 0 else None


def _add_sides(tree: Tree, annotated_by: Mapping[str, str], listing: Listing) -> None:
    book, where = SideBook(), ""
    known = _names(annotated_by)
    for path in (
        f"{folder}/{name}.txt" for folder in _LIST_FOLDERS for name in FILE_NAMES.values()
    ):
        if path not in tree.annotations:
            continue
        where = where or path
        names = [
            name if name in known else name.strip() for _, name in read_names(tree, path, listing)
        ]
        strangers = [name for name in names if name not in known]
        if strangers:
            listing.complain(
                path,
                f"{len(strangers)} names are of no annotated picture, the first is "
                f"{shorten(strangers[0])}",
            )
        for name in names:
            if name in known:
                book.put(known[name], side_named(path) or "")
    book.add_to(listing, where)


def _names(annotated_by: Mapping[str, str]) -> Mapping[str, str]:
    """The pictures by what a list may call them; the fuller name goes before the shorter."""
    known: dict[str, str] = {}
    stems = {picture: path[: -len(".xml")] for picture, path in annotated_by.items()}
    for name_of in (_inner, str, posixpath.basename):
        for names in (stems, {picture: picture for picture in annotated_by}):
            called = {picture: name_of(name) for picture, name in names.items()}
            count = Counter(called.values())
            for picture, name in called.items():
                if count[name] == 1:
                    known.setdefault(name, picture)
    return known


def _inner(path: str) -> str:
    return path.partition("/")[2] or path


def _read(tree: Tree, path: str) -> Element:
    return parse_xml(path, tree.read(path, _MAX_BYTES))


def write_voc(root: Path, pictures: Sequence[AnnotatedPicture]) -> None:
    """Write `Annotations/*.xml`, and `ImageSets/Main/*.txt` if the pictures have sides.

    Args:
        root: The data folder; the pictures lie in its `JPEGImages`.
        pictures: What is to be said of them.
    """
    stem_of = _stems(pictures)
    for picture in pictures:
        path = root / "Annotations" / f"{stem_of[picture.path]}.xml"
        make_folder(path.parent)
        path.write_text(_to_xml(picture), encoding="utf-8")
    for side, members in by_side(pictures).items():
        names = [stem_of[picture.path] for picture in members]
        path = root / "ImageSets" / "Main" / f"{FILE_NAMES[side]}.txt"
        make_folder(path.parent)
        write_names(path, names)


def _stems(pictures: Sequence[AnnotatedPicture]) -> Mapping[str, str]:
    """What the XML file of each picture is called; with the suffix where two would be the same."""
    inner = {picture.path: _inner(picture.path) for picture in pictures}
    stem_of = {path: str(PurePosixPath(name).with_suffix("")) for path, name in inner.items()}
    count = Counter(stem_of.values()) + Counter(inner.values())
    return {path: stem if count[stem] == 1 else inner[path] for path, stem in stem_of.items()}


def _to_xml(picture: AnnotatedPicture) -> str:
    folder, name = posixpath.split(picture.path)
    height, width = picture.size_hw
    lines = ["<annotation>"]
    if not _NOT_IN_XML.search(picture.path) and name == name.strip():  # else the file's name tells
        lines += [f"\t<folder>{escape(folder)}</folder>", f"\t<filename>{escape(name)}</filename>"]
    lines += [
        *("\t<size>", f"\t\t<width>{width}</width>", f"\t\t<height>{height}</height>"),
        *("\t\t<depth>3</depth>", "\t</size>", "\t<segmented>0</segmented>"),
    ]
    for face in picture.faces:
        lines += _to_object(face, picture.box_of(face))
    return "\n".join([*lines, "</annotation>", ""])


def _to_object(face: Sample, box_xyxy: BoxXyxy) -> Sequence[str]:
    edges = (
        f"\t\t\t<{name}>{format_coordinate(edge)}</{name}>"
        for name, edge in zip(_EDGES, box_xyxy, strict=True)
    )
    return [
        *("\t<object>", f"\t\t<name>{LABELS[face.label]}</name>", "\t\t<pose>Unspecified</pose>"),
        *("\t\t<truncated>0</truncated>", "\t\t<difficult>0</difficult>"),
        *("\t\t<bndbox>", *edges, "\t\t</bndbox>", "\t</object>"),
    ]
