"""Here: parts scored by processes of this machine."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from threading import Lock

from maskwise.distributed.answers import Totals
from maskwise.distributed.plan import Plan
from maskwise.distributed.scorer import Scorer


def score_here(
    parts: Iterable[int], plan: Plan, new_scorer: Callable[[], Scorer], workers: int
) -> Iterator[Totals]:
    """Score parts by so many processes.

    Args:
        parts: The numbers of those that have no answers.
        plan: What they hold.
        new_scorer: Makes what scores one part after the other.
        workers: How many processes.

    Yields:
        What came of each part, as soon as its answers are written.

    Raises:
        BadBundle, OutputFailed, StoreFailed: See `Scorer.score`; the other processes are ended.
    """
    idle = [new_scorer() for _ in range(workers)]
    every, lock = list(idle), Lock()

    def score(part: int) -> Totals:
        with lock:
            scorer = idle.pop()
        try:
            return scorer.score(part, plan.read(part))
        finally:
            with lock:
                idle.append(scorer)

    waiting = iter(parts)
    pool = ThreadPoolExecutor(workers, thread_name_prefix="scoring")
    running: set[Future[Totals]] = set()
    try:
        while True:
            running |= {
                pool.submit(score, part) for part in islice(waiting, workers - len(running))
            }
            if not running:
                return
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()
    finally:
        for scorer in every:
            scorer.abandon()
        pool.shutdown()
        for scorer in every:
            scorer.close()
