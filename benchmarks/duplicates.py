"""Are near-duplicates found, are others left alone, and what does the search cost?

    python benchmarks/duplicates.py --real FOLDER
    python benchmarks/duplicates.py

With the folder of real faces (class folders and manifest.csv): copies of every kind, and of two
kinds at once, are planted among the half of the pictures on which no threshold was chosen, and ours
looks for them beside what is usual with imagehash. Recall is the share of copies that are found to
be one shot with their original. Precision is the share of found pairs that are copies of one
original or of one group of the manifest; all others count as wrong, though most are true
duplicates that the manifest does not know: it is a lower bound.

Without: time and peak memory on drawn pictures, a tenth of them copies, a fifth of them all of one
style. The figures are added to results/duplicates.jsonl.
"""

import argparse
import csv
import hashlib
import itertools
import resource
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageOps

from maskwise.dataset.audit.duplicates import find_near_duplicates
from maskwise.dataset.audit.fingerprint import take_fingerprint
from maskwise.images import read_image
from record import record

COPIES = 2
COUNTS = (10_000, 50_000)
COPY_EVERY = 10
STYLE_EVERY = 5
USUAL = {"phash <= 10": ("phash", 10), "phash <= 4": ("phash", 4), "dhash <= 8": ("dhash", 8)}

Change = Callable[[Image.Image, np.random.Generator], Image.Image]
Pair = tuple[int, int]


def crop(picture: Image.Image, random: np.random.Generator) -> Image.Image:
    """Cut off up to a tenth of each side."""
    w, h = picture.size
    left, top, right, bottom = random.uniform(0, 0.1, 4) * (w, h, w, h)
    return picture.crop((round(left), round(top), round(w - right), round(h - bottom)))


def resize(picture: Image.Image, by: float) -> Image.Image:
    """Change both sides by a factor."""
    size = (max(1, round(picture.width * by)), max(1, round(picture.height * by)))
    return picture.resize(size, Image.Resampling.BICUBIC)


def to_jpeg(picture: Image.Image, random: np.random.Generator) -> Image.Image:
    """Store it as a JPEG of quality 30 to 90, and read that."""
    file = BytesIO()
    picture.save(file, "JPEG", quality=int(random.integers(30, 91)))
    return Image.open(file).convert("RGB")


CHANGES: Mapping[str, Change] = {  # in the order in which two of them are made
    "cropped": crop,
    "mirrored": lambda picture, _: ImageOps.mirror(picture),
    "brightness": lambda picture, random: ImageEnhance.Brightness(picture).enhance(
        random.uniform(0.75, 1.25)
    ),
    "contrast": lambda picture, random: ImageEnhance.Contrast(picture).enhance(
        random.uniform(0.75, 1.25)
    ),
    "grey": lambda picture, _: picture.convert("L").convert("RGB"),
    "smaller": lambda picture, random: resize(picture, random.uniform(0.25, 0.9)),
    "larger": lambda picture, random: resize(picture, random.uniform(1.1, 2)),
    "jpeg": to_jpeg,
}
KINDS = [(name,) for name in CHANGES] + [
    pair for pair in itertools.combinations(CHANGES, 2) if pair != ("smaller", "larger")
]


def copy_picture(picture: Image.Image, kind: tuple[str, ...], seed: tuple[int, ...]) -> Image.Image:
    """A copy of this kind."""
    random = np.random.default_rng(seed)
    for name in kind:
        picture = CHANGES[name](picture, random)
    return picture


def kind_of(original: int, copy: int) -> tuple[str, ...]:
    """Which copy is made of which picture: all kinds in turn."""
    return KINDS[(original * COPIES + copy) % len(KINDS)]


def read_with_copies(task: tuple[int, Path]) -> tuple[NDArray[np.void], NDArray[np.uint64]]:
    """Fingerprints `(1 + COPIES,)`, and the hashes of imagehash, `(1 + COPIES, 2)`."""
    import imagehash

    index, path = task
    original = Image.fromarray(read_image(path))
    copies = [copy_picture(original, kind_of(index, copy), (index, copy)) for copy in range(COPIES)]
    fingerprints, hashes = [], []
    for picture in [original, *copies]:
        fingerprints.append(take_fingerprint(np.asarray(picture)))
        hashes.append(
            [int(str(hash_(picture)), 16) for hash_ in (imagehash.phash, imagehash.dhash)]
        )
    return np.stack(fingerprints), np.array(hashes, dtype=np.uint64)


def pairs_in_groups(groups: tuple[tuple[int, ...], ...]) -> set[Pair]:
    """Every two pictures of a group."""
    return {pair for group in groups for pair in itertools.combinations(group, 2)}


def pairs_within(hashes: NDArray[np.uint64], distance: int) -> set[Pair]:
    """Every two pictures whose hashes differ in at most so many bits; all are compared."""
    found: set[Pair] = set()
    for index, one in enumerate(hashes):
        near = np.flatnonzero(np.bitwise_count(hashes[index + 1 :] ^ one) <= distance)
        found.update((index, index + 1 + int(other)) for other in near)
    return found


def judge(found: set[Pair], group_of: list[str]) -> dict[str, Any]:
    """Recall by kind and of all, and precision."""
    stride = 1 + COPIES
    hits: dict[str, list[bool]] = defaultdict(list)
    for original, copy in itertools.product(range(len(group_of)), range(COPIES)):
        pair = (original * stride, original * stride + 1 + copy)
        hits["+".join(kind_of(original, copy))].append(pair in found)
    right = sum(group_of[a // stride] == group_of[b // stride] for a, b in found)
    return {
        "recall": round(float(np.mean(list(itertools.chain(*hits.values())))), 4),
        "precision_at_least": round(right / max(len(found), 1), 4),
        "pairs": len(found),
        "pairs_unknown_to_manifest": len(found) - right,
        "recall_by_kind": {kind: round(float(np.mean(each)), 3) for kind, each in hits.items()},
    }


def measure_real(folder: Path) -> dict[str, Any]:
    """Recall and precision of ours and of imagehash, on the half kept for this."""
    with (folder / "manifest.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if is_kept_for_report(row["file"])]
    with ProcessPoolExecutor() as pool:
        tasks = [(index, folder / row["file"]) for index, row in enumerate(rows)]
        parts = list(pool.map(read_with_copies, tasks, chunksize=64))
    fingerprints = np.concatenate([part[0] for part in parts])
    hashes = np.concatenate([part[1] for part in parts])
    group_of = [row["group"] for row in rows]
    ours = pairs_in_groups(find_near_duplicates(fingerprints).groups)
    found = {"ours": ours} | {
        name: pairs_within(hashes[:, ("phash", "dhash").index(kind)], distance)
        for name, (kind, distance) in USUAL.items()
    }
    return {
        "originals": len(rows),
        "pictures": len(fingerprints),
        **{name: judge(pairs, group_of) for name, pairs in found.items()},
    }


def is_kept_for_report(name: str) -> bool:
    """Whether a picture is of the half on which no threshold was chosen."""
    return hashlib.blake2b(name.encode(), digest_size=8).digest()[0] % 2 == 1


def draw_picture(index: int) -> Image.Image:
    """Clouds of three sizes; of every fifth picture the largest are those of all others like it."""
    random = np.random.default_rng(index)
    total = np.zeros((128, 128, 3), dtype=np.float32)
    for cells, weight in ((4, 0.5), (10, 0.3), (24, 0.2)):
        is_shared = cells == 4 and index % STYLE_EVERY == 0
        source = np.random.default_rng(0) if is_shared else random
        clouds = Image.fromarray(source.integers(0, 256, (cells, cells, 3), dtype=np.uint8))
        total += weight * np.asarray(clouds.resize((128, 128), Image.Resampling.BICUBIC))
    return Image.fromarray(total.astype(np.uint8))


def draw_and_take(index: int) -> NDArray[np.void]:
    """Fingerprint of a drawn picture; the last of ten is a copy of the first of these."""
    number, place = divmod(index, COPY_EVERY)
    if place < COPY_EVERY - 1:
        return take_fingerprint(np.asarray(draw_picture(index)))
    original = draw_picture(number * COPY_EVERY)
    copy = copy_picture(original, KINDS[number % len(KINDS)], (index,))
    return take_fingerprint(np.asarray(copy))


def measure_drawn(count: int) -> dict[str, Any]:
    """Time and peak memory of a process that does nothing else."""
    began = time.monotonic()
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        fingerprints = np.stack(list(pool.map(draw_and_take, range(count), chunksize=256)))
    taken, used_s = time.monotonic(), time.process_time()
    groups = find_near_duplicates(fingerprints).groups
    done = time.monotonic()
    planted = {(first, first + COPY_EVERY - 1) for first in range(0, count, COPY_EVERY)}
    found = pairs_in_groups(groups)
    return {
        "draw_and_fingerprint_s": round(taken - began, 1),
        "search_s": round(done - taken, 1),
        "search_cpu_s": round(time.process_time() - used_s, 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "recall": round(len(planted & found) / len(planted), 4),
        "precision": round(len(planted & found) / max(len(found), 1), 4),
    }


def measure_growth() -> dict[str, Any]:
    """Each count in a process of its own, and how the time grows."""
    results: dict[str, Any] = {}
    for count in COUNTS:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            results[str(count)] = pool.submit(measure_drawn, count).result()
        print(f"  {count}: {results[str(count)]}", flush=True)
    few, many = (results[str(count)] for count in COUNTS)
    # On a machine that others use as well, the time on the processors tells more.
    growth = {key: round(many[key] / few[key], 2) for key in ("search_s", "search_cpu_s")}
    return {**results, "growth": growth}


def main() -> None:
    """Measure, show and keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--real", type=Path, metavar="FOLDER")
    folder = parser.parse_args().real
    measured = {"real": measure_real(folder)} if folder else {"drawn": measure_growth()}
    figures = {
        **measured,
    }
    record("duplicates", figures)


if __name__ == "__main__":
    main()
