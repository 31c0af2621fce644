"""Service: what the paths share."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from starlette.requests import ClientDisconnect, Request

from maskwise.service.metrics import Metrics
from maskwise.service.problem import busy
from maskwise.service.uploads import Uploads
from maskwise.service.workers.crew import Crew, Full, TooLate
from maskwise.service.workers.job import Answer, Job


@dataclass(slots=True)
class Service:
    """Who decides, what is in memory, and what is counted.

    Attributes:
        crew: Decides.
        uploads: Reads bodies.
        metrics: Counts.
        browser_files: What a browser needs to decide by itself, by name; empty if it cannot.
        is_stopping: Whether it takes its last requests.
    """

    crew: Crew
    uploads: Uploads
    metrics: Metrics
    browser_files: Mapping[str, bytes] = field(default_factory=dict)
    is_stopping: bool = field(default=False)

    @property
    def why_not_ready(self) -> str:
        """Why no picture can be decided on; empty if one can."""
        if self.is_stopping:
            return "it is about to end"
        return "" if self.crew.pids else "no worker is ready"

    def require_room(self) -> None:
        """Refuse a request before its body is read, if its pictures would not be taken.

        Raises:
            Problem: Come again later.
        """
        if self.crew.is_full:
            raise busy("Too many pictures are waiting. Try again.")

    async def ask(self, request: Request, jobs: Sequence[Job]) -> list[Answer]:
        """Have jobs answered by one model, as long as somebody waits for it.

        Raises:
            Problem: Come again later.
            ClientDisconnect: Nobody waits any more; what was not begun is not done.
        """
        answers = await self._ask(request, jobs)
        if len({answer.model["sha256"] for answer in answers if answer.model}) > 1:
            answers = await self._ask(request, jobs)  # another model came in the middle of it
        self.metrics.count_answers(answers)
        request.state.noted["pictures"] = len(jobs)
        request.state.noted["faces"] = sum(len(each.body.get("faces", ())) for each in answers)
        return answers

    async def _ask(self, request: Request, jobs: Sequence[Job]) -> list[Answer]:
        working = asyncio.ensure_future(self.crew.ask(jobs))
        leaving = asyncio.ensure_future(_left(request))
        try:
            await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                raise ClientDisconnect
            return working.result()
        except Full as error:
            raise busy("Too many pictures are waiting. Try again.") from error
        except TooLate as error:
            raise busy("There was no answer in time. Try again.") from error
        finally:
            working.cancel()
            leaving.cancel()


async def _left(request: Request) -> None:
    """Come back when who asked has gone."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
