"""Does a training that Ray shares among two workers end as good as that of one process?

    python benchmarks/cluster_training.py FACES

FACES is a folder with a folder per class. So many pictures of each class (`--per-class`) are
trained on with the recipe `maskwise`, by `maskwise train` and with `--ray --workers 2` added,
for each seed; both are judged on the same test side by `maskwise evaluate`. Times are those of an
epoch and of the whole command; on one machine both have the same cores, so they tell what sharing
costs, not what more machines give. The figures are added to results/cluster_training.jsonl.
"""

import argparse
import csv
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import numpy as np

from record import record

CLASSES: Final = ("without_mask", "with_mask", "incorrect")
WAYS: Final = {"one process": [], "two workers": ["--ray", "--workers", "2"]}


def choose_pictures(faces: Path, folder: Path, per_class: int) -> None:
    """Copy so many pictures of each class, drawn once and for all."""
    draw = np.random.default_rng(0)
    for name in CLASSES:
        paths = sorted((faces / name).iterdir())
        (folder / name).mkdir(parents=True)
        for index in sorted(draw.choice(len(paths), min(per_class, len(paths)), replace=False)):
            shutil.copy(paths[index], folder / name)


def maskwise(*arguments: str) -> None:
    """Run a command as users do."""
    subprocess.run([sys.executable, "-m", "maskwise", *arguments], check=True)


def train_and_judge(
    data: Path, out: Path, seed: int, epochs: int, way: list[str]
) -> dict[str, Any]:
    """One training, and how good it is on its test side."""
    began_s = time.monotonic()
    recipe = ["--recipe", "maskwise", "--epochs", str(epochs), "--seed", str(seed)]
    maskwise("train", str(data), "--out", str(out), *recipe, *way)
    seconds = time.monotonic() - began_s
    maskwise("evaluate", str(out), "--no-robustness")
    metrics = json.loads((out / "metrics.json").read_text())["metrics"]
    with (out / "history.csv").open() as file:
        history = list(csv.DictReader(file))
    return {
        "accuracy": round(metrics["accuracy"]["value"], 4),
        "n_test": metrics["n"],
        "last_val_loss": round(float(history[-1]["val_loss"]), 4),
        "epoch_s": round(statistics.median(float(row["seconds"]) for row in history), 2),
        "command_s": round(seconds, 1),
    }


def main() -> None:
    """Measure, show and keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("faces", type=Path)
    parser.add_argument("--per-class", type=int, default=250)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--dry", action="store_true", help="keep nothing")
    options = parser.parse_args()
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in WAYS}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        choose_pictures(options.faces, folder / "data", options.per_class)
        for seed in range(options.seeds):
            for way, arguments in WAYS.items():
                out = folder / f"{way.replace(' ', '-')}-{seed}"
                found[way].append(
                    train_and_judge(folder / "data", out, seed, options.epochs, arguments)
                )
    means = {way: statistics.mean(run["accuracy"] for run in runs) for way, runs in found.items()}
    figures = {"per_class": options.per_class, "epochs": options.epochs, "runs": found}
    rounded = {way: round(mean, 4) for way, mean in means.items()}
    record("cluster_training", {**figures, "mean_accuracy": rounded}, dry=options.dry)


if __name__ == "__main__":
    main()
