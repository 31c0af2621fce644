"""Run: the folder that a training fills, and that evaluation and detection read.

RUN/
├── run.json       format version, recipe, seed, data folder, environment
├── split.jsonl    a line per sample: side, path, label, sha256, bytes, size
├── checkpoints/   epoch-0020.npz: network, optimiser, history; whole or not there
├── history.csv    loss and accuracy by epoch, for people and spreadsheets
├── metrics.json   written by evaluation, as are report.md and report.html
└── lock           held while somebody trains

Everything in it is JSON, CSV or plain arrays: opening a run never runs code from it.
"""

import csv
import io
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Self

from maskwise.dataset.samples import Sample, Split
from maskwise.durable import make_folder, write_text
from maskwise.errors import BadRun
from maskwise.names import legible
from maskwise.runs.checkpoint import Checkpoint, keep_newest, list_checkpoints
from maskwise.runs.recipe import Recipe

FORMAT_VERSION: Final = 1
_KEPT_CHECKPOINTS: Final = 2
HISTORY_COLUMNS: Final = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "seconds")


@dataclass(frozen=True, slots=True)
class Run:
    """A training and what it was told. Made by `Run.create`, found again by `Run.open`.

    Attributes:
        folder: Where it lies.
        recipe: How it trains.
        seed: Decides the split, the first weights, dropout and the order of pictures.
        data_folder: Absolute path of the data set.
        environment: Versions of what took part.
    """

    folder: Path
    recipe: Recipe
    seed: int
    data_folder: Path
    environment: Mapping[str, str]

    @classmethod
    def create(
        cls,
        folder: Path,
        *,
        recipe: Recipe,
        seed: int,
        data_folder: Path,
        split: Split,
        environment: Mapping[str, str],
    ) -> Self:
        """Write down a training that is about to begin.

        Raises:
            OutputFailed: The folder cannot be written to.
        """
        run = cls(folder, recipe, seed, data_folder.resolve(), dict(environment))
        make_folder(run.checkpoint_folder)
        write_text(folder / "split.jsonl", "".join(_split_lines(split)))
        # Last, so that a folder with run.json holds everything that is needed to go on.
        write_text(folder / "run.json", json.dumps(run._to_dict(), indent=2) + "\n")
        return run

    @classmethod
    def open(cls, folder: str | os.PathLike[str]) -> Self:
        """Find a run again.

        Raises:
            BadRun: There is none, it is damaged, or another version of maskwise wrote it.
        """
        path = Path(folder)
        try:
            values = json.loads((path / "run.json").read_text(encoding="utf-8"))
            version = values["format_version"]
            if version != FORMAT_VERSION:
                raise BadRun(
                    f"{legible(path)} is a run of format {version}, but this version of maskwise "
                    f"reads format {FORMAT_VERSION}. Use the version that wrote it: "
                    f"{values.get('environment', {}).get('maskwise', 'unknown')}."
                )
            return cls(
                path,
                Recipe.from_dict(values["recipe"]),
                int(values["seed"]),
                Path(values["data_folder"]),
                dict(values["environment"]),
            )
        except OSError as error:
            raise BadRun(
                f"{legible(path)} holds no run: run.json: {error.strerror or error}. "
                "Name a folder that `maskwise train --out` made."
            ) from error
        except (KeyError, TypeError, ValueError) as error:
            raise BadRun(f"{legible(path / 'run.json')} is damaged: {error}.") from error

    @property
    def checkpoint_folder(self) -> Path:
        """Where the checkpoints lie."""
        return self.folder / "checkpoints"

    def read_split(self) -> Split:
        """The samples and their sides, as they were when the run began.

        Raises:
            BadRun: The file is missing or damaged.
        """
        sides: dict[str, list[Sample]] = {"train": [], "validation": [], "test": []}
        path = self.folder / "split.jsonl"
        try:
            for line in path.read_text(encoding="utf-8").splitlines():
                fields = json.loads(line)
                sides[fields.pop("side")].append(
                    Sample(**{**fields, "size_hw": tuple(fields["size_hw"])})
                )
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise BadRun(f"{legible(path)} is missing or damaged: {error}.") from error
        return Split(**{side: tuple(samples) for side, samples in sides.items()})

    def add_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Keep the state after an epoch, and of the earlier ones only the last.

        Raises:
            OutputFailed: The disk is full; the earlier checkpoints are untouched.
        """
        checkpoint.write(self.checkpoint_folder)
        keep_newest(self.checkpoint_folder, _KEPT_CHECKPOINTS)
        self.write_history(checkpoint.history)

    def write_history(self, history: Sequence[Mapping[str, float]]) -> None:
        """Write loss and accuracy by epoch as a table, for people and spreadsheets."""
        write_text(self.folder / "history.csv", _history_csv(history))

    def newest_checkpoint(self) -> Checkpoint | None:
        """The state after the last finished epoch, or None before the first.

        Raises:
            BadRun: The newest file is damaged.
        """
        paths = list_checkpoints(self.checkpoint_folder)
        return Checkpoint.read(paths[-1]) if paths else None

    def finished_checkpoint(self) -> Checkpoint:
        """The state after the last epoch of the recipe.

        Raises:
            BadRun: The training has not come that far.
        """
        checkpoint = self.newest_checkpoint()
        done = checkpoint.epoch if checkpoint else 0
        if checkpoint is None or done < self.recipe.epochs:
            raise BadRun(
                f"{legible(self.folder)} is not finished: {done} of {self.recipe.epochs} epochs. "
                "Go on with `maskwise train ... --resume`."
            )
        return checkpoint

    def _to_dict(self) -> Mapping[str, Any]:
        return {
            "format_version": FORMAT_VERSION,
            "recipe": self.recipe.to_dict(),
            "seed": self.seed,
            "data_folder": str(self.data_folder),
            "environment": self.environment,
        }


def require_no_run(folder: Path) -> None:
    """Refuse to train over a run that is there already.

    Raises:
        BadRun: `folder` holds a run.
    """
    if (folder / "run.json").exists():
        raise BadRun(
            f"{legible(folder)} already holds a run. Go on with it by `--resume`, "
            "or choose another folder."
        )


def require_same_data(run: Run, samples: Sequence[Sample]) -> None:
    """Refuse to go on with other pictures than those that the run began with.

    Raises:
        BadRun: Files were added, removed, changed or moved to another class.
    """
    then = {sample.path: sample for _, sample in run.read_split()}
    now = {sample.path: sample for sample in samples}
    differing = {
        "added": now.keys() - then.keys(),
        "removed": then.keys() - now.keys(),
        "changed": {path for path in now.keys() & then.keys() if now[path] != then[path]},
    }
    counts = ", ".join(f"{len(paths)} {how}" for how, paths in differing.items() if paths)
    if counts:
        first = min(set().union(*differing.values()))
        raise BadRun(
            f"The data changed since {legible(run.folder)} began: {counts} (first: "
            f"{legible(first)}). Restore the data, or train into a new folder."
        )


def _split_lines(split: Split) -> Iterable[str]:
    # ASCII with escapes: file names of any bytes survive the round trip.
    for side, sample in split:
        yield json.dumps({"side": side, **asdict(sample)}) + "\n"


def _history_csv(history: Sequence[Mapping[str, float]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, HISTORY_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(history)
    return text.getvalue()
