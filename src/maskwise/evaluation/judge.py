"""Judge: lets a finished run answer on pictures that it was not trained on."""

import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from maskwise import __version__
from maskwise.dataset.dataset import Dataset, Progress
from maskwise.dataset.samples import Sample
from maskwise.errors import BadDataset
from maskwise.evaluation.metrics import measure
from maskwise.evaluation.report import Mistake, Report
from maskwise.extras import load
from maskwise.images import encode_image
from maskwise.inference.classifier import MaskClassifier
from maskwise.inference.decision import decide
from maskwise.labels import LABELS
from maskwise.names import legible
from maskwise.runs.run import Run

_SHOWN_MISTAKES: Final = 24
_THUMBNAIL_SIZE: Final = 128


def evaluate(
    run: str | os.PathLike[str] | Run,
    data: Dataset | str | os.PathLike[str] | None = None,
    *,
    on_progress: Progress | None = None,
) -> Report:
    """Judge a finished run.

    Args:
        run: A run or its folder.
        data: Pictures to judge on. None: the test side of the run's own split, read again from
            the folder that it was trained from. Of other data, classes that the network does not
            know and pictures whose bytes it was trained on are left out, and the report says so.
        on_progress: Told after each picture.

    Returns:
        Metrics with 95 % intervals, learning curves and the worst mistakes; `Report.write` makes
        the files.

    Raises:
        BadRun: The run is missing, unfinished or damaged.
        BadDataset: Pictures of the test side are gone or changed, the same picture stands in two
            classes, or nothing is left to judge on.
    """
    opened = run if isinstance(run, Run) else Run.open(run)
    runtime = load("maskwise.inference.runtime_keras", extra="train")
    session = runtime.KerasSession.load(opened)
    dataset, notes = _test_side(opened) if data is None else _other_data(opened, data)
    samples = dataset.samples
    classifier = MaskClassifier(session, opened.recipe.preprocess)
    probability = classifier(_pictures(dataset, samples, on_progress))
    label = np.array([sample.label for sample in samples], dtype=np.int64)
    return Report(
        title=f"{opened.recipe.name} on {legible(dataset.root.name)}",
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        facts=_facts(opened, dataset),
        metrics=measure(label, probability),
        history=tuple(opened.finished_checkpoint().history),
        mistakes=_worst_mistakes(dataset, label, probability),
        notes=notes,
    )


def _test_side(run: Run) -> tuple[Dataset, tuple[str, ...]]:
    dataset = Dataset(root=run.data_folder, samples=run.read_split().test)
    note = (
        "The pictures were split at random within one data set. Near-duplicates and the habits of "
        "a source stand on both sides, so these figures say little about faces from elsewhere: "
        "judge on pictures of another origin too, with `maskwise evaluate RUN DATA`."
    )
    return dataset, (note,)


def _other_data(
    run: Run, data: Dataset | str | os.PathLike[str]
) -> tuple[Dataset, tuple[str, ...]]:
    dataset = data if isinstance(data, Dataset) else Dataset.open(data)
    seen = {sample.sha256 for side, sample in run.read_split() if side != "test"}
    known = dataset.only(run.recipe.labels)
    known.require_one_class_each()
    kept = tuple(sample for sample in known.samples if sample.sha256 not in seen)
    left_out = {
        "of classes that the network does not know": len(dataset.samples) - len(known.samples),
        "that the network was trained on, byte for byte": len(known.samples) - len(kept),
        "that cannot be read": len(dataset.unreadable),
        "under no folder with a class name": len(dataset.unlabelled),
    }
    if not kept:
        raise BadDataset(
            f"Nothing in {legible(dataset.root)} is left to judge on. "
            + "; ".join(f"{_pictures_in_words(n)} {why}" for why, n in left_out.items() if n)
        )
    notes = tuple(f"Left out: {_pictures_in_words(n)} {why}." for why, n in left_out.items() if n)
    return Dataset(dataset.root, kept, dataset.unreadable, dataset.unlabelled), notes


def _pictures_in_words(n: int) -> str:
    return f"{n} picture{'' if n == 1 else 's'}"


def _pictures(
    dataset: Dataset, samples: Sequence[Sample], on_progress: Progress | None
) -> Iterator[NDArray[np.uint8]]:
    for done, sample in enumerate(samples, start=1):
        yield dataset.read(sample)
        if on_progress is not None:
            on_progress(done, len(samples))


def _worst_mistakes(
    dataset: Dataset, label: NDArray[np.int64], probability: NDArray[np.float32]
) -> tuple[Mistake, ...]:
    answer = decide(probability)
    wrong = np.flatnonzero(answer != label)
    worst_first = wrong[np.argsort(-probability[wrong].max(axis=1), kind="stable")]
    return tuple(
        Mistake(
            path=dataset.samples[index].path,
            label=int(label[index]),
            answer=int(answer[index]),
            probability=tuple(float(value) for value in probability[index]),
            thumbnail_jpeg=_thumbnail(dataset.read(dataset.samples[index])),
        )
        for index in worst_first[:_SHOWN_MISTAKES]
    )


def _thumbnail(image_rgb: NDArray[np.uint8]) -> bytes:
    picture = Image.fromarray(image_rgb)
    picture.thumbnail((_THUMBNAIL_SIZE, _THUMBNAIL_SIZE))
    return encode_image(np.asarray(picture), format="jpeg")


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
