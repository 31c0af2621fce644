"""`maskwise score`: decisions on the faces of huge collections of pictures."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, redirect_stdout
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maskwise.cli.console import counting, hushed, ours_alone, say
from maskwise.cli.detector_options import Faces, Mode, Model, Precision, Strict
from maskwise.cli.ray_option import RayAddress, address_of
from maskwise.errors import InvalidInput
from maskwise.extras import load
from maskwise.names import legible

if TYPE_CHECKING:
    from maskwise.distributed.answers import Totals
    from maskwise.distributed.score import Scoring
    from maskwise.inference.batch import Load


def score(
    source: Annotated[
        str,
        typer.Argument(
            help="Pictures: a folder, a TAR shard, a Parquet file, or a list (.csv, .txt, Parquet) "
            "of paths; on a disk, at s3://bucket/..., or behind http.",
        ),
    ],
    out: Annotated[
        str,
        typer.Option(
            help="The folder for the answers, on a disk or at s3://bucket/...: new, or of the same "
            "command, which then goes on."
        ),
    ],
    model: Model = None,
    faces: Faces = None,
    mode: Mode = None,
    strict: Strict = False,
    precision: Precision = None,
    workers: Annotated[
        int | None, typer.Option(help="How many processes. [one for each core]")
    ] = None,
    ray: RayAddress = None,
    max_errors: Annotated[
        float,
        typer.Option(
            metavar="SHARE",
            help="End with exit code 0 as long as at most this share of the pictures could not be "
            "read: 0.01 is one in a hundred.",
        ),
    ] = 0.0,
    allow_url: Annotated[
        bool,
        typer.Option("--allow-url", help="Let lists name pictures in other stores than their own."),
    ] = False,
) -> int:
    """Say for each face of the pictures in SOURCE whether a mask is worn, into files at OUT.

    Whatever is killed, the same command goes on and ends with the same files. A picture that cannot
    be read costs only its own row; the exit code is then 1, unless --max-errors allows for it.
    """
    if workers is not None and workers < 1:
        raise InvalidInput(f"`workers` must be at least 1. Received: {workers}.")
    if not 0 <= max_errors <= 1:
        raise InvalidInput(f"`max-errors` must be a share, from 0 to 1. Received: {max_errors:g}.")
    with hushed():
        scoring_of = load("maskwise.distributed.score", extra="score").Scoring
        detection = load("maskwise.distributed.detection", extra="score").Detection.of(
            model, faces=faces, mode=mode, strict=strict, precision=precision
        )
    with ExitStack() as until_done:
        if ray is not None:  # whether there is one is said before anything is listed
            detection = detection.packed()
            until_done.enter_context(ours_alone())
            # Ray tells of workers that were lost, and it does so on stdout.
            nowhere = until_done.enter_context(Path(os.devnull).open("w"))
            until_done.enter_context(redirect_stdout(nowhere))
            cluster = load("maskwise.distributed.cluster", extra="ray")
            until_done.enter_context(cluster.connected(address_of(ray)))
        with counting("Listing") as listing:
            scoring: Scoring = scoring_of.begin(
                *(source, out, detection),
                allow_url=allow_url,
                on_listed=lambda n: listing(n, n) if n % 1000 == 0 else None,
            )
        undone = scoring.undone()
        if undone:
            _tell_of_rest(scoring, undone)
            _work_off(scoring, undone, detection, workers, is_on_ray=ray is not None)
    totals = scoring.finish()
    say(f"{_to_words(totals)}\nWrote {legible(scoring.out)}")
    return 1 if totals.error_share > max_errors else 0


def _tell_of_rest(scoring: "Scoring", undone: Sequence[int]) -> None:
    n_before = scoring.plan.n_parts - len(undone)
    if n_before:
        say(f"Going on: {n_before} of {scoring.plan.n_parts} parts are done.")


def _work_off(
    scoring: "Scoring",
    undone: Sequence[int],
    load_detector: "Load",
    workers: int | None,
    *,
    is_on_ray: bool,
) -> None:
    from maskwise.distributed.scorer import Scorer

    new_scorer = partial(Scorer, load_detector, scoring.answers)
    results: Iterator[Totals]
    if is_on_ray:
        from maskwise.distributed.on_ray import score_on_ray

        results = score_on_ray(undone, scoring.plan, new_scorer, workers)
    else:
        from maskwise.distributed.here import score_here

        results = score_here(undone, scoring.plan, new_scorer, workers or _n_cores())
    n_done, n_parts = scoring.plan.n_parts - len(undone), scoring.plan.n_parts
    with counting("Scoring parts") as progress:
        progress(n_done, n_parts)
        for _ in results:
            n_done += 1
            progress(n_done, n_parts)


def _n_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _to_words(totals: "Totals") -> str:
    labels = ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in totals.labels.items())
    failed = f"; {totals.errors} could not be read" if totals.errors else ""
    return (
        f"{totals.pictures} picture{'s' * (totals.pictures != 1)}, "
        f"{totals.faces} face{'s' * (totals.faces != 1)}{': ' if labels else ''}{labels}{failed}"
    )
