"""Dataset: a folder of labelled pictures, each read once and vouched for."""

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import numpy as np
from numpy.typing import NDArray

from maskwise.dataset.formats.recognition import list_data_set
from maskwise.dataset.reading import Progress, read_listing
from maskwise.dataset.samples import Problem, Rejected, Sample
from maskwise.errors import BadDataset, UnreadableImage
from maskwise.extras import load
from maskwise.images import decode_image, read_bytes
from maskwise.labels import LABELS
from maskwise.names import legible
from maskwise.preprocess import BoxXyxy, PreprocessSpec

if TYPE_CHECKING:
    from maskwise.dataset.audit.findings import Audit

MIN_PER_CLASS: Final = 10
MAX_UNREADABLE_SHARE: Final = 0.2


@dataclass(frozen=True, slots=True)
class Dataset:
    """Labelled faces in pictures below a folder. The folder itself is only ever read.

    Attributes:
        root: The folder.
        samples: Every face that can be used, in order of path.
        unreadable: Files that claim to be pictures but cannot be used, with the reason.
        unlabelled: Pictures of which no class is known.
        faceless: Pictures that are said to show no face.
        faceless_attributes: What else the data set says of some of these, by path.
        problems: What is wrong in annotations; what they speak of is not among the samples.
        is_grouped: Whether each sample names the `group` that no split may part.
    """

    root: Path
    samples: tuple[Sample, ...]
    unreadable: tuple[Rejected, ...] = ()
    unlabelled: tuple[str, ...] = ()
    faceless: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    is_grouped: bool = False
    faceless_attributes: Mapping[str, Mapping[str, str]] = field(default_factory=dict, hash=False)

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        format: str | None = None,
        class_names: Mapping[str, str] | None = None,
        strict: bool = False,
        on_progress: Progress | None = None,
    ) -> Self:
        """Find the pictures of a data set and read each of them once.

        Args:
            path: A folder with a folder per class (`with_mask`, `without_mask`, optionally
                `incorrect`, or one of their many aliases; nested as you like), or with
                annotations in Pascal VOC, COCO, YOLO or CSV; or the JSON, YAML or CSV file.
            format: `folders`, `voc`, `coco`, `yolo` or `csv`. None: what it looks like.
            class_names: Names of classes that the table of `maskwise.dataset.class_names` does
                not know, each with an entry of `LABELS`.
            strict: Refuse a data set of which anything cannot be used, see `unused`, instead of
                listing it.
            on_progress: Told after each picture.

        Raises:
            BadDataset: It is missing, cannot be read, looks like several formats or none, or
                holds no picture with a class; or `strict` and some of it cannot be used.
            InvalidInput: There is no such format or class.
        """
        root, listing = list_data_set(Path(path), format=format, class_names=class_names)
        samples, unreadable, problems = read_listing(root, listing, on_progress)
        useless = {file.path for file in unreadable}
        data = cls(
            root=root,
            samples=tuple(samples),
            unreadable=tuple(sorted([*unreadable, *listing.rejected], key=lambda file: file.path)),
            unlabelled=tuple(listing.unlabelled),
            faceless=tuple(path for path in listing.faceless if path not in useless),
            problems=tuple([*listing.problems, *problems]),
            faceless_attributes={
                path: said for path, said in listing.faceless.items() if path not in useless
            },
        )
        if strict:
            data._require_all_used()
        if not data.samples and not data.unreadable:
            raise BadDataset(_nothing_found(data))
        return data

    def unused(self) -> Mapping[str, Sequence[str]]:
        """What of the data set is not used: by a name for its kind, a line for each place."""
        kinds = {
            "problems in annotations": [f"{p.where}: {p.reason}" for p in self.problems],
            "files that cannot be used": [f"{f.path}: {f.reason}" for f in self.unreadable],
            "pictures of which no class is known": self.unlabelled,
        }
        return {kind: lines for kind, lines in kinds.items() if lines}

    def counts(self) -> dict[str, int]:
        """How many pictures each class has, in the order of `LABELS`."""
        found = Counter(sample.label for sample in self.samples)
        return {name: found[label] for label, name in enumerate(LABELS) if found[label]}

    def only(self, labels: Collection[int]) -> Self:
        """The same data without the samples of other classes."""
        return replace(
            self, samples=tuple(sample for sample in self.samples if sample.label in labels)
        )

    def read(self, sample: Sample) -> NDArray[np.uint8]:
        """The upright picture of a sample, RGB uint8 `(h, w, 3)`.

        Raises:
            BadDataset: The file is gone or is not the one that was read at first.
        """
        return decode_image(self.read_file(sample))

    def read_file(self, sample: Sample) -> bytes:
        """The bytes of the picture file of a sample.

        Raises:
            BadDataset: The file is gone or is not the one that was read at first.
        """
        path = self.root / sample.path
        try:
            content = read_bytes(path)
        except UnreadableImage as error:
            raise BadDataset(
                f"{legible(path)} could be read when it was listed: {error}. Put it back; if the "
                "data of a run has moved, tell it: `maskwise train DATA --out RUN --resume`."
            ) from error
        if hashlib.sha256(content).hexdigest() != sample.sha256:
            raise BadDataset(
                f"{legible(path)} has changed since it was listed. "
                "Put the old file back, or start a new run on the data as it is now."
            )
        return content

    def read_face(self, sample: Sample, spec: PreprocessSpec) -> NDArray[np.uint8]:
        """The face of a sample, cut out of its picture as `spec` says, RGB uint8 `(h, w, 3)`.

        Raises:
            BadDataset: The file is gone or is not the one that was read at first.
        """
        return spec.crop(self.read(sample), sample.box_xyxy)

    def audit(
        self,
        *,
        face_score: Callable[[NDArray[np.uint8]], float] | None = None,
        seed: int = 0,
        on_progress: Progress | None = None,
    ) -> "Audit":
        """Look for what would fool a training: duplicates, leaks, doubtful labels, shortcuts.

        Args:
            face_score: How sure somebody is, from 0 to 1, that an RGB picture `(h, w, 3)` shows a
                face, as a `maskwise.faces.yunet.FaceScorer` is. None: nobody looks.
            seed: Same data and seed, same findings.
            on_progress: Told how much is done and how much there is.

        Raises:
            BadDataset: A picture has changed since it was listed.
            MissingExtra: scikit-learn is not installed.
        """
        found: Audit = load("maskwise.dataset.audit.audit", extra="train").audit(
            self, face_score=face_score, seed=seed, on_progress=on_progress
        )
        return found

    def require_trainable(self, labels: Sequence[int]) -> None:
        """Refuse data that cannot teach or judge a classifier of `labels`.

        Raises:
            BadDataset: A class is missing or too small, over a fifth of the files is unreadable,
                or the same picture stands in two classes.
        """
        self._require_readable()
        self._require_classes(labels)
        self.require_one_class_each()

    def _require_readable(self) -> None:
        total = len(self.samples) + len(self.unreadable)
        share = len(self.unreadable) / max(total, 1)
        if share > MAX_UNREADABLE_SHARE:
            first = self.unreadable[0]
            raise BadDataset(
                f"{len(self.unreadable)} of {total} files in {legible(self.root)} cannot be used "
                f"({share:.0%}; at most {MAX_UNREADABLE_SHARE:.0%} may be). "
                f"The first: {legible(first.path)}: {first.reason}"
            )

    def _require_classes(self, labels: Sequence[int]) -> None:
        counts = self.counts()
        for name in (LABELS[label] for label in labels):
            if counts.get(name, 0) < MIN_PER_CLASS:
                found = ", ".join(f"{n} {name}" for name, n in counts.items()) or "no pictures"
                raise BadDataset(
                    f"{legible(self.root)} needs at least {MIN_PER_CLASS} pictures of {name}. "
                    f"Found: {found}. Put each class into a folder of its name."
                )

    def require_one_class_each(self) -> None:
        """Refuse data that calls one face two things.

        Raises:
            BadDataset: The same bytes stand in two classes; both paths are named.
        """
        first_of: dict[tuple[str, BoxXyxy | None], Sample] = {}
        for sample in self.samples:
            first = first_of.setdefault((sample.sha256, sample.box_xyxy), sample)
            if first.label != sample.label:
                raise BadDataset(
                    f"The same picture stands in two classes: {legible(first.path)} and "
                    f"{legible(sample.path)} in {legible(self.root)}. Remove the wrong one."
                )

    def _require_all_used(self) -> None:
        if unused := self.unused():
            first = next(iter(unused.values()))[0]
            counts = ", ".join(f"{len(lines)} {kind}" for kind, lines in unused.items())
            raise BadDataset(
                f"`strict` takes a data set of which all can be used. {legible(self.root)} has "
                f"{counts}. The first: {legible(first)}"
            )


def _nothing_found(data: Dataset) -> str:
    root, n_unlabelled = legible(data.root), len(data.unlabelled)
    if data.problems:
        first = data.problems[0]
        return (
            f"No face in {root} can be used: {len(data.problems)} problems in its annotations. "
            f"The first: {legible(first.where)}: {first.reason}"
        )
    seen = f"{n_unlabelled} pictures lie" if n_unlabelled else "No picture lies"
    under = "none under" if n_unlabelled else "under"
    return (
        f"{seen} in {root}, {under} a folder with a class name. "
        "Put them into with_mask/ and without_mask/, or name an annotation file."
    )
