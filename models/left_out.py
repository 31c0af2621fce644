"""Trains without some of the sources, judges on these, and so on until each was left out once.

    python models/left_out.py DATA OUT [--recipe maskwise] [--epochs N] [--fold NAME]

What a recipe is worth on faces from elsewhere, told without looking at any that we will be judged
on. Of each source the painted pictures are left out, and everything that shows the same shot as
what is judged on is left out of the training. OUT gets a run per fold; figures.md and coverings.md,
the answers by source and by what covers the face; and doubtful.csv: the pictures whose label the
network thinks unlikely, for people to look at. Cut off, the script goes on where it was.
"""

import argparse
import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

import maskwise as mw
from maskwise.cli.console import say
from maskwise.cli.train import TrainingProgress
from maskwise.dataset.dataset import Dataset
from maskwise.dataset.samples import Sample
from maskwise.dataset.split import number_groups
from maskwise.durable import make_folder, write_text
from maskwise.evaluation.judge import read_faces
from maskwise.evaluation.subject import load_classifier
from maskwise.intervals import Estimate, mean_rate, share_of
from maskwise.labels import INCORRECT, LABELS, WITH_MASK, WITHOUT_MASK
from maskwise.pages.wording import estimate_text
from maskwise.runs.run import Run
from material import all_pictures, without_copies_of
from shipped import promised

FOLDS: Final = {
    "omkargurav": {"omkargurav_techyhoney"},
    "prithwirajmitra": {"prithwirajmitra_rxkt", "prajnasb_dest1510"},
    "ashish12k": {"ashish12k_karimashraf", "chandrikadeb7", "ankkittk"},
    "ilc2021": {"ilc2021"},
    "kaggle853": {"kaggle853"},
}
"""By name: sources that are left out together, as some have collected from others."""
DOUBTFUL: Final = 0.2
"""Below this probability of its label a picture is one to look at."""
COVERED: Final = ("Covering", "Shown", "Faces", *(f"Called {name}" for name in LABELS))
COLUMNS: Final = (
    *("Source", "Shown", "Faces", "Right of bare", "Right of masked", "Mean of both"),
    *("Right of worn wrongly", "Worn wrongly passed as masks", "Bare called masked"),
    *("Answered", "Wrong of the answered"),
)


def share_out(data: Dataset, sources: set[str]) -> tuple[Dataset, Dataset]:
    """What is judged on: these sources; and what may be trained on: no near-duplicate of it."""
    own = [s for s in data.samples if s.source in sources and s.attributes.get("synthetic") != "1"]
    judged_on = replace(data, samples=tuple(own))
    others = tuple(s for s in data.samples if s.source not in sources)
    return judged_on, without_copies_of(judged_on, replace(data, samples=others))


def train_without(sources: set[str], data: Dataset, run: Path, recipe: str, epochs: int) -> Dataset:
    """Train on all other sources; returns what the network may be judged on."""
    judged_on, rest = share_out(data, sources)
    with TrainingProgress() as watcher:
        mw.train(rest, out=run, recipe=recipe, epochs=epochs, resume=True, watcher=watcher)
    return judged_on


def answer(run: Path, data: Dataset) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """What the network of a run says of each sample, calibrated, `(n, classes)`, and is it sure.

    The latter, `(n,)`, by the rule that would be shipped with it.
    """
    classifier = load_classifier(Run.open(run))
    rule = promised(run)
    probability = rule.calibrate(classifier(read_faces(data, classifier.spec)))
    return fill_up(probability), probability.max(axis=1) >= rule.min_probability


def fill_up(probability: NDArray[np.float32]) -> NDArray[np.float32]:
    """A column of zeros for each class that a network does not know, which are the last ones."""
    n_unknown = len(LABELS) - probability.shape[1]
    return np.pad(probability, ((0, 0), (0, n_unknown)))


def figures(
    samples: tuple[Sample, ...], probability: NDArray[np.float32], is_sure: NDArray[np.bool_]
) -> Iterator[list[str]]:
    """A row for each source, as pictures are and cut to the face."""
    source = np.array([sample.source for sample in samples])
    is_cut = np.array([sample.box_xyxy is not None for sample in samples])
    label = np.array([sample.label for sample in samples])
    group, called = number_groups(samples), probability.argmax(axis=1)

    def share(these: NDArray[np.bool_], hits: NDArray[np.bool_]) -> Estimate:
        return share_of(hits[these], group[these])

    for name in np.unique(source):
        for shown, chosen in {"whole": ~is_cut, "cut": is_cut}.items():
            own = chosen & (source == name)
            if not own.any():
                continue
            of = {each: own & (label == each) for each in range(len(LABELS))}
            right = {each: share(of[each], called == each) for each in of}
            yield [
                *(str(name), shown, str(int(own.sum()))),
                estimate_text(right[WITHOUT_MASK]),
                estimate_text(right[WITH_MASK]),
                estimate_text(mean_rate([right[WITHOUT_MASK], right[WITH_MASK]])),
                estimate_text(right[INCORRECT]),
                estimate_text(share(of[INCORRECT], called == WITH_MASK)),
                estimate_text(share(of[WITHOUT_MASK], called == WITH_MASK)),
                estimate_text(share(own, is_sure)),
                estimate_text(share(own & is_sure, called != label)),
            ]


def figures_by_covering(
    samples: tuple[Sample, ...], probability: NDArray[np.float32]
) -> Iterator[list[str]]:
    """A row for each kind of mask, and for what else covers faces, as far as that was labelled."""
    covering = np.array([sample.attributes.get("covering", "") for sample in samples])
    is_cut = np.array([sample.box_xyxy is not None for sample in samples])
    group, called = number_groups(samples), probability.argmax(axis=1)
    for name in np.unique(covering[covering != ""]):
        for shown, chosen in {"whole": ~is_cut, "cut": is_cut}.items():
            own = chosen & (covering == name)
            if own.any():
                shares = [share_of(called[own] == each, group[own]) for each in range(len(LABELS))]
                yield [str(name), shown, str(int(own.sum())), *map(estimate_text, shares)]


def write_figures(
    folder: Path,
    samples: tuple[Sample, ...],
    probability: NDArray[np.float32],
    is_sure: NDArray[np.bool_],
) -> None:
    """Both tables, and the doubtful labels."""
    make_folder(folder)
    rows = figures(samples, probability, is_sure)
    write_text(folder / "figures.md", markdown(COLUMNS, rows))
    covered = figures_by_covering(samples, probability)
    write_text(folder / "coverings.md", markdown(COVERED, covered))
    with (folder / "doubtful.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["sha256", "path", "box_xyxy", "label", "answer", "probability"])
        writer.writerows(doubtful(samples, probability))


def markdown(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table."""
    table = [columns, ("---",) * len(columns), *rows]
    return "".join(f"| {' | '.join(row)} |\n" for row in table)


def doubtful(samples: tuple[Sample, ...], probability: NDArray[np.float32]) -> Iterator[list[str]]:
    """A row for each face whose label is unlikely."""
    for sample, own in zip(samples, probability, strict=True):
        if own[sample.label] < DOUBTFUL:
            box = "" if sample.box_xyxy is None else json.dumps(sample.box_xyxy)
            given = f"{own[sample.label]:.4f}"
            answered = LABELS[int(own.argmax())]
            yield [sample.sha256, sample.path, box, LABELS[sample.label], answered, given]


def main() -> None:
    """Do all of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--recipe", default="maskwise")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--fold", choices=FOLDS, action="append", help="only this; all if none")
    arguments = parser.parse_args()
    data = all_pictures(arguments.data)
    samples: tuple[Sample, ...] = ()
    probability: list[NDArray[np.float32]] = []
    is_sure: list[NDArray[np.bool_]] = []
    for name in arguments.fold or FOLDS:
        run = arguments.out / name
        say(f"Without {name}")
        judged_on = train_without(FOLDS[name], data, run, arguments.recipe, arguments.epochs)
        samples += judged_on.samples
        answers = answer(run, judged_on)
        probability.append(answers[0])
        is_sure.append(answers[1])
        write_figures(arguments.out, samples, np.concatenate(probability), np.concatenate(is_sure))


if __name__ == "__main__":
    main()
