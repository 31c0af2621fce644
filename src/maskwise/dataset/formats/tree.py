"""Tree: which files lie below a data folder, from one walk in which none is opened."""

import os
import posixpath
import re
import stat
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final, Self

from maskwise.dataset.samples import Problem, Rejected
from maskwise.errors import BadDataset

IMAGE_SUFFIXES: Final = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".dib", ".gif", ".tif", ".tiff"),
    *(".heic", ".heif", ".avif"),
)
"""What counts as a picture by name. Whether it can be read, its content decides."""

PICTURE_FOLDERS: Final = ("images", "JPEGImages")
"""Where pictures lie by the customs of COCO, YOLO and Pascal VOC."""

_ANNOTATION_SUFFIXES: Final = (".xml", ".json", ".yaml", ".yml", ".csv", ".txt")
_MACOS_SIDE_FILE: Final = "._"  # holds what macOS knows of a file, and has its suffix
_WINDOWS_ROOT: Final = re.compile(r"[A-Za-z]:[\\/]|\\\\")
_MAX_NAMESAKES: Final = 1000  # among which the nearest is looked for; bounds hostile trees


class NoSuchPicture(LookupError):
    """A name that an annotation gives leads to no picture; the message says why."""


class BadAnnotation(BadDataset):
    """An annotation file that cannot be read at all."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where}: {reason}")
        self.problem = Problem(where, reason)


@dataclass(frozen=True, slots=True)
class Tree:
    """What lies below a data folder. Paths are relative to it, with `/` between their parts.

    Attributes:
        root: The folder; only ever read.
        pictures: Files with the suffix of a picture, sorted.
        annotations: Files with the suffix of an annotation, sorted.
        rejected: Pictures and folders that are not looked into, with the reason.
        problems: Annotations that are not looked into, with the reason.
    """

    root: Path
    pictures: tuple[str, ...]
    annotations: tuple[str, ...]
    rejected: tuple[Rejected, ...]
    problems: tuple[Problem, ...]
    _reason_of: Mapping[str, str]
    _by_name: Mapping[str, Sequence[str]]
    _by_stem: Mapping[str, Sequence[str]]

    @classmethod
    def walk(cls, root: Path) -> Self:
        """Find the files below `root`.

        Links are followed to files inside `root` only, never to folders, so that neither loops
        nor files elsewhere are walked into. Folders whose names begin with a dot are not looked
        into.
        """
        found = sorted(_walk(root))
        pictures = tuple(path for path, kind, reason in found if kind == "picture" and not reason)
        rejected = tuple(
            Rejected(path, reason)
            for path, kind, reason in found
            if kind != "annotation" and reason
        )
        by_name, by_stem = defaultdict(list), defaultdict(list)
        for path in pictures:
            by_name[posixpath.basename(path)].append(path)
            by_stem[PurePosixPath(path).stem].append(path)
        return cls(
            root,
            pictures,
            tuple(path for path, kind, reason in found if kind == "annotation" and not reason),
            rejected,
            tuple(
                Problem(path, reason)
                for path, kind, reason in found
                if kind == "annotation" and reason
            ),
            {**dict.fromkeys(pictures, ""), **{file.path: file.reason for file in rejected}},
            by_name,
            by_stem,
        )

    def named(self, *suffixes: str) -> list[str]:
        """The annotation files whose names end like this, in lower or upper case."""
        return [path for path in self.annotations if path.lower().endswith(suffixes)]

    def below(self, folder: str) -> list[str]:
        """The pictures below a folder; all for the empty one."""
        inside = f"{folder}/" if folder else ""
        return [path for path in self.pictures if path.startswith(inside)]

    def read(self, path: str, max_bytes: int) -> bytes:
        """The bytes of an annotation file; see `read_annotation`."""
        return read_annotation(self.root / path, path, max_bytes)

    def find(self, name: str, near: str = "") -> str:
        """The path of the picture that an annotation calls `name`.

        It is looked for from the folder `near`, then from the data folder, then below `images/`
        and `JPEGImages/`. A bare name may lie anywhere; if it does so in several folders, the one
        that agrees best with `near` is meant, as `val/images` with `val/xml`.

        Args:
            name: As the annotation has it.
            near: The folder of the annotation, relative to the data folder.

        Raises:
            NoSuchPicture: There is none, it cannot be told which, it cannot be used, or `name`
                leads out of the data folder.
        """
        if not name.strip():
            raise NoSuchPicture("no picture is named")
        if "\0" in name:
            raise NoSuchPicture(f"{name!r} is no name of a file")
        for spelling in dict.fromkeys((name, name.strip(), name.replace("\\", "/"))):
            for folder in (near, "", *PICTURE_FOLDERS) if "/" in spelling else (near,):
                path = posixpath.normpath(posixpath.join(folder, spelling))
                if path in self._reason_of:
                    return self._usable(path)
        if _leads_out(name, near):
            raise NoSuchPicture(f"the picture {name!r} lies outside of the data folder")
        found = [] if "/" in name else self._by_name.get(name.strip(), [])
        return self._nearest(name, found, near)

    def find_by_stem(self, stem: str, near: str = "") -> str:
        """The path of the picture whose name, its suffix taken off, is `stem`; see `find`."""
        return self._nearest(stem, self._by_stem.get(stem, []), near)

    def _usable(self, path: str) -> str:
        reason = self._reason_of[path]
        if reason:
            raise NoSuchPicture(f"the picture {path!r} is not used: {reason}")
        return path

    def _nearest(self, name: str, paths: Sequence[str], near: str) -> str:
        if not paths:
            raise NoSuchPicture(f"there is no picture {name!r} in the data folder")
        if len(paths) <= _MAX_NAMESAKES:
            *others, best = sorted(paths, key=lambda path: _agreement(path, near))
            if not others or _agreement(others[-1], near) < _agreement(best, near):
                return best
        raise NoSuchPicture(f"{len(paths)} pictures are called {name!r}: name its folder as well")


def read_annotation(file: Path, where: str, max_bytes: int) -> bytes:
    """The bytes of an annotation file, which messages call `where`.

    Raises:
        BadAnnotation: It is too large or cannot be read.
    """
    try:
        if file.stat().st_size <= max_bytes:
            return file.read_bytes()
    except OSError as error:
        raise BadAnnotation(where, f"cannot be read: {error.strerror or error}") from error
    raise BadAnnotation(
        where, f"is larger than {max_bytes // 2**10} KiB, too large for an annotation"
    )


def join(folder: str, name: str) -> str:
    """A path below a folder; the empty folder is the data folder itself."""
    return f"{folder}/{name}" if folder else name


def _leads_out(name: str, near: str) -> bool:
    plain = posixpath.normpath(posixpath.join(near, name.replace("\\", "/")))
    return (
        plain == ".."
        or plain.startswith("../")
        or posixpath.isabs(plain)
        or bool(_WINDOWS_ROOT.match(name))
    )


def _agreement(path: str, near: str) -> tuple[int, int, bool]:
    """How many folders two paths share, after that how alike they are in depth."""
    folder = posixpath.dirname(path)
    folders, own = (text.split("/") if text else [] for text in (folder, near))
    shared = sum(a == b for a, b in zip(folders, own, strict=False))
    return shared, -abs(len(folders) - len(own)), folder in PICTURE_FOLDERS


def _walk(root: Path) -> Iterator[tuple[str, str, str]]:
    """Yield path, kind and why it is not looked into of what may matter below a folder."""
    inside = os.path.realpath(root).rstrip(os.sep) + os.sep
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(root / folder) as found:
                entries = [(entry, entry.is_dir(follow_symlinks=False)) for entry in found]
        except OSError as error:
            yield folder or ".", "folder", f"the folder cannot be read: {error.strerror or error}"
            continue
        for entry, is_folder in entries:
            path = join(folder, entry.name)
            if is_folder:
                if not entry.name.startswith("."):  # as .git or .ipynb_checkpoints
                    waiting.append(path)
            elif (kind := _kind_by_name(entry.name)) != "other":
                yield path, kind, _why_not(entry, inside)
            elif _is_link_to_folder(entry):
                yield path, "folder", "a link to a folder is not followed"


def _is_link_to_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_symlink() and entry.is_dir()
    except OSError:  # as of a link to itself
        return False


def _why_not(entry: os.DirEntry[str], inside: str) -> str:
    """Why an entry that is no folder is not looked into; empty if it is."""
    try:
        mode = entry.stat().st_mode
        target = os.path.realpath(entry.path)
    except OSError as error:
        return f"the link leads nowhere: {error.strerror or error}"
    if entry.is_symlink() and not target.startswith(inside):
        return "a link that leads out of the data folder is not followed"
    if stat.S_ISDIR(mode):
        return "a link to a folder is not followed"
    return "" if stat.S_ISREG(mode) else "not a regular file"


def _kind_by_name(name: str) -> str:
    suffix = "" if name.startswith(_MACOS_SIDE_FILE) else PurePosixPath(name).suffix.lower()
    if suffix in IMAGE_SUFFIXES:
        return "picture"
    return "annotation" if suffix in _ANNOTATION_SUFFIXES else "other"
