"""Class folders: the name of the folder that a picture lies in is its label."""

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

from maskwise.dataset.samples import Candidate, Rejected
from maskwise.labels import INCORRECT, WITH_MASK, WITHOUT_MASK

ALIASES: Final = {
    WITH_MASK: (
        "with_mask with_masks mask masks masked with mask_on wearing_mask wear_mask face_mask "
        "masked_face masked_faces face_with_mask with_face_mask correct correct_mask correct_masks "
        "correctly_worn correctly_masked mask_correct mask_worn_correctly mask_weared_correct "
        "properly_worn proper proper_mask good_mask compliant fully_covered CMFD "
        "AFDB_masked_face_dataset"
    ),
    WITHOUT_MASK: (
        "without_mask without_masks no_mask no_masks non_mask non_masked not_mask not_masked "
        "unmasked unmasked_face unmasked_faces without mask_off face_no_mask face_without_mask "
        "no_face_mask without_face_mask not_wearing_mask not_wearing bare_face bare_faces "
        "not_covered AFDB_face_dataset"
    ),
    INCORRECT: (
        "incorrect incorrect_mask incorrect_masks incorrectly_worn incorrectly_masked "
        "mask_incorrect mask_weared_incorrect mask_worn_incorrect mask_worn_incorrectly improper "
        "improper_mask improperly_worn wrong wrong_mask wrongly_worn worn_wrong bad_mask "
        "partial_mask partially_masked partially_covered mask_chin mask_mouth_chin "
        "mask_nose_mouth IMFD"
    ),
}
"""Folder names by class. Case, spaces, hyphens, underscores and a leading number do not count."""

IMAGE_SUFFIXES: Final = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".dib", ".gif", ".tif", ".tiff"),
    *(".heic", ".heif", ".avif"),
)
"""What counts as a picture by name. Whether it can be read, its content decides."""

_MACOS_SIDE_FILE: Final = "._"  # holds what macOS knows of a picture, and has its suffix


def _plain(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())


_LABEL_OF: Final = {
    _plain(alias): label for label, aliases in ALIASES.items() for alias in aliases.split()
}


def class_of(folder: str) -> int | None:
    """The class that a folder name stands for, or None.

    >>> class_of("Non Mask"), class_of("WithMask"), class_of("holiday")
    (0, 1, None)
    """
    return _LABEL_OF.get(_plain(folder))


@dataclass(slots=True)
class Listing:
    """What a walk through class folders found, in order of path."""

    candidates: list[Candidate] = field(default_factory=list)
    unlabelled: list[str] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)


def list_class_folders(root: Path) -> Listing:
    """Find every picture below `root` and its label, without opening any.

    The nearest folder with a class name decides. Pictures under no such folder are listed as
    unlabelled. Links are followed to files inside `root` only, never to folders, so that neither
    loops nor files elsewhere are walked into; what is passed over is listed with the reason.

    Args:
        root: An existing folder; only read.
    """
    listing = Listing()
    inside = os.path.realpath(root)
    for folder, labels, error in _walk(root):
        if error is not None:
            listing.rejected.append(Rejected(folder, f"the folder cannot be read: {error}"))
            continue
        _list_folder(root, folder, labels, inside, listing)
    listing.candidates.sort(key=lambda candidate: candidate.path)
    listing.unlabelled.sort()
    listing.rejected.sort(key=lambda rejected: rejected.path)
    return listing


def _walk(root: Path) -> Iterator[tuple[str, int | None, str | None]]:
    """Yield each folder below `root` as relative path, its class, and why it cannot be read."""
    waiting: list[tuple[str, int | None]] = [("", None)]
    while waiting:
        folder, label = waiting.pop()
        try:
            with os.scandir(root / folder) as entries:
                inner = [e.name for e in entries if e.is_dir(follow_symlinks=False)]
        except OSError as error:
            yield folder, label, error.strerror or str(error)
            continue
        yield folder, label, None
        for name in inner:
            named = class_of(name)
            waiting.append((_join(folder, name), label if named is None else named))


def _list_folder(root: Path, folder: str, label: int | None, inside: str, listing: Listing) -> None:
    with os.scandir(root / folder) as entries:
        for entry in entries:
            path = _join(folder, entry.name)
            if entry.name.startswith(_MACOS_SIDE_FILE) or (
                PurePosixPath(path).suffix.lower() not in IMAGE_SUFFIXES
            ):
                if entry.is_symlink() and entry.is_dir():
                    listing.rejected.append(Rejected(path, "a link to a folder is not followed"))
                continue
            reason = _why_not(entry, inside)
            if reason == "a folder":
                continue
            if reason is not None:
                listing.rejected.append(Rejected(path, reason))
            elif label is None:
                listing.unlabelled.append(path)
            else:
                listing.candidates.append(Candidate(path, label))


def _why_not(entry: os.DirEntry[str], inside: str) -> str | None:
    """Why an entry with the name of a picture is not looked into, or None."""
    try:
        mode = entry.stat().st_mode
        target = os.path.realpath(entry.path)
    except OSError as error:
        return f"the link leads nowhere: {error.strerror or error}"
    if entry.is_symlink() and not target.startswith(inside + os.sep):
        return "a link that leads out of the data folder is not followed"
    if stat.S_ISDIR(mode):
        return "a link to a folder is not followed" if entry.is_symlink() else "a folder"
    return None if stat.S_ISREG(mode) else "not a regular file"


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name
