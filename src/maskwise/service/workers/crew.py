"""Crew: the workers, and the pictures that wait for them."""

import asyncio
import contextlib
import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from threading import Condition, Event, Lock, Thread
from typing import Any, Final, Protocol

from maskwise.errors import BadBundle
from maskwise.service.workers.hand import Hand, HandDied, Load
from maskwise.service.workers.job import Answer, Job

_MOST_TOGETHER: Final = 4  # pictures that one worker takes at once
_START_S: Final = 120.0
_PAUSES_S: Final = (0.0, 0.0, 1.0, 5.0, 20.0)  # before a worker that dies again is replaced
_STEADY_S: Final = 60.0  # after which a death is no longer counted
_BURIAL_S: Final = 3.0  # for a thread to let go of its worker, which was killed
_TICK_S: Final = 1.0  # how soon it is seen that a worker died that had nothing to do
_MOST_KILLED: Final = 1  # workers; the first may have been killed by somebody else
_KILLED: Final = "The picture ended the process that decoded it."


class Full(Exception):
    """As many pictures wait as may."""


class TooLate(Exception):
    """There was no answer in time."""


class Tell(Protocol):
    """Is told what happens to workers and models, by any thread."""

    def __call__(self, event: str, **fields: Any) -> None:
        """Hear of it."""


@dataclass(eq=False, slots=True)
class _Ticket:
    """A picture that waits, or is worked on."""

    job: Job
    future: "asyncio.Future[Answer]"
    loop: asyncio.AbstractEventLoop
    came_s: float = field(default_factory=time.monotonic)
    is_taken_back: bool = False

    def settle(self, answer: Answer) -> None:
        """Hand the answer to who waits for it, if anybody still does."""
        with contextlib.suppress(RuntimeError):  # the service has ended meanwhile
            self.loop.call_soon_threadsafe(self._settle, answer)

    def _settle(self, answer: Answer) -> None:
        if not self.future.done():
            self.future.set_result(answer)


@dataclass(eq=False, slots=True)
class _Member:
    """A worker, and whether it still belongs to the crew."""

    hand: Hand | None
    thread: Thread | None = None
    is_dismissed: Event = field(default_factory=Event)
    died_s: deque[float] = field(default_factory=lambda: deque(maxlen=len(_PAUSES_S)))


class Crew:
    """Worker processes that share one queue of pictures.

    A worker takes what waits as soon as it is free, several pictures at once if many wait: none is
    held back for the sake of a batch. If a worker dies, a new one is given its pictures, each
    alone, so that only the culprit is lost.

    Attributes:
        about: The model that decides, as `GET /v1/model` tells it.
    """

    def __init__(
        self,
        load: Load,
        *,
        workers: int,
        max_waiting: int,
        deadline_s: float,
        tell: Tell,
        on_batch: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Start the workers, and wait until all can decide.

        Args:
            load: Loads the model, in each worker.
            workers: How many processes.
            max_waiting: How many pictures may wait, beside those that are worked on.
            deadline_s: How long after it came a picture is given up.
            tell: Is told what happens.
            on_batch: Is told how many pictures a worker takes, by any thread.

        Raises:
            BadBundle: The model cannot be used; the message says why.
        """
        self._load = load
        self._n_workers = workers
        self._max_waiting = max_waiting
        self._deadline_s = deadline_s
        self._tell = tell
        self._on_batch = on_batch
        self._waiting: deque[_Ticket] = deque()
        self._changed = Condition()
        self._reloading = Lock()
        self._members: list[_Member] = []
        self._man(self._start())

    @property
    def n_waiting(self) -> int:
        """How many pictures wait."""
        return len(self._waiting)

    @property
    def is_full(self) -> bool:
        """Whether not one picture more may wait."""
        return len(self._waiting) >= self._max_waiting

    @property
    def pids(self) -> list[int]:
        """The processes that can decide at the moment."""
        return [member.hand.pid for member in self._members if member.hand is not None]

    async def ask(self, jobs: Sequence[Job]) -> list[Answer]:
        """Have jobs answered, in their order. Who stops waiting takes back what was not begun.

        Raises:
            Full: Too many wait already.
            TooLate: There was no answer in time.
        """
        loop = asyncio.get_running_loop()
        tickets = [_Ticket(job, loop.create_future(), loop) for job in jobs]
        with self._changed:
            if len(self._waiting) + len(tickets) > self._max_waiting:
                raise Full
            self._waiting.extend(tickets)
            self._changed.notify(len(tickets))
        is_done = False
        try:
            async with asyncio.timeout(self._deadline_s):
                answers = [await ticket.future for ticket in tickets]
            is_done = True
            return answers
        except TimeoutError as error:
            raise TooLate from error
        finally:
            if not is_done:
                self._take_back(tickets)

    def reload(self) -> None:
        """Read the model anew; from then on the new one decides. No picture is lost.

        Raises:
            BadBundle: It cannot be used; the old one goes on.
        """
        with self._reloading:
            self._man(self._start())

    def close(self) -> None:
        """End the workers, whatever they do."""
        with self._changed:
            members, self._members = self._members, []
            self._dismiss(members)
        for member in members:
            if member.hand is not None:
                member.hand.kill()
        for member in members:
            if member.thread is not None:  # else it buries its process while Python ends, too
                member.thread.join(_BURIAL_S)

    def _start(self) -> list[Hand]:
        """As many workers as there should be, all with one model."""
        with ThreadPoolExecutor(self._n_workers) as pool:
            starting = [
                pool.submit(Hand, self._load, within_s=_START_S) for _ in range(self._n_workers)
            ]
        hands, refused = [], None
        for each in starting:
            try:
                hands.append(each.result())
            except BadBundle as error:
                refused = error
        if refused is None and len({hand.about["sha256"] for hand in hands}) > 1:
            refused = BadBundle("The model was changed while it was loaded. Try again.")
        if refused is not None:
            for hand in hands:
                hand.close()
            raise refused
        return hands

    def _man(self, hands: Sequence[Hand]) -> None:
        """Let these work, and those that worked before go when they are done."""
        members = [_Member(hand) for hand in hands]
        with self._changed:
            self._dismiss(self._members)
            self._members = members
            self.about = hands[0].about
        for member in members:
            member.thread = Thread(target=self._work, args=(member,), name="hand", daemon=True)
            member.thread.start()

    def _dismiss(self, members: Sequence[_Member]) -> None:
        for member in members:
            member.is_dismissed.set()
        self._changed.notify_all()

    def _take_back(self, tickets: Sequence[_Ticket]) -> None:
        with self._changed:
            for ticket in tickets:
                ticket.is_taken_back = True
            self._waiting = deque(each for each in self._waiting if not each.is_taken_back)

    def _work(self, member: _Member) -> None:
        """Hand pictures to a worker, until it is dismissed."""
        while tickets := self._next(member):
            self._on_batch(len(tickets))
            self._answer(member, tickets)
        if member.hand is not None:
            member.hand.close()

    def _next(self, member: _Member) -> list[_Ticket]:
        """What the worker should do now; nothing if it is dismissed."""
        while True:
            with self._changed:
                if member.is_dismissed.is_set():
                    return []
                if self._waiting:
                    # Shared with those who will be free in a moment: two halves are done sooner.
                    n = min(_MOST_TOGETHER, math.ceil(len(self._waiting) / self._n_workers))
                    return [self._waiting.popleft() for _ in range(n)]
                self._changed.wait(_TICK_S)
            is_dead = member.hand is not None and not member.hand.is_alive
            if is_dead and not member.is_dismissed.is_set():  # else it was killed, at the end
                self._bury(member, n_pictures=0)
                self._revive(member)

    def _answer(self, member: _Member, tickets: Sequence[_Ticket], *, n_killed: int = 0) -> None:
        """Have pictures answered, whatever they do to the worker."""
        wanted = [ticket for ticket in tickets if not ticket.is_taken_back]
        hand = member.hand or self._revive(member)
        if hand is None:  # dismissed: others will do it
            with self._changed:
                self._waiting.extendleft(reversed(wanted))
                self._changed.notify(len(wanted))
            return
        if not wanted:
            return
        began_s = time.monotonic()
        try:
            answers = hand.ask([ticket.job for ticket in wanted], within_s=self._deadline_s)
        except HandDied:
            self._bury(member, n_pictures=len(wanted))
            if len(wanted) > 1:
                for ticket in wanted:
                    self._answer(member, [ticket])
            elif n_killed < _MOST_KILLED:
                self._answer(member, wanted, n_killed=n_killed + 1)
            else:
                wanted[0].settle(Answer(422, {"message": _KILLED}))
                self._revive(member)
            return
        for ticket, answer in zip(wanted, answers, strict=True):
            seconds = {"queue": began_s - ticket.came_s, **answer.seconds}
            ticket.settle(replace(answer, seconds=seconds))

    def _bury(self, member: _Member, *, n_pictures: int) -> None:
        if member.hand is not None:
            self._tell("worker_died", pid=member.hand.pid, pictures=n_pictures)
            member.hand.close()
            member.hand = None
            member.died_s.append(time.monotonic())

    def _revive(self, member: _Member) -> Hand | None:
        """Start another process for a worker, later if its processes die often.

        Returns:
            None if the worker was dismissed meanwhile.
        """
        while True:
            lately = [at_s for at_s in member.died_s if time.monotonic() - at_s < _STEADY_S]
            if member.is_dismissed.wait(_PAUSES_S[min(len(lately), len(_PAUSES_S) - 1)]):
                return None
            try:
                hand = Hand(self._load, within_s=_START_S)
                if hand.about["sha256"] != self.about["sha256"]:
                    hand.close()
                    raise BadBundle("The model was changed. SIGHUP reads it anew.")
            except BadBundle as error:
                self._tell("worker_refused", reason=str(error))
                member.died_s.append(time.monotonic())
                continue
            member.hand = hand
            return hand
