"""Video: `maskwise detect` on videos, whose people are followed."""

import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import typer

from maskwise.cli.console import complain, counting, say
from maskwise.durable import replacing
from maskwise.errors import InvalidInput, UnreadableVideo
from maskwise.inference.batch import Load
from maskwise.inference.following import Look, arriving, due, follow
from maskwise.inference.pipeline import LOOKS_PER_S
from maskwise.names import legible
from maskwise.outputs.copies import copy_paths
from maskwise.outputs.film import SUFFIX, Film, filming
from maskwise.outputs.tracks import WRITERS, Summary, TrackWriter, to_line
from maskwise.sources.video import Address, Frame, Video
from maskwise.tracking.between import between
from maskwise.tracking.people import People, Person


def follow_videos(
    addresses: Sequence[Address],
    load: Load,
    *,
    workers: int | None,
    out: Path | None,
    save: Path | None,
    blurred: bool,
    as_json: bool,
) -> int:
    """Follow the people of each video, and say what they wear.

    A video that cannot be read costs only itself. Lines of JSON go to a pipe as people leave, and
    then the summary; a terminal gets a table.

    Returns:
        The exit code.
    """
    copies = [None] * len(addresses) if save is None else _copies(addresses, save)
    teller = _Teller(as_lines=as_json or not sys.stdout.isatty())
    n_failed, is_interrupted = 0, False
    with _writing(out) as writer:
        for address, copy in zip(addresses, copies, strict=True):
            watch = _Watch(address, load, workers, copy, blurred, writer, teller)
            n_failed += not watch.run()
            if watch.is_interrupted:
                is_interrupted = True
                break
    if len(addresses) > 1:
        teller.total(len(addresses))
    if out is not None:
        say(f"Wrote {legible(out)}")
    if is_interrupted:
        raise KeyboardInterrupt
    return 1 if n_failed else 0


def _copies(addresses: Sequence[Address], save: Path) -> list[Path | None]:
    return [*copy_paths([address.text for address in addresses], save, suffix=SUFFIX)]


@contextmanager
def _writing(out: Path | None) -> Iterator[TrackWriter | None]:
    if out is None:
        yield None
        return
    if out.suffix not in WRITERS:
        raise InvalidInput(
            f"`out` must end in {' or '.join(WRITERS)} for videos. Received: {legible(out)}."
        )
    if out.exists():
        raise InvalidInput(
            f"`out` must be a new file. Received: {legible(out)}, which is there already."
        )
    with replacing(out) as file:
        writer = WRITERS[out.suffix](file)
        yield writer
        writer.end()


class _Teller:
    """Tells programs or people who was seen."""

    def __init__(self, *, as_lines: bool) -> None:
        self._as_lines = as_lines
        self._people: list[Person] = []
        self._seconds = 0.0
        self._shown: list[Person] = []

    def person(self, address: Address, person: Person) -> None:
        """Somebody has left."""
        self._people.append(person)
        self._shown.append(person)
        if self._as_lines:
            typer.echo(to_line(address.source, person.to_dict()), nl=False)

    def end(self, address: Address, summary: Summary) -> None:
        """A video has ended."""
        self._seconds += summary.seconds
        if self._as_lines:
            typer.echo(to_line(address.source, summary.to_dict()), nl=False)
        else:
            from maskwise.cli.answers import show_people  # what draws tables takes long to load

            show_people(self._shown)
        self._shown = []
        say(f"{address.shown}: {summary.to_words()}")

    def total(self, n_videos: int) -> None:
        """All of several videos have ended."""
        summary = Summary.of(self._people, self._seconds)
        if self._as_lines:
            typer.echo(to_line(None, {"videos": n_videos, **summary.to_dict()}), nl=False)
        say(f"{n_videos} videos: {summary.to_words()}")


class _Watch:
    """One video, from the first frame to the last."""

    def __init__(
        self,
        address: Address,
        load: Load,
        workers: int | None,
        copy: Path | None,
        blurred: bool,
        writer: TrackWriter | None,
        teller: _Teller,
    ) -> None:
        self._address = address
        self._load = load
        self._workers = None if address.is_live else workers
        self._copy = copy
        self._blurred = blurred
        self._writer = writer
        self._teller = teller
        self._everybody: list[Person] = []
        self._people = People()
        self._seconds = 0.0
        self.is_interrupted = False

    def run(self) -> bool:
        """Watch it, and say whether it could be read to its end."""
        try:
            with Video.open(self._address) as video:
                try:
                    self._follow(video)
                except KeyboardInterrupt:
                    if not self._address.is_live:  # only a camera can end in no other way
                        raise
                    self.is_interrupted = True
                if video.n_broken:
                    complain(f"{self._address.shown}: parts of it are damaged and were left out.")
                is_whole = not video.n_broken
        except UnreadableVideo as error:
            complain(str(error))
            is_whole = False
            if not self._seconds:  # nothing was seen, so there is nothing to sum up
                return False
        self._leave(self._people.leave())
        summary = Summary.of(self._everybody, self._seconds)
        if self._writer is not None:
            self._writer.end_video(self._address.source, self._everybody, summary)
        self._teller.end(self._address, summary)
        return is_whole

    def _follow(self, video: Video) -> None:
        with ExitStack() as stack:
            progress = stack.enter_context(counting("Following"))
            film = (
                None if self._copy is None else stack.enter_context(filming(self._copy, video.fps))
            )
            copy = None if film is None else _Copy(film, is_blurred=self._blurred)

            arrived = stack.enter_context(arriving(video))

            def passing() -> Iterator[Frame]:
                for frame in arrived:
                    self._seconds = frame.time_s + 1 / video.fps
                    if copy is not None:
                        copy.pass_by(frame)
                    if video.n_frames:
                        progress(min(frame.index + 1, video.n_frames), video.n_frames)
                    yield frame

            frames = due(passing(), LOOKS_PER_S)
            for look in follow(frames, self._load, self._people, workers=self._workers):
                self._leave(self._people.leave(look.frame.time_s))
                if copy is not None:
                    copy.take(look)
                if self._writer is not None:
                    self._writer.look(
                        self._address.source,
                        look.frame.index,
                        look.frame.time_s,
                        look.answered,
                        look.faces,
                    )
            if copy is not None:
                copy.end()

    def _leave(self, people: Iterator[Person]) -> None:
        for person in people:
            self._everybody.append(person)
            self._teller.person(self._address, person)


class _Copy:
    """A copy with answers: frames wait in it until the look after them says where faces are."""

    def __init__(self, film: Film, *, is_blurred: bool) -> None:
        self._film = film
        self._is_blurred = is_blurred
        self._waiting: deque[Frame] = deque()
        self._before: Look | None = None

    def pass_by(self, frame: Frame) -> None:
        """A frame that looks will tell about."""
        self._waiting.append(frame)

    def take(self, look: Look) -> None:
        """Write the frames up to this look."""
        while self._waiting and self._waiting[0].index <= look.frame.index:
            self._write(self._waiting.popleft(), look)
        self._before = look

    def end(self) -> None:
        """Write the frames after the last look."""
        while self._waiting and self._before is not None:
            self._write(self._waiting.popleft(), self._before)

    def _write(self, frame: Frame, after: Look) -> None:
        from maskwise.outputs.blur import blur
        from maskwise.outputs.draw import draw

        before, faces = self._before, after.faces
        if before is not None and before is not after:
            gap_s = after.frame.time_s - before.frame.time_s
            share = (frame.time_s - before.frame.time_s) / gap_s
            faces = between(before.faces, after.faces, share)
        shown = frame.read_rgb()
        if self._is_blurred:
            # A face that only one of the two looks has found must not show, either.
            for each in (faces, after.faces, *([] if before is None else [before.faces])):
                shown = blur(shown, each)
        self._film.add(draw(shown, faces), frame.time_s)
