"""Bulk: many pictures, by this process or by several, each result in its place."""

from collections.abc import Iterator, Sequence

from maskwise.errors import InvalidInput
from maskwise.inference.batch import Load, Task, batches, decide
from maskwise.outputs.outcome import Outcome


def detect_all(
    tasks: Sequence[Task], load: Load, *, workers: int | None = None
) -> Iterator[Outcome]:
    """Decide on many pictures.

    A picture that cannot be read costs only itself, even if it kills the process that reads it.

    Args:
        tasks: The pictures.
        load: Makes the detector.
        workers: How many processes of one thread share the work; None: this one does it all, with
            as many threads as its libraries like.

    Yields:
        What came of each picture, in their order, the same for any number of workers.

    Raises:
        InvalidInput: `workers` is below 1, or standard input is to be read by several.
        OutputFailed: A copy cannot be written.
    """
    if workers is None:
        detector = load()
        for batch in batches(tasks):
            yield from decide(detector, batch)
        return
    if workers < 1:
        raise InvalidInput(f"`workers` must be at least 1. Received: {workers}.")
    if any(task.source.name == "-" for task in tasks):
        raise InvalidInput("`workers` must be left out where standard input (`-`) is read.")
    from maskwise.inference.processes import share  # what starts processes takes long to load

    yield from share(batches(tasks), load, workers)
