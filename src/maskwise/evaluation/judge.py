"""Judge: lets a network answer on pictures that it was not trained on."""

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
from maskwise.evaluation.strictness import measure_strict
from maskwise.evaluation.subject import Subject
from maskwise.images import thumbnail_jpeg
from maskwise.inference.attention import Explainer, overlay
from maskwise.inference.decision import decide
from maskwise.names import legible
from maskwise.preprocess import PreprocessSpec
from maskwise.runs.run import Run

LEAK: Final = "has a twin in training"
"""The slice that parts leaking test pictures from the others."""

_SHOWN_MISTAKES: Final = 24
_WORSENED: Final = 200


def evaluate(
    model: str | os.PathLike[str] | Run | Subject,
    data: Dataset | str | os.PathLike[str] | None = None,
    *,
    robustness: bool = True,
    on_progress: Progress | None = None,
) -> Report:
    """Judge a network.

    Args:
        model: A finished run or its folder, the folder of a bundle, or `shipped` for the bundle
            that comes with maskwise; a bundle answers by ONNX, in int8 if it has that.
        data: Pictures to judge on. None: the test side of a run's own split, read again from
            the folder that it was trained from. Of other data, classes that the network does not
            know are left out, and, as far as it is a run, pictures that it was trained on or
            near-duplicates of them; the report says so.
        robustness: Whether to judge also on up to 200 of the pictures made worse in many ways,
            which takes 43 answers on each.
        on_progress: Told how far it is: first, of other data, how many pictures were looked at,
            those of the training included, then how many answers are given; and of how many.

    Returns:
        Metrics with 95 % intervals, in all and on parts of the pictures, learning curves of a run
        and the worst mistakes; `Report.write` makes the files.

    Raises:
        BadRun: The run is missing, unfinished or damaged.
        BadBundle: The bundle is damaged or was changed.
        InvalidInput: Of a bundle, `data` is missing.
        BadDataset: Pictures of the test side are gone or changed, the same picture stands in two
            classes, or nothing is left to judge on.
    """
    subject = Subject.open(model)
    classifier, rule = subject.load()
    if data is None:
        dataset, notes = _test_side(subject.require_run())
    else:
        dataset, notes = subject.unseen(data, on_progress)
    progress = _Progress(len(dataset.samples), robustness, on_progress)
    looks: list[tuple[float, float, float]] = []
    faces = _noting(read_faces(dataset, classifier.spec, progress.judged), looks)
    answered = classifier(faces)
    label = np.array([sample.label for sample in dataset.samples], dtype=np.int64)
    group = number_groups(dataset.samples)
    calibrated = rule.calibrate(answered)
    return Report(
        title=f"{subject.name} on {legible(dataset.root.name)}",
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        facts=_facts(subject, dataset),
        metrics=measure(label, calibrated, group=group),
        rule=rule,
        selective=measure_selective(label, rule.decide(answered), group=group),
        strict=measure_strict(label, rule.decide(answered, is_strict=True), group=group)
        if rule.strict
        else None,
        coverage_risk=coverage_risk(label, calibrated, group=group),
        slices=measure_slices(
            dataset.samples, np.array(looks).reshape(-1, 3), calibrated, group=group
        ),
        robustness=measure_robustness(
            lambda faces: rule.calibrate(classifier(faces)),
            lambda index: dataset.read_face(dataset.samples[index], classifier.spec),
            label,
            group=group,
            limit=_WORSENED,
            on_progress=progress.worsened,
        )
        if robustness
        else None,
        history=() if subject.run is None else tuple(subject.run.finished_checkpoint().history),
        mistakes=_worst_mistakes(subject.run, classifier.spec, dataset, label, calibrated),
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
    run: Run | None,
    spec: PreprocessSpec,
    dataset: Dataset,
    label: NDArray[np.int64],
    probability: NDArray[np.float32],
) -> tuple[Mistake, ...]:
    answer = decide(probability)
    wrong = np.flatnonzero(answer != label)
    if not len(wrong):
        return ()
    explainer = None if run is None else Explainer.load(run)  # looks into what a bundle hides
    worst_first = wrong[np.argsort(-probability[wrong].max(axis=1), kind="stable")]
    mistakes = []
    for index in worst_first[:_SHOWN_MISTAKES].tolist():
        sample = dataset.samples[index]
        face_rgb = dataset.read_face(sample, spec)
        mistakes.append(
            Mistake(
                path=sample.path,
                box_xyxy=sample.box_xyxy,
                label=int(label[index]),
                answer=int(answer[index]),
                probability=tuple(float(value) for value in probability[index]),
                thumbnail_jpeg=thumbnail_jpeg(face_rgb),
                heat_jpeg=b""
                if explainer is None
                else thumbnail_jpeg(overlay(face_rgb, explainer(face_rgb).heat)),
            )
        )
    return tuple(mistakes)


def _facts(subject: Subject, dataset: Dataset) -> Mapping[str, str]:
    judged = ", ".join(f"{n} {name}" for name, n in dataset.counts().items())
    return {
        **subject.facts,
        "Judged on": f"{legible(dataset.root)}: {judged}",
        "Judged with maskwise": __version__,
    }
