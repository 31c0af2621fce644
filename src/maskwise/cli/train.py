"""`maskwise train`: from pictures to a run folder."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, Self

import typer
from rich.progress import TextColumn, TimeRemainingColumn

from maskwise.cli.console import command, counting, hushed, say
from maskwise.cli.opening import ClassNames, Format, open_data, tell_what_is_wrong
from maskwise.cli.progress import new_progress
from maskwise.cli.ray_option import RayAddress, address_of
from maskwise.dataset.dataset import Dataset
from maskwise.distributed.cluster import connected
from maskwise.errors import InvalidInput
from maskwise.extras import load, require
from maskwise.labels import LABELS
from maskwise.names import legible
from maskwise.runs.recipe import find_recipe, require_seed
from maskwise.runs.run import Run, has_run, require_vacant


def train(
    data: Annotated[Path, typer.Argument(help="Data folder, or its JSON, YAML or CSV file.")],
    out: Annotated[Path, typer.Option(help="The run folder to fill.")],
    recipe: Annotated[
        str | None,
        typer.Option(
            help="What to train and how: `reference`, `maskwise` (what we ship), `lean` (tiny), or "
            "`reference-network` (the reference network, trained like `maskwise`). [reference]"
        ),
    ] = None,
    start_from: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="Instead of a recipe: go on from this bundle or finished run, and end half way "
            "between its weights and those that your pictures lead to; `shipped` is what comes "
            "with maskwise. From 50 pictures a class on.",
        ),
    ] = None,
    rest: Annotated[
        Path | None,
        typer.Option(
            help="With --from: labelled pictures from elsewhere, on which to judge whether it "
            "forgot something. [drawn faces]"
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Same data and seed, same result. [0]")] = None,
    epochs: Annotated[int | None, typer.Option(help="Instead of the number in the recipe.")] = None,
    split: Annotated[
        str | None,
        typer.Option(
            help="`grouped` keeps near-duplicates and faces of one scene on one side, `random` "
            "does not, `given` takes the sides that DATA names. [as the recipe "
            "says; `reference`: random]"
        ),
    ] = None,
    hold_out_source: Annotated[
        str | None, typer.Option(help="Judge on this source and train on all others.")
    ] = None,
    format: Format = None,
    class_name: ClassNames = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run in OUT where it was cut off.")
    ] = False,
    ray: RayAddress = None,
    workers: Annotated[
        int | None,
        typer.Option(
            help="With --ray: how many processes share each step. DATA and OUT must lie where all "
            "nodes see them. [one on each node]"
        ),
    ] = None,
) -> None:
    """Train a network on DATA. It can be stopped at any moment and resumed."""
    if rest is not None and start_from is None:
        raise InvalidInput(
            "`rest` tells what a network forgot that went on from another: name that by --from. "
            "Received none."
        )
    if workers is not None and ray is None:
        raise InvalidInput(f"`workers` are of --ray. Received: {workers}. Add --ray.")
    try:
        run = train_and_show(
            *(data, out),
            recipe=recipe,
            start_from=start_from,
            seed=seed,
            epochs=epochs,
            split=split,
            hold_out_source=hold_out_source,
            format=format,
            class_name=class_name,
            resume=resume,
            ray=ray,
            workers=workers,
        )
    except KeyboardInterrupt:
        say("Stopped. To go on after the last finished epoch, run the same with --resume.")
        raise
    if start_from is not None:
        _show_tuning(run, start_from, rest)
    say(f"Trained. Judge it on pictures that it has not seen: {command('evaluate', out)}")


def train_and_show(
    data: Path,
    out: Path,
    *,
    recipe: str | None = None,
    start_from: Path | None = None,
    seed: int | None = None,
    epochs: int | None = None,
    split: str | None = None,
    hold_out_source: str | None = None,
    format: str | None = None,
    class_name: Sequence[str] | None = None,
    resume: bool = False,
    ray: str | None = None,
    workers: int | None = None,
) -> Run:
    """Train while people watch; see `maskwise.train`."""
    # What can be known at once comes before what takes time.
    require("tensorflow", extra="train")
    changes = {"epochs": epochs, "split": split, "held_out_source": hold_out_source}
    if start_from is None:
        find_recipe(recipe or "reference", **changes)
    require_seed(seed)
    if not (resume and has_run(out)):
        require_vacant(out)
    with _trainer(ray, workers) as train, TrainingProgress() as watcher:
        dataset = open_data(data, format, class_name, on_progress=watcher.listing)
        _tell_about(dataset)
        run: Run = train(
            dataset,
            out=out,
            recipe=recipe,
            start_from=start_from,
            seed=seed,
            epochs=epochs,
            split=split,
            hold_out_source=hold_out_source,
            resume=resume,
            watcher=watcher,
        )
    return run


@contextmanager
def _trainer(ray: str | None, workers: int | None) -> Iterator[Callable[..., Run]]:
    """What trains: this process, or those of a cluster that is there until the block ends."""
    if ray is None:
        yield _loaded("maskwise.training.fit", "train", extra="train")
        return
    with ExitStack() as stack:
        # Ray tells of workers that were lost, and it does so on stdout.
        stack.enter_context(redirect_stdout(stack.enter_context(Path(os.devnull).open("w"))))
        with hushed():
            cluster = stack.enter_context(connected(address_of(ray)))
        train_on_ray = _loaded("maskwise.distributed.train_ray", "train_on_ray", extra="ray")
        yield partial(train_on_ray, cluster=cluster, workers=workers)


def _loaded(module: str, function: str, *, extra: str) -> Callable[..., Run]:
    """A function whose module is loaded when it is called: bad data is told of at once."""

    def call(*args: Any, **options: Any) -> Run:
        with hushed():
            loaded = load(module, extra=extra)
        run: Run = getattr(loaded, function)(*args, **options)
        return run

    return call


def _show_tuning(run: Run, start_from: Path, rest: Path | None) -> None:
    with hushed():
        tuning = load("maskwise.evaluation.tuning", extra="train")
    with counting("Judging") as progress:
        elsewhere = None if rest is None else open_data(rest, None, None, on_progress=progress)
        result = tuning.judge_tuning(run, start_from, elsewhere, on_progress=progress)
    paths = result.write(run.folder)
    say(result.to_words())
    say("Wrote " + ", ".join(str(path) for path in paths))


def _tell_about(dataset: Dataset) -> None:
    counts = ", ".join(f"{n} {name}" for name, n in dataset.counts().items())
    say(f"{legible(dataset.root)}: {counts or 'no pictures'}")
    tell_what_is_wrong(dataset)


class TrainingProgress:
    """Shows a training: bars on a terminal, a plain line per epoch in a pipe."""

    def __init__(self) -> None:
        self._progress = new_progress(TextColumn("{task.fields[figures]}"), TimeRemainingColumn())
        self._task = self._progress.add_task("", total=None, figures="", visible=False)
        self._epochs = 0
        self._first_epoch = 1

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def listing(self, done: int, total: int) -> None:
        """See `maskwise.training.watcher.Watcher`."""
        self._show("Reading", done, total)

    def grouping(self, done: int, total: int) -> None:
        """See `maskwise.training.watcher.Watcher`."""
        self._show("Grouping", done, total)

    def preparing(self, done: int, total: int) -> None:
        """See `maskwise.training.watcher.Watcher`."""
        self._show("Resizing", done, total)

    def begun(self, run: Run, n_train: int, n_validation: int, n_test: int) -> None:
        """See `maskwise.training.watcher.Watcher`."""
        names = " and ".join(LABELS[label] for label in run.recipe.labels)
        done = run.newest_checkpoint()
        self._epochs = run.recipe.epochs
        self._first_epoch = (done.epoch if done else 0) + 1
        say(
            f"Recipe {run.recipe.name} ({names}), seed {run.seed}: {n_train} pictures to train on, "
            f"{n_validation} to watch, {n_test} set aside to judge on; "
            f"epochs {self._first_epoch} to {self._epochs}"
        )
        # Shown as one bar over all that is left, so that the time left is that of the training.
        self._progress.reset(self._task, figures="")

    def batch(self, epoch: int, done: int, total: int, loss: float, accuracy: float) -> None:
        """See `maskwise.training.watcher.Watcher`."""
        before = (epoch - self._first_epoch) * total
        self._show(
            f"Epoch {epoch}/{self._epochs}",
            before + done,
            (self._epochs - self._first_epoch + 1) * total,
            figures=f"loss {loss:.4f}  accuracy {accuracy:.4f}",
        )

    def epoch(self, record: Mapping[str, float]) -> None:
        """See `maskwise.training.watcher.Watcher`."""
        figures = "  ".join(
            f"{name} {record[name]:.4f}"
            for name in ("loss", "accuracy", "val_loss", "val_accuracy")
        )
        say(f"epoch {record['epoch']:>2.0f}/{self._epochs}  {figures}  {record['seconds']:.1f} s")

    def _show(self, what: str, done: int, total: int, figures: str = "") -> None:
        self._progress.update(
            self._task,
            description=what,
            completed=done,
            total=total,
            figures=figures,
            visible=True,
        )
