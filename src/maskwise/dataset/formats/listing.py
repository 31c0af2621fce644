"""Listing: what a format found, before any picture was opened."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from maskwise.dataset.formats.tree import Tree
from maskwise.dataset.samples import Candidate, Problem, Rejected

ClassOf = Callable[[str], int | None]
"""From a name to the class that it stands for; see `maskwise.dataset.class_names`."""

_LINE: Final = r"(.*?)(?::(\d+))?"
_WITH_A_MEANING: Final = frozenset(
    {"source", "scene", "group", "side", "split", "subset", "synthetic"}
)


@dataclass(slots=True)
class Listing:
    """What a data set says that it holds.

    Attributes:
        candidates: Faces with their labels.
        unlabelled: Pictures of which no class is known.
        faceless: Pictures that are said to show no face, with what else is said of them.
        rejected: Files that cannot be used as pictures.
        problems: What is wrong in annotations.
    """

    candidates: list[Candidate] = field(default_factory=list)
    unlabelled: list[str] = field(default_factory=list)
    faceless: dict[str, Mapping[str, str]] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    _unknown: dict[str, list[str]] = field(default_factory=dict)

    def complain(self, where: str, reason: str) -> None:
        """Note a problem."""
        self.problems.append(Problem(where, reason))

    def leave_out(self, name: str, where: str) -> None:
        """Note a face of a class that nobody knows; there is one problem for each such name."""
        self._unknown.setdefault(name, []).append(where)

    def revise(self, change: Callable[[str, Mapping[str, str]], Mapping[str, str]]) -> None:
        """Give other attributes to every face, and to every picture without one.

        Args:
            change: From the path of a picture and the old attributes to the new ones.
        """
        self.candidates = [
            replace(face, attributes=change(face.path, face.attributes)) for face in self.candidates
        ]
        self.faceless = {path: change(path, said) for path, said in self.faceless.items()}

    def finish(self, tree: Tree) -> None:
        """Account for every file in the tree, and put everything into the order of paths.

        The faces of a picture keep their order.
        """
        for name, places in self._unknown.items():
            self.complain(places[0], _unknown_class(name, len(places)))
        self._unknown.clear()
        labelled = {candidate.path for candidate in self.candidates}
        self.faceless = {
            path: self.faceless[path] for path in sorted(self.faceless) if path not in labelled
        }
        self.rejected = sorted({*self.rejected, *tree.rejected}, key=lambda rejected: rejected.path)
        known = labelled | self.faceless.keys() | {rejected.path for rejected in self.rejected}
        self.unlabelled = sorted(set(tree.pictures) - known)
        self.candidates.sort(key=lambda candidate: candidate.path)
        self.problems.sort(key=_place)


def with_plain_names(attributes: Mapping[str, str]) -> Mapping[str, str]:
    """Attributes, those that have a meaning by their names in lower case.

    >>> with_plain_names({"Source": "kaggle", "Note": ""})
    {'source': 'kaggle', 'Note': ''}
    """
    named: dict[str, str] = {}
    for name, value in attributes.items():
        plain = name.lower()
        is_free = plain not in attributes and plain not in named
        named[plain if plain in _WITH_A_MEANING and is_free else name] = value
    return named


def _unknown_class(name: str, n_faces: int) -> str:
    faces = "1 face is" if n_faces == 1 else f"{n_faces} faces are"
    return (
        f"{faces} of the class {name!r}, which is not known: left out. "
        f"Say what it stands for, as in --class {name!r}=with_mask"
    )


def _place(problem: Problem) -> tuple[str, int]:
    found = re.fullmatch(_LINE, problem.where, re.DOTALL)
    file, line = found.groups() if found else (problem.where, None)
    return file, int(line or 0)
