"""Run: the folder that a training fills, and that evaluation and detection read.

RUN/
├── run.json       format version, recipe, seed, data folder, environment
├── split.jsonl    a line per sample: side, path, label, sha256, bytes, size
├── checkpoints/   epoch-0020.npz: network, optimiser, history; whole or not there
├── history.csv    loss and accuracy by epoch, for people and spreadsheets
├── decision.json  how it answers, chosen on the validation side
├── metrics.json   written by evaluation, as are report.md and report.html
└── lock           held while somebody trains

Everything in it is JSON, CSV or plain arrays: opening a run never runs code from it.
"""

import csv
import hashlib
import io
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Self

from maskwise.dataset.samples import SIDES, Sample, Split
from maskwise.durable import make_folder, write_bytes, write_text
from maskwise.errors import BadRun
from maskwise.names import legible
from maskwise.runs.checkpoint import (
    HISTORY_COLUMNS,
    Checkpoint,
    keep_newest,
    list_checkpoints,
)
from maskwise.runs.recipe import Recipe

FORMAT_VERSION: Final = 1
_DESCRIPTION, _SPLIT, _CHECKPOINTS = "run.json", "split.jsonl", "checkpoints"
_DECISION: Final = "decision.json"
_METRICS: Final = "metrics.json"
_LEFT_BEHIND: Final = re.compile(
    r"lock|checkpoints|split\.jsonl|(run\.json|split\.jsonl|pixels-[0-9a-f]{16}\.npy)\.partial"
)
# What reading JSON of another shape than ours can raise.
_DAMAGE: Final = (
    *(KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError),
)
_KEPT_CHECKPOINTS: Final = 2


@dataclass(frozen=True, slots=True)
class Run:
    """A training and what it was told. Made by `Run.create`, found again by `Run.open`.

    Attributes:
        folder: Where it lies.
        recipe: How it trains.
        seed: Decides the split, the first weights, dropout and the order of pictures.
        data_folder: Absolute path of the data set.
        environment: Versions of what took part.
        split_sha256: Of the file that lists the samples.
    """

    folder: Path
    recipe: Recipe
    seed: int
    data_folder: Path
    environment: Mapping[str, str]
    split_sha256: str

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
        listed = "".join(_split_lines(split)).encode()
        digest = hashlib.sha256(listed).hexdigest()
        run = cls(folder, recipe, seed, data_folder.resolve(), dict(environment), digest)
        make_folder(run.checkpoint_folder)
        write_bytes(folder / _SPLIT, listed)
        # Last, so that a folder with run.json holds everything that is needed to go on.
        run._write_description()
        return run

    @classmethod
    def open(cls, folder: str | os.PathLike[str]) -> Self:
        """Find a run again.

        Raises:
            BadRun: There is none, it is damaged, or another version of maskwise wrote it.
        """
        path = Path(folder)
        try:
            values = json.loads((path / _DESCRIPTION).read_text(encoding="utf-8"))
            version = values["format_version"]
            if version != FORMAT_VERSION:
                raise BadRun(
                    f"{legible(path)} is a run of format {version}, but this version of maskwise "
                    f"reads format {FORMAT_VERSION}. Use the version that wrote it: "
                    f"{values['environment']['maskwise']}."
                )
            return cls(
                path,
                Recipe.from_dict(values["recipe"]),
                int(values["seed"]),
                Path(values["data_folder"]),
                dict(values["environment"]),
                str(values["split_sha256"]),
            )
        except OSError as error:
            raise BadRun(
                f"{legible(path)} holds no run: run.json: {error.strerror or error}. "
                "Name a folder that `maskwise train --out` made."
            ) from error
        except _DAMAGE as error:
            raise BadRun(f"{legible(path / _DESCRIPTION)} is damaged: {error}.") from error

    @property
    def checkpoint_folder(self) -> Path:
        """Where the checkpoints lie."""
        return self.folder / _CHECKPOINTS

    def read_split(self) -> Split:
        """The samples and their sides, as they were when the run began.

        Raises:
            BadRun: The file is missing or damaged.
        """
        sides: dict[str, list[Sample]] = {side: [] for side in SIDES}
        path = self.folder / _SPLIT
        try:
            listed = path.read_bytes()
            if hashlib.sha256(listed).hexdigest() != self.split_sha256:
                raise ValueError("it is not the one that the run began with")
            for line in listed.decode().splitlines():
                fields = json.loads(line)
                sides[fields.pop("side")].append(Sample.from_dict(fields))
        except (OSError, *_DAMAGE) as error:
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

    def write_decision(self, rule: Mapping[str, Any]) -> None:
        """Keep how the network answers, as `DecisionRule.to_dict` has it.

        Raises:
            OutputFailed: The folder cannot be written to.
        """
        write_text(self.folder / _DECISION, json.dumps(rule, indent=2) + "\n")

    def read_decision(self) -> Mapping[str, Any] | None:
        """What `write_decision` kept, or None if nothing was chosen yet.

        Raises:
            BadRun: The file is damaged.
        """
        return self._read(_DECISION)

    def read_metrics(self) -> Mapping[str, Any] | None:
        """What evaluation found on the test side, or None if nobody has judged yet.

        Raises:
            BadRun: The file is damaged.
        """
        return self._read(_METRICS)

    def _read(self, name: str) -> Mapping[str, Any] | None:
        path = self.folder / name
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, *_DAMAGE) as error:
            raise BadRun(f"{legible(path)} is damaged: {error}.") from error
        if not isinstance(values, dict):
            raise BadRun(f"{legible(path)} is damaged: it holds no rule or figures.")
        return values

    def moved_data(self, data_folder: Path) -> Self:
        """The same run, written down with the place where its data lies now.

        Raises:
            OutputFailed: The folder cannot be written to.
        """
        moved = replace(self, data_folder=data_folder.resolve())
        if moved != self:
            moved._write_description()
        return moved

    def _write_description(self) -> None:
        write_text(self.folder / _DESCRIPTION, json.dumps(self._to_dict(), indent=2) + "\n")

    def _to_dict(self) -> Mapping[str, Any]:
        return {
            "format_version": FORMAT_VERSION,
            "recipe": self.recipe.to_dict(),
            "seed": self.seed,
            "data_folder": str(self.data_folder),
            "environment": self.environment,
            "split_sha256": self.split_sha256,
        }


def has_run(folder: Path) -> bool:
    """Whether a training has begun in `folder`."""
    return os.path.exists(folder / _DESCRIPTION)  # noqa: PTH110 - Path.exists raises on long names


def require_vacant(folder: Path) -> None:
    """Refuse to begin a run where there is one already, or anything that is not ours.

    What a training leaves behind that was killed before it began is ours.

    Raises:
        BadRun: `folder` holds a run, or other files.
    """
    if has_run(folder):
        raise BadRun(
            f"{legible(folder)} already holds a run. Go on with it by `--resume`, "
            "or choose another folder."
        )
    if not os.path.isdir(folder):  # noqa: PTH112 - as above
        return  # to be made, or refused when it is
    found = [path for path in folder.iterdir() if not _LEFT_BEHIND.fullmatch(path.name)]
    found += list_checkpoints(folder / _CHECKPOINTS)
    if found:
        raise BadRun(
            f"{legible(folder)} is no run, but holds files (first: {legible(min(found).name)}). "
            "Choose a new or empty folder."
        )


def require_same_data(run: Run, samples: Sequence[Sample]) -> None:
    """Refuse to go on with other pictures than those that the run began with.

    Raises:
        BadRun: Files were added, removed, changed or moved to another class.
    """
    then = {sample.key: (sample.label, sample.sha256) for _, sample in run.read_split()}
    now = {sample.key: (sample.label, sample.sha256) for sample in samples}
    differing = {
        "added": now.keys() - then.keys(),
        "removed": then.keys() - now.keys(),
        "changed": {key for key in now.keys() & then.keys() if now[key] != then[key]},
    }
    counts = ", ".join(f"{len(keys)} {how}" for how, keys in differing.items() if keys)
    if counts:
        first = min(path for keys in differing.values() for path, _ in keys)
        raise BadRun(
            f"The data changed since {legible(run.folder)} began: {counts} (first: "
            f"{legible(first)}). Restore the data, or train into a new folder."
        )


def require_same_recipe(run: Run, recipe: Recipe) -> None:
    """Refuse to go on otherwise than the run began.

    Raises:
        BadRun: A field of its recipe has another value.
    """
    begun, asked = run.recipe.to_dict(), recipe.to_dict()
    for name, value in asked.items():
        if begun[name] != value:
            raise BadRun(
                f"{legible(run.folder)} began with {name}={begun[name]} and cannot go on with "
                f"{name}={value}. Train into a new folder."
            )


def _split_lines(split: Split) -> Iterable[str]:
    # ASCII with escapes: file names of any bytes survive the round trip.
    for side, sample in split:
        yield json.dumps({"side": side, **sample.to_dict()}) + "\n"


def _history_csv(history: Sequence[Mapping[str, float]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, HISTORY_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(history)
    return text.getvalue()
