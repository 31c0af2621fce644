"""Pictures are answered, whatever becomes of the workers."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from deciders import DEADLY_PX, load_decider, load_from, slow
from maskwise.errors import BadBundle
from maskwise.service.workers.crew import Crew, Full, TooLate
from maskwise.service.workers.hand import Load
from maskwise.service.workers.job import Answer, Job
from pictures import draw_picture


def picture(seed: int, *, masked: bool = True, height: int = 40) -> Job:
    file = BytesIO()
    draw_picture(seed, masked=masked, size_hw=(height, 48)).save(file, "png")
    return Job("detect", file.getvalue())


@contextmanager
def crew_of(
    load: Load, *, workers: int = 1, max_waiting: int = 64, deadline_s: float = 20.0
) -> Iterator[tuple[Crew, list[tuple[str, dict[str, Any]]]]]:
    told: list[tuple[str, dict[str, Any]]] = []

    def tell(event: str, **fields: Any) -> None:
        told.append((event, fields))

    crew = Crew(load, workers=workers, max_waiting=max_waiting, deadline_s=deadline_s, tell=tell)
    try:
        yield crew, told
    finally:
        crew.close()


def wait_for(what: Callable[[], object], within_s: float = 15) -> None:
    until_s = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < until_s, "it did not come true"
        time.sleep(0.02)


def labels(answers: list[Answer]) -> list[str]:
    return [answer.body["faces"][0]["label"] for answer in answers]


def test_once_it_is_closed_nobody_works_any_more() -> None:
    """Whoever then ends Python would do so in the middle of that."""
    before = set(threading.enumerate())
    with crew_of(load_decider, workers=2):
        assert len(set(threading.enumerate()) - before) == 2
    assert not set(threading.enumerate()) - before


def test_each_gets_its_own_answer_in_its_order() -> None:
    jobs = [picture(number, masked=number % 3 == 0) for number in range(30)]
    with crew_of(load_decider, workers=2) as (crew, _):
        answers = asyncio.run(crew.ask(jobs))
    assert labels(answers) == ["with_mask" if n % 3 == 0 else "without_mask" for n in range(30)]
    assert all(answer.seconds["queue"] >= 0 for answer in answers)
    assert {answer.model["version"] for answer in answers} == {"3"}


def test_many_at_once_are_taken_together_and_answered_as_alone() -> None:
    jobs = [picture(number, masked=number % 2 == 0) for number in range(12)]
    taken: list[int] = []
    with crew_of(slow(0.01)) as (crew, _):
        crew._on_batch = taken.append
        together = asyncio.run(crew.ask(jobs))
        alone = [asyncio.run(crew.ask([job]))[0] for job in jobs]
    assert max(taken[:3]) > 1
    assert [answer.body for answer in together] == [answer.body for answer in alone]


def test_a_picture_that_kills_costs_only_itself() -> None:
    jobs = [picture(number) for number in range(8)]
    jobs[5] = picture(5, height=DEADLY_PX)
    with crew_of(slow(0.02)) as (crew, told):
        answers = asyncio.run(crew.ask(jobs))
        assert [answer.status for answer in answers] == [422 if n == 5 else 200 for n in range(8)]
        assert "ended the process" in answers[5].body["message"]
        assert {event for event, _ in told} == {"worker_died"}
        assert asyncio.run(crew.ask([picture(9)]))[0].status == 200


def test_a_worker_that_somebody_kills_costs_nothing() -> None:
    async def kill_in_the_middle(crew: Crew) -> list[Answer]:
        asking = asyncio.ensure_future(crew.ask([picture(1)]))
        await asyncio.sleep(0.2)
        os.kill(crew.pids[0], signal.SIGKILL)
        return await asking

    with crew_of(slow(0.5)) as (crew, _):
        assert asyncio.run(kill_in_the_middle(crew))[0].status == 200


def test_a_worker_that_dies_while_nothing_is_to_do_is_replaced() -> None:
    with crew_of(load_decider, workers=2) as (crew, told):
        (victim, other) = crew.pids
        os.kill(victim, signal.SIGKILL)
        wait_for(lambda: told)
        wait_for(lambda: len(crew.pids) == 2 and victim not in crew.pids)
        assert other in crew.pids
        assert asyncio.run(crew.ask([picture(1)]))[0].status == 200


def test_more_than_may_wait_are_refused_at_once() -> None:
    async def flood(crew: Crew) -> list[object]:
        asking = [crew.ask([picture(n)]) for n in range(12)]
        return await asyncio.gather(*asking, return_exceptions=True)

    with crew_of(slow(0.2), max_waiting=4) as (crew, _):
        outcomes = asyncio.run(flood(crew))
    refused = [outcome for outcome in outcomes if isinstance(outcome, Full)]
    assert 7 <= len(refused) <= 8
    assert all(isinstance(each, Full | list) for each in outcomes)


def test_who_waits_too_long_is_told_and_makes_room() -> None:
    async def ask_twice(crew: Crew) -> int:
        asking = asyncio.ensure_future(crew.ask([picture(1)]))
        await asyncio.sleep(0.1)
        with pytest.raises(TooLate):
            await crew.ask([picture(2), picture(3)])
        n_waiting = crew.n_waiting
        with pytest.raises(TooLate):
            await asking
        return n_waiting

    with crew_of(slow(3.0), deadline_s=0.5) as (crew, _):
        assert asyncio.run(ask_twice(crew)) == 0


def test_what_nobody_waits_for_any_more_is_not_done() -> None:
    async def leave(crew: Crew) -> list[Answer]:
        first = asyncio.ensure_future(crew.ask([picture(1)]))
        await asyncio.sleep(0.1)
        left = asyncio.ensure_future(crew.ask([picture(n, height=DEADLY_PX) for n in range(4)]))
        await asyncio.sleep(0.1)
        left.cancel()
        return await first + await crew.ask([picture(2)])

    with crew_of(slow(0.5)) as (crew, told):
        answers = asyncio.run(leave(crew))
    assert [answer.status for answer in answers] == [200, 200]
    assert told == []  # no worker died, so none of the four was begun


def test_models_take_over_under_load_and_each_answer_is_of_the_model_that_it_names(
    tmp_path: Path,
) -> None:
    path = tmp_path / "version"
    path.write_text("1")

    async def ask_on(crew: Crew) -> list[int]:
        versions: list[int] = []
        is_over = asyncio.Event()

        async def keep_asking() -> None:
            while not is_over.is_set():
                (answer,) = await crew.ask([picture(1)])
                versions.append(int(answer.model["version"]))
                is_mask = labels([answer]) == ["with_mask"]
                assert is_mask == (versions[-1] % 2 == 1)  # of drawn pictures, masks are bright

        asking = asyncio.gather(keep_asking(), keep_asking(), keep_asking())
        for version in range(2, 22):
            if version % 4:
                path.write_text(str(version))
                await asyncio.to_thread(crew.reload)
                assert crew.about["version"] == str(version)
            else:
                path.write_text("bad")
                with pytest.raises(BadBundle, match="The bundle is bad"):
                    await asyncio.to_thread(crew.reload)
        is_over.set()
        await asking
        return versions

    with crew_of(partial(load_from, path), workers=2) as (crew, told):
        versions = asyncio.run(ask_on(crew))
        assert set(versions) >= {version for version in range(1, 21) if version % 4}
        assert told == []


def test_a_worker_never_comes_back_with_another_model(tmp_path: Path) -> None:
    path = tmp_path / "version"
    path.write_text("1")
    with crew_of(partial(load_from, path), workers=2) as (crew, told):
        path.write_text("2")
        os.kill(crew.pids[0], signal.SIGKILL)
        wait_for(lambda: any(event == "worker_refused" for event, _ in told))
        assert asyncio.run(crew.ask([picture(1)]))[0].model["version"] == "1"
        crew.reload()
        assert len(crew.pids) == 2
        assert asyncio.run(crew.ask([picture(1)]))[0].model["version"] == "2"


def test_a_model_that_cannot_be_used_is_told_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "version"
    path.write_text("bad")
    with pytest.raises(BadBundle, match="The bundle is bad"), crew_of(partial(load_from, path)):
        pass


def test_a_worker_that_stands_still_is_replaced() -> None:
    large = Job("detect", bytes(4 * 2**20))  # more than a pipe holds

    async def stop_and_ask(crew: Crew) -> None:
        os.kill(crew.pids[0], signal.SIGSTOP)
        with pytest.raises(TooLate):
            await crew.ask([large])

    with crew_of(load_decider, deadline_s=1.0) as (crew, told):
        asyncio.run(stop_and_ask(crew))
        wait_for(lambda: told)
        wait_for(lambda: crew.pids)
        assert asyncio.run(crew.ask([picture(1)]))[0].status == 200
