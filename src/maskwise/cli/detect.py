"""`maskwise detect`: decisions on the faces of new pictures."""

import hashlib
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from maskwise import __version__
from maskwise.cli.console import counting, hushed, say
from maskwise.cli.detector_options import Faces, Mode, Model, Precision, Strict
from maskwise.cli.tally import Tally
from maskwise.durable import replacing
from maskwise.errors import InvalidInput
from maskwise.inference.batch import Load, Task
from maskwise.inference.bulk import detect_all
from maskwise.inference.bundle import Bundle, model_folder
from maskwise.inference.pipeline import MaskDetector, model_sha256
from maskwise.inference.runtimes import AUTO, choose_runtime
from maskwise.names import legible
from maskwise.outputs.coco import to_coco
from maskwise.outputs.copies import copy_paths, is_copy
from maskwise.outputs.journal import Journal
from maskwise.outputs.lines import to_line
from maskwise.outputs.outcome import Outcome
from maskwise.outputs.table import header_row, to_rows
from maskwise.sources.named import find_sources
from maskwise.sources.videos import find_videos

_WRITERS: Final[Mapping[str, Callable[[Iterable[Outcome]], Iterable[str]]]] = {
    ".jsonl": lambda outcomes: map(to_line, outcomes),
    ".csv": lambda outcomes: chain([header_row()], map(to_rows, outcomes)),
    ".json": lambda outcomes: [to_coco(outcomes)],
}


def detect(
    sources: Annotated[
        list[str],
        typer.Argument(
            help="Pictures: files, folders, patterns, lists (.txt), URLs, or - for standard input. "
            "Or videos: files, folders, patterns, camera:0, rtsp:// addresses.",
        ),
    ],
    model: Model = None,
    faces: Faces = None,
    mode: Mode = None,
    box: Annotated[
        list[str] | None,
        typer.Option(
            metavar="L,T,R,B",
            help="A face of the one picture, in pixels: look for none. Repeatable.",
        ),
    ] = None,
    strict: Strict = False,
    runtime: Annotated[
        str,
        typer.Option(help="`onnx`, `litert`, `openvino`; `auto` takes the fastest that is there."),
    ] = "onnx",
    precision: Precision = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Write the answers to this file: .jsonl, .csv or .json (COCO); of videos the "
            "tracks: .csv or .json."
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with OUT where it was cut off.")
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option(help="Share the pictures out among so many processes. [this one alone]"),
    ] = None,
    save: Annotated[
        Path | None, typer.Option(help="Folder for copies with the answers drawn on them.")
    ] = None,
    blurred: Annotated[
        bool, typer.Option("--blur", help="Make the faces in these copies unrecognisable.")
    ] = False,
    allow_url: Annotated[
        bool, typer.Option("--allow-url", help="Fetch pictures by http and https.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="A line of JSON per picture even on a terminal.")
    ] = False,
) -> int:
    """Say for each face in SOURCES whether a mask is worn, in videos for each person.

    A table on a terminal; in a pipe a line of JSON per picture, or per person and then a summary.
    What cannot be read costs only itself; the exit code is then 1.
    """
    videos = find_videos(sources, allow_url=allow_url)
    if videos:
        _require_fitting_videos(box, resume=resume)
    else:
        _require_fitting(out, resume=resume)
    if blurred and save is None:
        raise InvalidInput("`blur` is of the copies with answers: name their folder by `--save`.")
    found = [] if videos else find_sources(sources, allow_url=allow_url)
    if save is not None:  # what an earlier run, or this one before it was cut off, left there
        found = [each for each in found if each.path is None or not is_copy(each.path, save)]
    boxes_xyxy = _parse_boxes(box, len(found))
    # The faces of one picture are decided on before more threads than one have begun.
    n_threads = 1 if workers is not None or len(found) == 1 else None
    if runtime == AUTO:
        runtime = _choose(model, precision)
    with hushed():
        load = partial(
            MaskDetector.load,
            model,
            faces=faces,
            mode=mode,
            boxes_xyxy=boxes_xyxy,
            strict=strict,
            runtime=runtime,
            precision=precision,
            n_threads=n_threads,
        )
        detector = load()  # what is wrong with it is said once, and before anything else
    if workers is None:
        load = partial(_keep, detector)
    if videos:
        from maskwise.cli.video import follow_videos  # who has pictures need not wait for it

        return follow_videos(
            videos, load, workers=workers, out=out, save=save, blurred=blurred, as_json=as_json
        )
    copies = [None] * len(found) if save is None else copy_paths([s.name for s in found], save)
    tasks = [Task(s, copy, is_blurred=blurred) for s, copy in zip(found, copies, strict=True)]
    if out is None:
        return _show(detect_all(tasks, load, workers=workers), len(tasks), as_json=as_json)
    asked = {
        "maskwise": __version__,
        "sources": hashlib.sha256(repr([s.key for s in found]).encode()).hexdigest(),
        "model": model_sha256(model),
        "options": [faces, mode, box, strict, runtime, precision, save and str(save), blurred],
    }
    return _write(out, tasks, load, asked, workers=workers, resume=resume)


def _require_fitting(out: Path | None, *, resume: bool) -> None:
    if out is not None and out.suffix not in _WRITERS:
        raise InvalidInput(
            f"`out` must end in {', '.join(_WRITERS)}, which says what it is written as. "
            f"Received: {legible(out)}."
        )
    if resume and out is None:
        raise InvalidInput("`resume` goes on with a file: name it by `--out`. Received none.")


def _require_fitting_videos(box: Sequence[str] | None, *, resume: bool) -> None:
    if resume:
        raise InvalidInput(
            "`resume` is of pictures: people are followed from the beginning of a video on. Leave "
            "it out."
        )
    if box:
        raise InvalidInput("`box` is of one picture. Leave it out for videos.")


def _parse_boxes(texts: Sequence[str] | None, n_pictures: int) -> list[list[float]] | None:
    if not texts:
        return None
    if n_pictures != 1:
        raise InvalidInput(f"`box` needs one picture, to which it belongs. Received: {n_pictures}.")
    try:
        boxes = [[float(edge) for edge in text.split(",")] for text in texts]
        for left, top, right, bottom in boxes:
            if not (left < right and top < bottom):
                raise ValueError
    except ValueError:
        raise InvalidInput(
            "`box` must be left,top,right,bottom in pixels, with left < right and top < bottom, as "
            f"in 10,20,50,60. Received: {', '.join(texts)!r}."
        ) from None
    return boxes


def _choose(model: Path | None, precision: str | None) -> str:
    with hushed():
        choice = choose_runtime(Bundle.open(model_folder(model)), precision=precision)
    say(choice.to_words())
    return choice.runtime


def _keep(detector: MaskDetector) -> MaskDetector:
    return detector


def _show(outcomes: Iterator[Outcome], n_pictures: int, *, as_json: bool) -> int:
    tally = Tally()
    on_terminal = sys.stdout.isatty()
    as_lines = as_json or not on_terminal
    answered = []
    # Lines on a terminal tell by themselves how far it is, and a bar would tear them.
    shown = n_pictures > 1 and not (as_lines and on_terminal)
    with counting("Deciding", shown=shown) as progress:
        progress(0, n_pictures)
        for n_done, outcome in enumerate(tally.counting(outcomes), start=1):
            if as_lines:
                typer.echo(to_line(outcome), nl=False)
            else:
                answered.append(outcome)
            progress(n_done, n_pictures)
    if not as_lines:
        from maskwise.cli.answers import show_table  # what draws tables takes long to load

        show_table(answered)
    if n_pictures > 1:
        say(tally.to_words())
    return 1 if tally.n_failed else 0


def _write(
    out: Path,
    tasks: Sequence[Task],
    load: Load,
    asked: Mapping[str, Any],
    *,
    workers: int | None,
    resume: bool,
) -> int:
    journal = Journal(out)
    tally = Tally()
    if journal.exists and not resume:
        raise InvalidInput(
            f"`out` was begun and cut off: {legible(out)}. Go on with --resume, or remove "
            f"{legible(journal.folder)}."
        )
    if out.exists() and not journal.exists:
        raise InvalidInput(
            f"`out` must be a new file. Received: {legible(out)}, which is there already."
        )
    if journal.exists:
        journal.require_same(asked)
    else:
        journal.begin(asked)
    n_done = sum(1 for _ in tally.counting(journal.outcomes()))
    n_before = n_done
    with counting("Deciding") as progress, journal.adding() as add:
        progress(n_done, len(tasks))
        for outcome in tally.counting(detect_all(tasks[n_done:], load, workers=workers)):
            add(outcome)
            n_done += 1
            progress(n_done, len(tasks))
    with replacing(out) as file:
        for text in _WRITERS[out.suffix](journal.outcomes()):
            file.write(text.encode("utf-8"))
    journal.remove()
    went_on = f"Went on after {n_before} of them. " if n_before else ""
    say(f"{tally.to_words(n_before)}\n{went_on}Wrote {legible(out)}")
    return 1 if tally.n_failed else 0
