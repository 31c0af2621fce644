"""data.yaml: the file that names the classes of a YOLO data set, and its sides."""

import os
import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from maskwise.dataset.formats.sides import FILE_NAMES
from maskwise.dataset.formats.tree import BadAnnotation, Tree, join, read_annotation
from maskwise.extras import load

_MAX_BYTES: Final = 64 * 2**10
_HAS_NAMES: Final = re.compile(
    rb"^(\xef\xbb\xbf|\xff\xfe|\xfe\xff)?[\"']?names[\"']?[ \t]*:", re.MULTILINE
)
_NUMBER: Final = re.compile("[0-9]{1,9}")
_NOTHING: Final = ("", "~", "null")  # as YAML has it


@dataclass(frozen=True, slots=True)
class DataFile:
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

    @classmethod
    def read(cls, root: Path, file: Path) -> Self:
        """Read a file, which may lie outside of the data folder `root`.

        Raises:
            BadAnnotation: It cannot be read, or names no classes.
        """
        here = _inside(root, file.parent)
        where = file.name if here is None else join(here, file.name)
        parsed = _parse(file, where)
        named = file.parent / _path_in(parsed)
        folder = _inside(root, named) if _is_folder(named) else None
        entries = {side: _texts(parsed.get(name)) for side, name in FILE_NAMES.items()}
        return cls(
            where,
            (here or "") if folder is None else folder,
            _class_names(parsed.get("names"), where),
            {side: texts for side, texts in entries.items() if texts},
        )

    def path_of(self, entry: str) -> str:
        """Where an entry leads, relative to the data folder."""
        path = posixpath.normpath(posixpath.join(self.folder, entry.replace("\\", "/")))
        while path.startswith("../"):  # as in the files that Roboflow makes
            path = path.removeprefix("../")
        return path


def find_yolo(tree: Tree) -> list[str]:
    """The YAML files that name classes."""
    found = []
    for path in tree.named(".yaml", ".yml"):
        try:
            content = tree.read(path, _MAX_BYTES).replace(b"\0", b"")  # UTF-16 becomes ASCII
            if _HAS_NAMES.search(content):
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
    return named if _is_folder(named) else file.parent


def _parse(file: Path, where: str) -> Mapping[str, Any]:
    content = read_annotation(file, where, _MAX_BYTES)
    yaml = load("yaml", extra="train")
    try:
        # Every scalar is a text: no object is made, no number computed, no name taken for a truth.
        parsed = yaml.load(content, Loader=yaml.BaseLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise BadAnnotation(
            f"{where}{line}", f"is broken YAML: {getattr(error, 'problem', None) or error}"
        ) from error
    except RecursionError as error:
        raise BadAnnotation(where, "is nested too deeply") from error
    except ValueError as error:  # as of a character that is none
        raise BadAnnotation(where, f"cannot be read: {error}") from error
    return parsed if isinstance(parsed, dict) else {}


def _path_in(parsed: Mapping[str, Any]) -> str:
    path = parsed.get("path")
    return path if isinstance(path, str) else ""


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):  # no file can be called like this
        return False


def _inside(root: Path, folder: Path) -> str | None:
    """A folder relative to the data folder; None if it is not in it."""
    path = os.path.relpath(os.path.realpath(folder), os.path.realpath(root)).replace(os.sep, "/")
    if path == ".." or path.startswith("../"):
        return None
    return "" if path == "." else path


def _texts(value: object) -> Sequence[str]:
    values = value if isinstance(value, list) else [value]
    return [text for text in values if isinstance(text, str) and text not in _NOTHING]


def _class_names(names: object, where: str) -> Mapping[int, str]:
    entries = dict(enumerate(names)) if isinstance(names, list) else names
    numbered: dict[int, str] = {}
    for number, name in entries.items() if isinstance(entries, dict) else ():
        # A name that is no text may hold references, and be enormous if written out.
        if not isinstance(name, str) or not _NUMBER.fullmatch(str(number)):
            raise BadAnnotation(where, "must have a list of names, or one by number")
        numbered[int(number)] = name
    if not numbered:
        raise BadAnnotation(where, "must name the classes: names: {0: without_mask, 1: with_mask}")
    return numbered
