"""Judge: lets a finished run answer on pictures that it was not trained on."""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from maskwise import __version__
from maskwise.dataset.dataset import Dataset
from maskwise.dataset.reading import Progress
from maskwise.dataset.split import find_leaks, number_groups
from maskwise.evaluation.calibration import coverage_risk, measure_selective
from maskwise.evaluation.metrics import measure
from maskwise.evaluation.report import Mistake, Report
from maskwise.evaluation.robustness import N_VARIANTS, measure_robustness
from maskwise.evaluation.slices import measure_look, measure_slices
from maskwise.evaluation.unseen import unseen_pictures
from maskwise.extras import load
from maskwise.images import thumbnail_jpeg
from maskwise.inference.attention import Explainer, overlay
from maskwise.inference.classifier import MaskClassifier
from maskwise.inference.decision import decide
from maskwise.inference.pipeline import read_rule
from maskwise.labels import LABELS
from maskwise.names import legible
from maskwise.preprocess import PreprocessSpec
from maskwise.runs.run import Run

LEAK: Final = "has a twin in training"
"""The slice that parts leaking test pictures from the others."""

_SHOWN_MISTAKES: Final = 24
_WORSENED: Final = 200


def evaluate(
    run: str | os.PathLike[str] | Run,
    data: Dataset | str | os.PathLike[str] | None = None,
    *,
    robustness: bool = True,
    on_progress: Progress | None = None,
) -> Report:
    """Judge a finished run.

    Args:
        run: A run or its folder.
        data: Pictures to judge on. None: the test side of the run's own split, read again from
            the folder that it was trained from. Of other data, classes that the network does not
            know are left out, and pictures that it was trained on or near-duplicates of them; the
            report says so.
        robustness: Whether to judge also on up to 200 of the pictures made worse in many ways,
            which takes 43 answers on each.
        on_progress: Told how far it is: first, of other data, how many pictures were looked at,
            those of the training included, then how many answers are given; and of how many.

    Returns:
        Metrics with 95 % intervals, in all and on parts of the pictures, learning curves and the
        worst mistakes; `Report.write` makes the files.

    Raises:
        BadRun: The run is missing, unfinished or damaged.
        BadDataset: Pictures of the test side are gone or changed, the same picture stands in two
            classes, or nothing is left to judge on.
    """
    opened = run if isinstance(run, Run) else Run.open(run)
    classifier, rule = load_classifier(opened), read_rule(opened)
    if data is None:
        dataset, notes = _test_side(opened)
    else:
        dataset, notes = unseen_pictures([opened], data, who="the network", on_progress=on_progress)
    progress = _Progress(len(dataset.samples), robustness, on_progress)
    looks: list[tuple[float, float, float]] = []
    faces = _noting(read_faces(dataset, classifier.spec, progress.judged), looks)
    answered = classifier(faces)
    label = np.array([sample.label for sample in dataset.samples], dtype=np.int64)
    group = number_groups(dataset.samples)
    calibrated = rule.calibrate(answered)
    return Report(
        title=f"{opened.recipe.name} on {legible(dataset.root.name)}",
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        facts=_facts(opened, dataset),
        metrics=measure(label, calibrated, group=group),
        rule=rule,
        selective=measure_selective(label, rule.decide(answered), group=group),
        coverage_risk=coverage_risk(label, calibrated, group=group),
        slices=measure_slices(
            dataset.samples, np.array(looks).reshape(-1, 3), calibrated, group=group
        ),
        robustness=measure_robustness(
            classifier,
            lambda index: dataset.read_face(dataset.samples[index], classifier.spec),
            label,
            group=group,
            limit=_WORSENED,
            on_progress=progress.worsened,
        )
        if robustness
        else None,
        history=tuple(opened.finished_checkpoint().history),
        mistakes=_worst_mistakes(opened, dataset, label, calibrated),
        notes=notes,
    )


class _Progress:
    """Tells of two passes over the pictures as if they were one."""

    def __init__(self, n: int, robustness: bool, on_progress: Progress | None) -> None:
        self._n = n
        self._more = N_VARIANTS * min(n, _WORSENED) if robustness else 0
        self._on_progress = on_progress

    def judged(self, done: int, total: int) -> None:  # noqa: ARG002 - known before
        if self._on_progress is not None:
            self._on_progress(done, self._n + self._more)

    def worsened(self, done: int, total: int) -> None:
        if self._on_progress is not None:
            share = done / max(total, 1)
            self._on_progress(self._n + round(self._more * share), self._n + self._more)


def _noting(
    faces: Iterable[NDArray[np.uint8]], looks: list[tuple[float, float, float]]
) -> Iterator[NDArray[np.uint8]]:
    for face_rgb in faces:
        looks.append(measure_look(face_rgb))
        yield face_rgb


def load_classifier(run: Run) -> MaskClassifier:
    """The network of a finished run, as users get it.

    Raises:
        BadRun: The run is unfinished or damaged.
        MissingExtra: TensorFlow is not installed.
    """
    runtime = load("maskwise.inference.runtime_keras", extra="train")
    session, recipe = runtime.KerasSession.load(run), run.recipe
    return MaskClassifier(session, recipe.preprocess, n_classes=len(recipe.labels))


def _test_side(run: Run) -> tuple[Dataset, tuple[str, ...]]:
    split = run.read_split()
    leaking = {sample.key for found in find_leaks(split).values() for sample in found}
    samples = split.test
    if leaking:
        samples = tuple(
            replace(
                sample,
                attributes={**sample.attributes, LEAK: "yes" if sample.key in leaking else "no"},
            )
            for sample in samples
        )
    dataset = Dataset(root=run.data_folder, samples=samples)
    return dataset, (_split_note(run, len(leaking), len(samples)),)


def _split_note(run: Run, n_leaking: int, n_test: int) -> str:
    elsewhere = (
        "So these figures say little about faces from elsewhere: judge on pictures of another "
        "origin too, with `maskwise evaluate RUN DATA`."
    )
    if run.recipe.held_out_source:
        return (
            f"All pictures of the source {run.recipe.held_out_source} were held out, and the "
            "network has seen none of them, nor near-duplicates: that is how it fares on the "
            "pictures of one stranger."
        )
    if run.recipe.split == "grouped":
        return (
            "Near-duplicates and faces of one scene were kept on one side, but the habits of each "
            f"source stand on both. {elsewhere}"
        )
    how = "as it says itself" if run.recipe.split == "given" else "at random"
    return (
        f"One data set was split {how}. {_pictures_in_words(n_leaking)} of {n_test} in the test "
        f"({n_leaking / max(n_test, 1):.1%}) have a near-duplicate or "
        "another face of their scene among those that were trained or watched on, and the habits "
        f"of each source stand on both sides. {elsewhere} `maskwise train --split grouped` keeps "
        "near-duplicates together."
    )


def _pictures_in_words(n: int) -> str:
    return f"{n} picture{'' if n == 1 else 's'}"


def read_faces(
    dataset: Dataset, spec: PreprocessSpec, on_progress: Progress | None = None
) -> Iterator[NDArray[np.uint8]]:
    """Read the faces of all samples one by one; `on_progress` is told after each.

    Raises:
        BadDataset: A file is gone or has changed.
    """
    for done, sample in enumerate(dataset.samples, start=1):
        yield dataset.read_face(sample, spec)
        if on_progress is not None:
            on_progress(done, len(dataset.samples))


def _worst_mistakes(
    run: Run, dataset: Dataset, label: NDArray[np.int64], probability: NDArray[np.float32]
) -> tuple[Mistake, ...]:
    answer = decide(probability)
    wrong = np.flatnonzero(answer != label)
    if not len(wrong):
        return ()
    explainer = Explainer.load(run)
    worst_first = wrong[np.argsort(-probability[wrong].max(axis=1), kind="stable")]
    mistakes = []
    for index in worst_first[:_SHOWN_MISTAKES].tolist():
        sample = dataset.samples[index]
        face_rgb = dataset.read_face(sample, explainer.spec)
        mistakes.append(
            Mistake(
                path=sample.path,
                box_xyxy=sample.box_xyxy,
                label=int(label[index]),
                answer=int(answer[index]),
                probability=tuple(float(value) for value in probability[index]),
                thumbnail_jpeg=thumbnail_jpeg(face_rgb),
                heat_jpeg=thumbnail_jpeg(overlay(face_rgb, explainer(face_rgb).heat)),
            )
        )
    return tuple(mistakes)


def _facts(run: Run, dataset: Dataset) -> Mapping[str, str]:
    split = run.read_split()
    judged = ", ".join(f"{n} {name}" for name, n in dataset.counts().items())
    return {
        "Recipe": run.recipe.name,
        "Classes": ", ".join(LABELS[label] for label in run.recipe.labels),
        "Epochs": str(run.recipe.epochs),
        "Seed": str(run.seed),
        "Trained from": legible(run.data_folder),
        "Trained on": f"{len(split.train)} pictures, watched on {len(split.validation)}",
        "Judged on": f"{legible(dataset.root)}: {judged}",
        **{f"Trained with {name}": value for name, value in run.environment.items()},
        "Judged with maskwise": __version__,
    }
