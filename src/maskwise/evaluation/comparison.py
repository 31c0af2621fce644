"""Comparison: two networks, judged on the same pictures."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from maskwise import __version__
from maskwise.dataset.dataset import Dataset
from maskwise.dataset.reading import Progress, progress_from
from maskwise.dataset.split import number_groups
from maskwise.errors import InvalidInput
from maskwise.evaluation.judge import read_faces
from maskwise.evaluation.paired import PairedMetrics, measure_paired
from maskwise.evaluation.subject import Subject
from maskwise.evaluation.unseen import unseen_pictures
from maskwise.images import thumbnail_jpeg
from maskwise.inference.decision import decide
from maskwise.intervals import Estimate
from maskwise.labels import LABELS, label_name, label_words
from maskwise.names import legible
from maskwise.pages.environment import html_environment, markdown_environment
from maskwise.pages.files import json_text, write_files
from maskwise.preprocess import BoxXyxy, PreprocessSpec
from maskwise.runs.run import Run

FORMAT_VERSION: Final = 1
"""Of `comparison.json`; grows when a reader of the old layout would misread the new one."""

SECTIONS: Final = {
    "differences": "Key figures",
    "table": "Right and wrong",
    "disagreements": "Where they disagree",
    "facts": "How this was made",
    "meaning": "In plain words",
}
"""The sections of the page in their order, by the name of their template."""

_SHOWN_DISAGREEMENTS: Final = 24


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A picture that A and B answered differently.

    Attributes:
        path: Relative to the data folder, with `/` between its parts.
        label: The truth, a class number of `maskwise.LABELS`.
        answer_a: What A answered, likewise.
        answer_b: What B answered, likewise.
        probability_a: A's of each class, in the order of `maskwise.LABELS`.
        probability_b: B's, likewise.
        thumbnail_jpeg: A small copy of the face, or empty for none.
        box_xyxy: Where the face is in its picture; None for all of it.
    """

    path: str
    label: int
    answer_a: int
    answer_b: int
    probability_a: tuple[float, ...]
    probability_b: tuple[float, ...]
    thumbnail_jpeg: bytes = b""
    box_xyxy: BoxXyxy | None = None

    def to_dict(self) -> Mapping[str, Any]:
        """Plain values for JSON, without the thumbnail."""
        return {
            "path": self.path,
            "box_xyxy": self.box_xyxy,
            "truth": label_name(self.label),
            "a": _answer_to_dict(self.answer_a, self.probability_a),
            "b": _answer_to_dict(self.answer_b, self.probability_b),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Which of two networks answers better on certain pictures, and where they disagree.

    Attributes:
        title: Which networks on which pictures.
        created: When they were judged, as ISO 8601 in UTC.
        facts: What a reader needs to do it again.
        metrics: The figures.
        disagreements: All of them; those that part A and B the most come first.
        notes: Plain sentences about what the figures do not say; `backticks` mark what is typed.
    """

    title: str
    created: str
    facts: Mapping[str, str]
    metrics: PairedMetrics
    disagreements: tuple[Disagreement, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """The result in a few words."""
        if self.metrics.better is None:
            return "No difference shown"
        return "A is better than B" if self.metrics.better == "a" else "B is better than A"

    def to_dict(self) -> Mapping[str, Any]:
        """Plain values for JSON.

        `format_version`, `title`, `created`, `facts`, `notes` and `verdict`, then `metrics` as
        `PairedMetrics.to_dict` has them, and all `disagreements`.
        """
        return {
            "format_version": FORMAT_VERSION,
            "title": self.title,
            "created": self.created,
            "facts": dict(self.facts),
            "notes": list(self.notes),
            "verdict": self.verdict,
            "metrics": self.metrics.to_dict(),
            "disagreements": [each.to_dict() for each in self.disagreements],
        }

    def to_json(self) -> str:
        """`to_dict` as JSON in plain ASCII; names of files survive whatever their bytes are."""
        return json_text(self.to_dict())

    def to_markdown(self) -> str:
        """The comparison as Markdown, for terminals and forges."""
        environment = markdown_environment("maskwise.evaluation")
        return environment.get_template("comparison.md.j2").render(self._content())

    def to_html(self) -> str:
        """The comparison as one HTML page with everything in it."""
        environment = html_environment("maskwise.evaluation")
        return environment.get_template("comparison.html.j2").render(self._content())

    def write(self, folder: Path) -> list[Path]:
        """Write `comparison.json`, `comparison.md` and `comparison.html` into `folder`.

        Returns:
            The paths, in this order.

        Raises:
            OutputFailed: We may not write there or the disk is full; each file is old or new.
        """
        texts = {
            "comparison.json": self.to_json(),
            "comparison.md": self.to_markdown() + "\n",
            "comparison.html": self.to_html(),
        }
        return write_files(folder, texts)

    def _content(self) -> Mapping[str, Any]:
        return {
            "report": self,
            "metrics": self.metrics,
            "rows": list(_rows(self.metrics)),
            "shown": self.disagreements[:_SHOWN_DISAGREEMENTS],
            "sections": SECTIONS,
            "folder": "comparison/",
        }


def compare(
    a: str | os.PathLike[str] | Run | Subject,
    b: str | os.PathLike[str] | Run | Subject,
    data: Dataset | str | os.PathLike[str] | None = None,
    *,
    on_progress: Progress | None = None,
) -> Comparison:
    """Judge two networks on the same pictures.

    Args:
        a: A finished run or its folder, the folder of a bundle, or `shipped` for the bundle that
            comes with maskwise.
        b: Another, of the same classes.
        data: Pictures to judge on. Those that either network was trained on, as far as it is a
            run, near-duplicates of these, and those of other classes are left out, and the
            comparison says so. Must be named: the test side of one run is as a rule what the other
            was trained on.
        on_progress: Told how far it is: first how many pictures were looked at, those of the
            trainings included, then how many answers are given, two for each picture.

    Returns:
        Both accuracies, paired intervals of the differences, McNemar's test, and the pictures on
        which the answers differ; `Comparison.write` makes the files.

    Raises:
        InvalidInput: `data` is missing, or the networks tell other classes apart.
        BadRun: A run is missing, unfinished or damaged.
        BadBundle: A bundle is damaged or was changed.
        BadDataset: The same picture stands in two classes, or nothing is left to judge on.
    """
    if data is None:
        raise InvalidInput(
            "`data` must name the pictures that both are judged on, as `--on DATA` does. "
            "Received: None."
        )
    subjects = [Subject.open(each) for each in (a, b)]
    _require_same_classes(*subjects)
    loaded = [subject.load() for subject in subjects]
    runs = [subject.run for subject in subjects if subject.run]
    dataset, notes = unseen_pictures(
        runs, data, labels=subjects[0].labels, who="A or B", on_progress=on_progress
    )
    n = len(dataset.samples)
    label = np.array([sample.label for sample in dataset.samples], dtype=np.int64)
    probability_a, probability_b = (
        rule.calibrate(
            classifier(
                read_faces(dataset, classifier.spec, progress_from(turn * n, 2 * n, on_progress))
            )
        )
        for turn, (classifier, rule) in enumerate(loaded)
    )
    names = [_name(subject) for subject in subjects]
    return Comparison(
        title=f"A: {names[0]}, B: {names[1]}, on {legible(dataset.root.resolve().name)}",
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        facts=_facts(subjects, dataset),
        metrics=measure_paired(
            label, probability_a, probability_b, group=number_groups(dataset.samples)
        ),
        disagreements=_disagreements(
            dataset, loaded[0][0].spec, label, probability_a, probability_b
        ),
        notes=(*_familiar(subjects, dataset), *notes),
    )


def _name(subject: Subject) -> str:
    return legible(subject.run.folder.resolve().name) if subject.run else subject.name


def _require_same_classes(a: Subject, b: Subject) -> None:
    if a.labels != b.labels:
        of_a, of_b = (", ".join(LABELS[label] for label in each.labels) for each in (a, b))
        raise InvalidInput(
            "`a` and `b` must tell the same classes apart. "
            f"Received: {_place(a)} ({of_a}) and {_place(b)} ({of_b})."
        )


def _place(subject: Subject) -> str:
    return legible(subject.model.folder)


def _familiar(subjects: Sequence[Subject], dataset: Dataset) -> list[str]:
    """Warnings of pictures that may favour one of both."""
    of_a, of_b = (
        {sample.sha256 for sample in subject.run.read_split().test} if subject.run else set()
        for subject in subjects
    )
    counts = {
        name: sum(sample.sha256 in own for sample in dataset.samples)
        for name, own in (("A", of_a - of_b), ("B", of_b - of_a))
    }
    warnings = [
        f"{n} of the pictures {'stands' if n == 1 else 'stand'} on the test side of {name}, which "
        "was trained on others of the same data set: this favours it."
        for name, n in counts.items()
        if n
    ]
    unknown = [name for name, subject in zip("AB", subjects, strict=True) if not subject.run]
    if unknown:
        warnings.append(
            f"{' and '.join(unknown)} came as a bundle, which does not hold what it was trained "
            "on: copies of that among these pictures could not be left out, and would favour it."
        )
    return warnings


def _disagreements(
    dataset: Dataset,
    spec: PreprocessSpec,
    label: NDArray[np.int64],
    probability_a: NDArray[np.float32],
    probability_b: NDArray[np.float32],
) -> tuple[Disagreement, ...]:
    answer_a, answer_b = decide(probability_a), decide(probability_b)
    differing = np.flatnonzero(answer_a != answer_b)
    gap = np.abs(probability_a - probability_b)[differing, label[differing]]
    furthest_first = differing[np.argsort(-gap, kind="stable")]
    return tuple(
        Disagreement(
            path=dataset.samples[index].path,
            box_xyxy=dataset.samples[index].box_xyxy,
            label=int(label[index]),
            answer_a=int(answer_a[index]),
            answer_b=int(answer_b[index]),
            probability_a=tuple(map(float, probability_a[index])),
            probability_b=tuple(map(float, probability_b[index])),
            thumbnail_jpeg=(
                thumbnail_jpeg(dataset.read_face(dataset.samples[index], spec))
                if rank < _SHOWN_DISAGREEMENTS
                else b""
            ),
        )
        for rank, index in enumerate(furthest_first)
    )


def _facts(subjects: Sequence[Subject], dataset: Dataset) -> Mapping[str, str]:
    judged = ", ".join(f"{n} {name}" for name, n in dataset.counts().items())
    of_each = {
        name: {name: _place(subject), **_origin(name, subject)}
        for name, subject in zip("AB", subjects, strict=True)
    }
    return {
        **of_each["A"],
        **of_each["B"],
        "Judged on": f"{legible(dataset.root)}: {judged}",
        "Judged with maskwise": __version__,
    }


def _origin(name: str, subject: Subject) -> Mapping[str, str]:
    run = subject.run
    if run is None:
        return {f"Bundle of {name}": subject.facts["Bundle"]}
    return {
        f"Recipe of {name}": f"{run.recipe.name}, {run.recipe.epochs} epochs, seed {run.seed}",
        f"{name} was trained from": legible(run.data_folder),
    }


def _rows(
    metrics: PairedMetrics,
) -> Iterator[tuple[str, int | None, int, Estimate, Estimate, Estimate]]:
    """Title, class if it is of one, pictures, figure of A, of B, and their difference."""
    a, b = metrics.a, metrics.b
    yield "Accuracy", None, metrics.n, a.accuracy, b.accuracy, metrics.accuracy_difference
    yield (
        *("Balanced accuracy", None, metrics.n),
        *(a.balanced_accuracy, b.balanced_accuracy, metrics.balanced_accuracy_difference),
    )
    for of_a, of_b, difference in zip(
        a.per_class, b.per_class, metrics.recall_differences, strict=True
    ):
        title = f"Recall of “{label_words(of_a.label)}”"
        yield title, of_a.label, of_a.support, of_a.recall, of_b.recall, difference


def _answer_to_dict(answer: int, probability: tuple[float, ...]) -> Mapping[str, Any]:
    return {
        "answer": label_name(answer),
        "probability": dict(zip(LABELS, probability, strict=False)),
    }
