"""Class folders: the name of the folder that a picture lies in is its label."""

import posixpath
from typing import Final

from maskwise.dataset.formats.listing import ClassOf, Listing
from maskwise.dataset.formats.tree import Tree, join
from maskwise.dataset.samples import Candidate
from maskwise.labels import LABELS

NO_FACE: Final = -1
"""Stands for a class where a folder says that its pictures show no face."""

NO_FACE_FOLDER: Final = "no_face"
"""The name of such a folder."""


def list_class_folders(tree: Tree, class_of: ClassOf) -> Listing:
    """Find every picture and its label.

    The nearest folder with a class name, or called `no_face`, decides. Pictures under no such
    folder are unlabelled.

    Args:
        tree: What lies in the data folder.
        class_of: From the name of a folder to its class.
    """
    listing = Listing()
    for path in tree.pictures:
        label = label_by_folder(path, class_of)
        if label == NO_FACE:
            listing.faceless[path] = {}
        elif label is not None:
            listing.candidates.append(Candidate(path, label))
    listing.finish(tree)
    return listing


def label_by_folder(path: str, class_of: ClassOf) -> int | None:
    """The class that the folders of a picture put it into: a label, `NO_FACE`, or None."""
    for folder in reversed(path.split("/")[:-1]):
        label = NO_FACE if folder.casefold() == NO_FACE_FOLDER else class_of(folder)
        if label is not None:
            return label
    return None


def place_in_class_folder(path: str, label: int) -> str:
    """Where a picture of this class, or `NO_FACE`, lies: in a folder of the class in its own."""
    folder, name = posixpath.split(path)
    return join(join(folder, NO_FACE_FOLDER if label == NO_FACE else LABELS[label]), name)
