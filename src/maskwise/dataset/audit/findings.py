"""Findings: what an audit has found, as values, and the files that say it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from maskwise.dataset.audit.concerns import find_concerns
from maskwise.dataset.audit.contradictions import Contradiction
from maskwise.dataset.audit.page import render_html, render_markdown, render_text
from maskwise.dataset.audit.parted import PartedGroup
from maskwise.dataset.samples import Problem, Rejected
from maskwise.intervals import Estimate, rate
from maskwise.labels import label_name
from maskwise.pages.files import json_text, write_files
from maskwise.preprocess import BoxXyxy

FORMAT_VERSION: Final = 1
"""Of `audit.json`; grows when a reader of the old layout would misread the new one."""


@dataclass(frozen=True, slots=True)
class DuplicateGroup:
    """Pictures that are one shot.

    Attributes:
        paths: At least two, relative to the data folder, in order.
        labels: Their classes if each shows one face, class numbers of `maskwise.LABELS`.
        sides: The sides of the given split on which they stand; empty if none is given.
        is_exact: Whether all of them are the same file, byte for byte.
    """

    paths: tuple[str, ...]
    labels: tuple[int, ...]
    sides: tuple[str, ...]
    is_exact: bool

    @property
    def crosses_classes(self) -> bool:
        """Whether it has more than one class."""
        return len(self.labels) > 1

    @property
    def crosses_sides(self) -> bool:
        """Whether it stands on more than one side of the given split."""
        return len(self.sides) > 1

    def to_dict(self) -> Mapping[str, Any]:
        """Plain values for JSON, without the paths."""
        return {
            "labels": [label_name(label) for label in self.labels],
            "sides": list(self.sides),
            "is_exact": self.is_exact,
            "crosses_classes": self.crosses_classes,
            "crosses_sides": self.crosses_sides,
        }


@dataclass(frozen=True, slots=True)
class Misnamed:
    """A picture whose name claims another format than its bytes have.

    Attributes:
        path: Relative to the data folder.
        kind: What it is, such as `PNG`.
    """

    path: str
    kind: str


@dataclass(frozen=True, slots=True)
class Suspect:
    """A face that a person should look at.

    Attributes:
        path: Of its picture, relative to the data folder.
        box_xyxy: Where it is; None for the whole picture.
        label: Its class in the data set, a class number of `maskwise.LABELS`.
        score: How suspicious it is, from 0 to 1; for a label, 1 minus the probability that a
            classifier gives it which was not trained on it.
        likelier: The class that is likelier; None for what seems to be no face at all.
    """

    path: str
    box_xyxy: BoxXyxy | None
    label: int
    score: float
    likelier: int | None = None

    def to_dict(self) -> Mapping[str, Any]:
        """Plain values for JSON, with classes by name."""
        return {
            "path": self.path,
            "box_xyxy": None if self.box_xyxy is None else list(self.box_xyxy),
            "label": label_name(self.label),
            "score": self.score,
            "likelier": None if self.likelier is None else label_name(self.likelier),
        }


@dataclass(frozen=True, slots=True)
class Probe:
    """How well the classes are told apart by something that should not give them away.

    Attributes:
        name: What a classifier was shown: `metadata`, `border` or `thumbnail`.
        right: On how many pictures it was right that it was not trained on.
        n: How many pictures there are.
        majority: How many are of the commonest class.
        effective_n: How many independent pictures they are worth, as near-duplicates and faces of
            one scene bear witness but once; None for `n`.
    """

    name: str
    right: int
    n: int
    majority: int
    effective_n: float | None = None

    @property
    def accuracy(self) -> Estimate:
        """The share of right answers, with Wilson's interval for `effective_n` pictures."""
        return rate(self.right, self.n, effective_n=self.effective_n)

    @property
    def majority_share(self) -> float:
        """What always naming the commonest class reaches; 0 without pictures."""
        return self.majority / self.n if self.n else 0.0

    @property
    def beats_majority(self) -> bool:
        """Whether the whole interval lies above `majority_share`."""
        low = self.accuracy.low
        return low is not None and low > self.majority_share

    def to_dict(self) -> Mapping[str, Any]:
        """Plain values for JSON, with accuracy and its interval."""
        return {
            "name": self.name,
            "n": self.n,
            "right": self.right,
            "effective_n": self.n if self.effective_n is None else self.effective_n,
            "accuracy": self.accuracy.to_dict(),
            "majority_share": self.majority_share,
            "beats_majority": self.beats_majority,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What is wrong with a data set, before anybody trains on it.

    Attributes:
        root: The data folder.
        created: When it was looked at, as ISO 8601 in UTC.
        n_pictures: How many pictures were read.
        counts: How many faces each class has, by its name.
        counts_by_source: The same for each source, if the data set names any.
        unreadable: Files that claim to be pictures but cannot be used, with the reason.
        unlabelled: Pictures of which no class is known.
        problems: What is wrong in annotations.
        misnamed: Pictures whose name claims another format.
        exact_duplicates: Groups of pictures that are one file, byte for byte, as paths in order.
        near_duplicates: Groups of pictures that are one shot, exact copies among them; those that
            cross classes first, then those that cross the sides of the given split.
        contradictions: Faces that have two classes in equal files.
        split_scenes: Scenes that stand on two sides of the given split, with those sides.
        parted_groups: All groups that do: near-duplicates, scenes, and what the data set itself
            calls a group, over any number of links.
        mislabels: Faces whose label is doubtful, the worst first.
        non_faces: Pictures that seem to show no face, the worst first; None if nobody looked.
        probes: What gives the classes away beside the faces.
        leak: Share of test pictures that have a twin or a scene-mate on the other sides, were the
            set split at random as the reference system does; None for too few pictures.
        thumbnails_jpeg: Small copies of pictures that the page shows, by path.
    """

    root: Path
    created: str
    n_pictures: int
    counts: Mapping[str, int]
    counts_by_source: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    unreadable: tuple[Rejected, ...] = ()
    unlabelled: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    misnamed: tuple[Misnamed, ...] = ()
    exact_duplicates: tuple[tuple[str, ...], ...] = ()
    near_duplicates: tuple[DuplicateGroup, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
    split_scenes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    parted_groups: tuple[PartedGroup, ...] = ()
    mislabels: tuple[Suspect, ...] = ()
    non_faces: tuple[Suspect, ...] | None = None
    probes: tuple[Probe, ...] = ()
    leak: float | None = None
    thumbnails_jpeg: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def n_faces(self) -> int:
        """How many faces there are of all classes."""
        return sum(self.counts.values())

    def __str__(self) -> str:
        """What is wrong, the worst first, in at most 25 lines of plain text."""
        return render_text(self)

    def to_dict(self) -> Mapping[str, Any]:
        """Plain values for JSON; all paths are relative to `root`, all classes go by name.

        - `format_version`, `root`, `created`, `n_pictures`, `n_faces`, `counts` by class and
          `counts_by_source`.
        - `concerns`: what is wrong, the worst first, each as `Concern` describes it.
        - `near_duplicates`: groups of pictures that are one shot, exact copies among them; each
          group is a list of paths. `near_duplicate_details`: of each group in the same order its
          `labels`, `sides`, `is_exact`, `crosses_classes` and `crosses_sides`.
        - `exact_duplicates`: groups of files that are equal byte for byte, as lists of paths.
        - `contradictions`: `paths`, `box_xyxy` and `labels` of each face that has two classes.
        - `split_scenes`: the sides of each scene that stands on two. `parted_groups`: `paths` and
          `sides` of each group of any kind that does.
        - `random_split_leak`: as `leak`.
        - `probes`: `name`, `n`, `right`, `effective_n`, `accuracy` (value, low and high of its
          95 % interval by Wilson), `majority_share` and `beats_majority`.
        - `mislabels` and `non_faces`: `path`, `box_xyxy`, `label`, `score` and `likelier`; the
          latter is null if nobody looked for them.
        - `unreadable` (`path`, `reason`), `misnamed` (`path`, `kind`), `problems` (`where`,
          `reason`) and `unlabelled` (paths).
        """
        groups = self.near_duplicates
        return {
            "format_version": FORMAT_VERSION,
            "root": str(self.root),
            "created": self.created,
            "n_pictures": self.n_pictures,
            "n_faces": self.n_faces,
            "counts": dict(self.counts),
            "counts_by_source": {name: dict(n) for name, n in self.counts_by_source.items()},
            "concerns": [asdict(concern) for concern in find_concerns(self)],
            "near_duplicates": [list(group.paths) for group in groups],
            "near_duplicate_details": [group.to_dict() for group in groups],
            "exact_duplicates": [list(paths) for paths in self.exact_duplicates],
            "contradictions": [face.to_dict() for face in self.contradictions],
            "split_scenes": {scene: list(sides) for scene, sides in self.split_scenes.items()},
            "parted_groups": [group.to_dict() for group in self.parted_groups],
            "random_split_leak": self.leak,
            "probes": [probe.to_dict() for probe in self.probes],
            "mislabels": [suspect.to_dict() for suspect in self.mislabels],
            "non_faces": None
            if self.non_faces is None
            else [suspect.to_dict() for suspect in self.non_faces],
            "unreadable": [asdict(file) for file in self.unreadable],
            "misnamed": [asdict(picture) for picture in self.misnamed],
            "problems": [asdict(problem) for problem in self.problems],
            "unlabelled": list(self.unlabelled),
        }

    def to_json(self) -> str:
        """`to_dict` as JSON in plain ASCII; names of files survive whatever their bytes are."""
        return json_text(self.to_dict())

    def to_markdown(self) -> str:
        """The audit as Markdown, for terminals and forges; long lists are cut and counted."""
        return render_markdown(self)

    def to_html(self) -> str:
        """The audit as one HTML page with everything in it; long lists are cut and counted."""
        return render_html(self)

    def write(self, folder: Path) -> list[Path]:
        """Write `audit.json`, `audit.md` and `audit.html` into `folder`.

        Returns:
            The paths, in this order.

        Raises:
            OutputFailed: We may not write there or the disk is full; each file is old or new.
        """
        texts = {
            "audit.json": self.to_json(),
            "audit.md": self.to_markdown() + "\n",
            "audit.html": self.to_html(),
        }
        return write_files(folder, texts)
