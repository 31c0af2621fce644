"""Goes on from each network of `left_out.py` with fifty pictures a class of what it never saw.

    python models/tuned.py DATA LEFT_OUT OUT [--per-class 50] [--fold NAME] [--dark]

LEFT_OUT is what `left_out.py DATA LEFT_OUT` made. Of each source that was left out, some pictures
are taken at random, by group, of a rare class no more than half; the network goes on from there as
`maskwise train --from` does. It is judged beside the one that it went on from: on all other groups
of the source, and on the faces that were set aside when its parent was trained, of which neither
has seen any. With --dark every picture of the source is shown as a camera without colours sees it
in poor light: a place that looks otherwise than anything the network knows.
"""

import argparse
import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

import maskwise as mw
from left_out import FOLDS, share_out
from maskwise.cli.console import say
from maskwise.dataset.dataset import Dataset
from maskwise.dataset.grouping import group_samples
from maskwise.dataset.samples import Sample
from maskwise.durable import make_folder, write_bytes
from maskwise.evaluation.corruptions import corrupt
from maskwise.evaluation.tuning import Tuning
from maskwise.images import encode_image
from maskwise.runs.run import Run
from material import all_pictures

SEED: Final = 0
WORSE: Final = ("low_light", "noise")
STRENGTH: Final = 3


def draw_few(data: Dataset, per_class: int) -> tuple[Dataset, Dataset]:
    """Whole groups with so many pictures of each class, or half of what is there; and the rest."""
    groups: dict[str, list[Sample]] = defaultdict(list)
    for sample in data.samples:
        groups[sample.attributes["group"]].append(sample)
    names = sorted(groups)
    n_pictures = count_pictures(data.samples)
    missing = {label: min(per_class, n // 2) for label, n in n_pictures.items()}
    few: list[Sample] = []
    for index in np.random.default_rng(SEED).permutation(len(names)).tolist():
        members = groups[names[index]]
        if all(missing[sample.label] > 0 for sample in members):
            few += members
            for label, n in count_pictures(members).items():
                missing[label] -= n
    taken = {sample.key for sample in few}
    others = tuple(sample for sample in data.samples if sample.key not in taken)
    return replace(data, samples=tuple(few)), replace(data, samples=others)


def count_pictures(samples: Iterable[Sample]) -> Counter[int]:
    """How many pictures hold each class."""
    return Counter(label for _, label in {(sample.path, sample.label) for sample in samples})


def darken(data: Dataset, folder: Path) -> Dataset:
    """The same faces in grey, dark and noisy pictures, which are written into a folder."""
    make_folder(folder)
    files: dict[str, dict[str, Any]] = {}
    faces: list[Sample] = []
    for sample in data.samples:
        if sample.path not in files:
            image_rgb = data.read(sample)
            for name in WORSE:
                image_rgb = corrupt(image_rgb, name, STRENGTH, seed=int(sample.sha256[:8], 16))
            grey = image_rgb.mean(axis=2, keepdims=True).astype(np.uint8)
            image_rgb = np.repeat(grey, 3, axis=2)
            content = encode_image(image_rgb, format="jpeg")
            path = f"{sample.sha256}.jpg"
            write_bytes(folder / path, content)
            digest = hashlib.sha256(content).hexdigest()
            files[sample.path] = {"path": path, "n_bytes": len(content), "sha256": digest}
        faces.append(replace(sample, **files[sample.path]))
    return replace(data, root=folder, samples=tuple(faces))


def main() -> None:
    """Do all of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("left_out", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--per-class", type=int, default=50)
    parser.add_argument("--fold", choices=FOLDS, action="append", help="only this; all if none")
    parser.add_argument("--dark", action="store_true", help="of the source, in poor light")
    arguments = parser.parse_args()
    data = all_pictures(arguments.data)
    for name in arguments.fold or FOLDS:
        parent = Run.open(arguments.left_out / name)
        judged_on, _ = share_out(data, FOLDS[name])
        few, others = draw_few(group_samples(judged_on), arguments.per_class)
        out = arguments.out / name
        if arguments.dark:
            out = arguments.out / f"{name}-dark"
            pictures = arguments.out / f"{name}-dark-pictures"
            few, others = (darken(each, pictures) for each in (few, others))
        run = mw.train(few, out=out, start_from=parent.folder, resume=True)
        set_aside = Dataset(parent.data_folder, parent.read_split().test, is_grouped=True)
        tuning = Tuning(mw.compare(parent, run, others), mw.compare(parent, run, set_aside))
        say(f"{name}, {few.counts()}\n{tuning.to_words()}")


if __name__ == "__main__":
    main()
