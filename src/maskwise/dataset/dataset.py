"""Dataset: a folder of labelled pictures, each read once and vouched for."""

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from maskwise.dataset.formats.folders import list_class_folders
from maskwise.dataset.samples import Candidate, Rejected, Sample
from maskwise.errors import BadDataset, UnreadableImage
from maskwise.images import decode_image, read_bytes
from maskwise.labels import LABELS
from maskwise.names import legible

MIN_PER_CLASS: Final = 10
MAX_UNREADABLE_SHARE: Final = 0.2

Progress = Callable[[int, int], None]
"""Called with how many are done and how many there are."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """Labelled pictures in a folder. The folder itself is only ever read.

    Attributes:
        root: The folder.
        samples: Every picture that can be used, in order of path.
        unreadable: Files that claim to be pictures but cannot be used, with the reason.
        unlabelled: Pictures that lie in no folder with a class name.
    """

    root: Path
    samples: tuple[Sample, ...]
    unreadable: tuple[Rejected, ...] = ()
    unlabelled: tuple[str, ...] = ()

    @classmethod
    def open(cls, folder: str | os.PathLike[str], *, on_progress: Progress | None = None) -> Self:
        """Find the pictures below `folder` and read each of them once.

        Args:
            folder: Holds a folder per class: `with_mask`, `without_mask`, optionally `incorrect`,
                or one of their many aliases; nested as you like.
            on_progress: Told after each picture.

        Raises:
            BadDataset: The folder is missing, is a file, cannot be listed, or holds no picture
                under a class name.
        """
        root = Path(folder)
        _require_folder(root)
        listing = list_class_folders(root)
        samples, unreadable = _read_all(root, listing.candidates, on_progress)
        if not samples and not unreadable and not listing.rejected:
            raise BadDataset(_nothing_found(root, len(listing.unlabelled)))
        return cls(
            root=root,
            samples=tuple(samples),
            unreadable=tuple(sorted([*unreadable, *listing.rejected], key=lambda file: file.path)),
            unlabelled=tuple(listing.unlabelled),
        )

    def counts(self) -> dict[str, int]:
        """How many pictures each class has, in the order of `LABELS`."""
        found = Counter(sample.label for sample in self.samples)
        return {name: found[label] for label, name in enumerate(LABELS) if found[label]}

    def only(self, labels: Collection[int]) -> Self:
        """The same data without the samples of other classes."""
        kept = tuple(sample for sample in self.samples if sample.label in labels)
        return type(self)(self.root, kept, self.unreadable, self.unlabelled)

    def read(self, sample: Sample) -> NDArray[np.uint8]:
        """The upright picture of a sample, RGB uint8 `(h, w, 3)`.

        Raises:
            BadDataset: The file is gone or is not the one that was read at first.
        """
        path = self.root / sample.path
        try:
            content = read_bytes(path)
            if hashlib.sha256(content).hexdigest() == sample.sha256:
                return decode_image(content)
        except UnreadableImage as error:
            raise BadDataset(
                f"{legible(path)} could be read when the run began: {error}. Put it back; if the "
                "data has moved, tell the run: `maskwise train DATA --out RUN --resume`."
            ) from error
        raise BadDataset(
            f"{legible(path)} has changed since it was listed. "
            "Put the old file back, or start a new run on the data as it is now."
        )

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
        """Refuse data that calls one picture two things.

        Raises:
            BadDataset: The same bytes stand in two classes; both paths are named.
        """
        first_of: dict[str, Sample] = {}
        for sample in self.samples:
            first = first_of.setdefault(sample.sha256, sample)
            if first.label != sample.label:
                raise BadDataset(
                    f"The same picture stands in two classes: {legible(first.path)} and "
                    f"{legible(sample.path)} in {legible(self.root)}. Remove the wrong one."
                )


def _require_folder(root: Path) -> None:
    try:
        with os.scandir(root):
            return
    except FileNotFoundError:
        why = "does not exist"
    except NotADirectoryError:
        why = "is a file, not a folder"
    except (OSError, ValueError) as error:
        why = f"cannot be listed: {getattr(error, 'strerror', None) or error}"
    raise BadDataset(
        f"{legible(root)} {why}. Name a folder that holds with_mask/ and without_mask/."
    )


def _nothing_found(root: Path, n_unlabelled: int) -> str:
    seen = f"{n_unlabelled} pictures lie" if n_unlabelled else "No picture lies"
    under = "none under" if n_unlabelled else "under"
    return (
        f"{seen} in {legible(root)}, {under} a folder with a class name. "
        "Put them into with_mask/ and without_mask/."
    )


def _read_all(
    root: Path, candidates: Sequence[Candidate], on_progress: Progress | None
) -> tuple[list[Sample], list[Rejected]]:
    samples: list[Sample] = []
    unreadable: list[Rejected] = []
    for done, result in enumerate(_read_in_order(root, candidates), start=1):
        if isinstance(result, Sample):
            samples.append(result)
        else:
            unreadable.append(result)
        if on_progress is not None:
            on_progress(done, len(candidates))
    return samples, unreadable


def _read_in_order(root: Path, candidates: Sequence[Candidate]) -> Iterator[Sample | Rejected]:
    # Pillow decodes outside the interpreter lock, so threads are enough.
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        yield from threads.map(lambda candidate: _read(root, candidate), candidates)


def _read(root: Path, candidate: Candidate) -> Sample | Rejected:
    try:
        content = read_bytes(root / candidate.path)
        height, width, _ = decode_image(content).shape
    except UnreadableImage as error:
        return Rejected(candidate.path, str(error))
    digest = hashlib.sha256(content).hexdigest()
    return Sample(candidate.path, candidate.label, len(content), digest, (height, width))
