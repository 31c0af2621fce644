"""Convert: write a data set in another format, without loss.

The files of pictures are copied byte for byte. Annotations hold pictures, classes, boxes and
sides, as every tool understands them; attributes, and that a face has no box of its own, go into
`manifest.csv` beside them (see `formats.manifest`), but for CSV, which has a column for everything.
So what is written reads back as the same faces. Not written is what nothing is known of: pictures
that are unreadable or unlabelled.
"""

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Final

from maskwise.dataset.class_names import class_of
from maskwise.dataset.dataset import Dataset
from maskwise.dataset.formats.annotated import AnnotatedPicture
from maskwise.dataset.formats.coco import write_coco
from maskwise.dataset.formats.coordinates import format_coordinate
from maskwise.dataset.formats.csv_list import write_csv
from maskwise.dataset.formats.folders import NO_FACE, label_by_folder, place_in_class_folder
from maskwise.dataset.formats.manifest import write_manifest
from maskwise.dataset.formats.recognition import FORMATS
from maskwise.dataset.formats.sizes import upright_size_hw
from maskwise.dataset.formats.tree import PICTURE_FOLDERS
from maskwise.dataset.formats.voc import PICTURE_FOLDER as VOC_PICTURE_FOLDER
from maskwise.dataset.formats.voc import write_voc
from maskwise.dataset.formats.yolo import write_yolo
from maskwise.dataset.reading import Progress
from maskwise.dataset.samples import Sample
from maskwise.durable import make_folder, require_place, whole_folder
from maskwise.errors import BadDataset, InvalidInput, UnreadableImage
from maskwise.images import decode_image, encode_image, read_bytes
from maskwise.names import legible
from maskwise.preprocess import PreprocessSpec

_WRITERS: Final[Mapping[str, Sequence[Callable[[Path, Sequence[AnnotatedPicture]], None]]]] = {
    "folders": (partial(write_manifest, in_class_folders=True),),
    "voc": (write_voc, write_manifest),
    "coco": (write_coco, write_manifest),
    "yolo": (write_yolo, write_manifest),
    "csv": (write_csv,),
}


@dataclass(frozen=True, slots=True)
class _Copy:
    """A picture on its way.

    Attributes:
        source: Where it lies in the old data folder.
        path: Where it shall lie in the new one.
        faces: What is said of it there.
        crop_of: The face to cut out; None for the file as it is.
    """

    source: str
    path: str
    faces: tuple[Sample, ...]
    crop_of: Sample | None = None


def convert(
    data: Dataset,
    out: str | os.PathLike[str],
    *,
    format: str,
    crops: bool = False,
    on_progress: Progress | None = None,
) -> Path:
    """Write a data set into a folder, in one of the formats that `Dataset.open` reads.

    Pictures keep their folders, below `images/` or `JPEGImages/`; for `folders`, each lies in a
    folder of its class in its own. Everything is there or nothing: `out` appears at the end.

    Args:
        data: What to write.
        out: A folder that is new or empty, and not in that of the data.
        format: `folders`, `voc`, `coco`, `yolo` or `csv`.
        crops: Class folders cannot hold boxes. With this, each face that has one is cut out as
            `PreprocessSpec` does by default and written as PNG; the attributes `scene` and `box`
            say where it was.
        on_progress: Told after each picture.

    Returns:
        `out`.

    Raises:
        InvalidInput: There is no such format, `out` holds files or lies in the data, there are
            boxes but no `crops`, or the format cannot hold the names of these pictures.
        BadDataset: No picture can be used, or one is gone or not the one that was read at first.
        OutputFailed: `out` cannot be written to; nothing of it is left behind.
    """
    out = Path(out)
    require_target(out, format, data.root)
    faces_of: dict[str, tuple[Sample, ...]] = dict.fromkeys(data.faceless, ())
    for path, faces in groupby(data.samples, key=lambda sample: sample.path):
        faces_of[path] = tuple(faces)
    if not faces_of:
        raise BadDataset(
            f"There must be a picture to convert, but none in {legible(data.root)} can be used."
        )
    if format == "folders":
        copies = _place_in_class_folders(faces_of, crops)
    else:
        folder = VOC_PICTURE_FOLDER if format == "voc" else PICTURE_FOLDERS[0]
        inner = _inner_paths(faces_of)
        copies = [_Copy(path, f"{folder}/{inner[path]}", faces) for path, faces in faces_of.items()]
    with whole_folder(out) as unfinished:
        # What may not fit the format comes first, what takes long last.
        pictures = [_annotated(data, copy) for copy in copies]
        for write in _WRITERS[format]:
            write(unfinished, pictures)
        _copy_pictures(data, copies, unfinished, on_progress)
    return out


def require_target(out: Path, format: str, data: Path) -> None:
    """Refuse what `convert` would refuse before it looks at any data.

    Args:
        out: Where to write.
        format: As what.
        data: The data folder. A file of it says too little: `convert` itself knows more.

    Raises:
        InvalidInput: There is no such format, or `out` holds files or lies in the data folder.
        OutputFailed: `out` is no place for a folder.
    """
    if format not in FORMATS:
        raise InvalidInput(f"`format` must be one of {', '.join(FORMATS)}. Received: {format!r}.")
    if out.is_dir() and any(out.iterdir()):
        raise InvalidInput(
            f"`out` must be new or empty. Received: {legible(out)}, which holds files. "
            "Remove it or name another."
        )
    if require_place(out).is_relative_to(os.path.realpath(data)):
        raise InvalidInput(
            f"`out` must not lie in the data folder. Received: {legible(out)}, which lies in "
            f"{legible(data)}. Name a folder beside it."
        )


def _inner_paths(paths: Iterable[str]) -> dict[str, str]:
    """The paths of pictures below the `images/` or `JPEGImages/` that they may all lie in."""
    paths = list(paths)
    for folder in PICTURE_FOLDERS:
        if all(path.startswith(f"{folder}/") for path in paths):
            return {path: path.removeprefix(f"{folder}/") for path in paths}
    return {path: path for path in paths}


def _place_in_class_folders(
    faces_of: Mapping[str, tuple[Sample, ...]], crops: bool
) -> Sequence[_Copy]:
    n_boxes = sum(face.box_xyxy is not None for faces in faces_of.values() for face in faces)
    if n_boxes and not crops:
        raise InvalidInput(
            f"`format` folders cannot hold boxes, and {n_boxes} faces have one. "
            "Ask for `crops` of the faces, or choose another format."
        )
    inner = _inner_paths(faces_of)
    copies = []
    for path, faces in faces_of.items():
        if not faces:
            copies.append(_Copy(path, inner[path], ()))
        for number, face in enumerate(faces, start=1):
            if face.box_xyxy is None:
                copies.append(_Copy(path, inner[path], (face,)))
            else:
                copies.append(
                    _Copy(path, f"{inner[path]}-{number}.png", (_without_box(face),), face)
                )
    if any(label_by_folder(copy.path, class_of) != _label_of(copy) for copy in copies):
        copies = [
            replace(copy, path=place_in_class_folder(copy.path, _label_of(copy))) for copy in copies
        ]
    (path, n), *_ = Counter(copy.path for copy in copies).most_common(1) or [("", 1)]
    if n > 1:
        raise InvalidInput(
            f"`format` folders would put {n} pictures at {legible(path)}. Rename one of them."
        )
    return copies


def _label_of(copy: _Copy) -> int:
    return copy.faces[0].label if copy.faces else NO_FACE


def _without_box(face: Sample) -> Sample:
    """What is said of a face that was cut out of its picture."""
    box = " ".join(format_coordinate(edge) for edge in face.box_xyxy or ())
    attributes = {"scene": face.path, "box": box, **face.attributes}
    return replace(face, box_xyxy=None, attributes=attributes)


def _annotated(data: Dataset, copy: _Copy) -> AnnotatedPicture:
    if copy.faces:
        return AnnotatedPicture(copy.path, copy.faces[0].size_hw, copy.faces)
    try:
        size_hw = upright_size_hw(read_bytes(data.root / copy.source))
    except UnreadableImage as error:
        raise BadDataset(f"{legible(data.root / copy.source)} cannot be read: {error}") from error
    return AnnotatedPicture(copy.path, size_hw, (), data.faceless_attributes.get(copy.source, {}))


def _copy_pictures(
    data: Dataset, copies: Sequence[_Copy], out: Path, on_progress: Progress | None
) -> None:
    by_source = [list(group) for _, group in groupby(copies, key=lambda copy: copy.source)]
    for done, group in enumerate(by_source, start=1):
        content = _read(data, group[0])
        picture = decode_image(content) if any(copy.crop_of for copy in group) else None
        for copy in group:
            make_folder((out / copy.path).parent)
            if copy.crop_of is None or picture is None:
                (out / copy.path).write_bytes(content)
            else:
                face = PreprocessSpec().crop(picture, copy.crop_of.box_xyxy)
                (out / copy.path).write_bytes(encode_image(face, format="png"))
        if on_progress is not None:
            on_progress(done, len(by_source))


def _read(data: Dataset, copy: _Copy) -> bytes:
    path = data.root / copy.source
    try:
        content = read_bytes(path)
    except UnreadableImage as error:
        raise BadDataset(f"{legible(path)} could be read at first: {error}") from error
    if copy.faces and hashlib.sha256(content).hexdigest() != copy.faces[0].sha256:
        raise BadDataset(f"{legible(path)} has changed since it was listed. Start again.")
    return content
