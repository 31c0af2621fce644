"""What a hundred million pictures cost, and ten thousand million: a simulation by what is measured.

    python benchmarks/scale.py FOLDER

Measured here, on this machine: how many pictures a second are listed from a list and from a folder;
how many bytes a picture of FOLDER, its line in a plan and its answers have; how many parts a second
Ray's driver gives away and takes back, with workers that do nothing; how many files of answers a
second are counted in the end. Pictures a second of a core are from the last record of
`collection.py`.

Simulated: workers that take block after block of parts, as `score --ray` cuts a collection, each as
long as its pictures take; a driver that needs its time for each; a store with so much bandwidth for
all (`--gbit`); machines that are lost (`--lost-after`, hours of one machine, on average) with what
they have in hand, and come back after five minutes.

The figures are added to results/scale.jsonl, unless `--dry`.
"""

import argparse
import bisect
import heapq
import json
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maskwise.distributed.answers import Totals, read_totals, write_answers
from maskwise.distributed.cluster import connected
from maskwise.distributed.collection import Collection
from maskwise.distributed.on_ray import MAX_BLOCKS, score_on_ray
from maskwise.distributed.plan import Plan, pictures_of_part
from record import record

SIZES = (10**8, 10**10)
CORES_A_MACHINE = 64
MACHINES = (10, 100, 1000)
BACK_AFTER_S = 300.0
SPREAD = 0.1  # of the time that parts of one size take: one standard deviation
RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True)
class Constants:
    """What was measured.

    Attributes:
        pictures_per_core_s: Pictures a second of a core.
        picture_bytes: Of a picture, encoded.
        listed_per_s: Pictures of a list that are planned in a second.
        walked_per_s: Likewise of a folder on a disk.
        plan_bytes: Of the line of a picture in the plan.
        answer_bytes: Of the answers to a picture.
        blocks_per_s: How many blocks a second the driver gives away and takes back.
        counted_per_s: How many files of answers a second are counted in the end.
    """

    pictures_per_core_s: float
    picture_bytes: float
    listed_per_s: float
    walked_per_s: float
    plan_bytes: float
    answer_bytes: float
    blocks_per_s: float
    counted_per_s: float


class NoPlan:
    """Parts that hold nothing."""

    def read(self, part: int) -> list[Any]:
        """None."""
        del part
        return []


class NoWork:
    """A scorer that has nothing to do."""

    def score(self, part: int, units: Sequence[Any]) -> Totals:
        """Nothing came of it."""
        del part, units
        return Totals()


class Losses:
    """When a machine is lost, again and again."""

    def __init__(self, chance: random.Random, mean_s: float) -> None:
        """At random times, on average after so many seconds."""
        self._chance, self._mean_s = chance, mean_s
        self._times_s = [0.0]

    def first_after(self, time_s: float) -> float:
        """The first time after a time."""
        while self._times_s[-1] <= time_s:
            self._times_s.append(self._times_s[-1] + self._chance.expovariate(1 / self._mean_s))
        return self._times_s[bisect.bisect_right(self._times_s, time_s)]


def clocked(work: Callable[[], Any]) -> float:
    """Seconds by the clock."""
    began_s = time.perf_counter()
    work()
    return time.perf_counter() - began_s


def measure(folder: Path) -> Constants:
    """Find the constants out."""
    names = sorted(path for path in folder.iterdir() if path.is_file())
    last = json.loads((RESULTS / "collection.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    ray = last["ray"][0]
    with tempfile.TemporaryDirectory() as scratch:
        listed = Path(scratch) / "list.txt"
        n = 500_000
        listed.write_text("".join(f"{names[i % len(names)]}.{i}.jpg\n" for i in range(n)))
        plan_folder = Path(scratch) / "plan"
        listing_s = clocked(lambda: Plan.write(str(plan_folder), Collection(str(listed)).units()))
        plan_bytes = sum(path.stat().st_size for path in plan_folder.iterdir())
        empty = Path(scratch) / "empty"
        for number in range(20_000):
            path = empty / f"{number // 1000}" / f"{number}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        walking_s = clocked(lambda: list(Collection(str(empty)).units()))
        answers = str(Path(scratch) / "answers")
        for part in range(500):
            write_answers(answers, part, [{"source": "a", "error": "b"}] * 64)
        counting_s = clocked(lambda: [read_totals(answers, part) for part in range(500)])
    n_parts = 4000
    with connected():
        # Typed as what it stands for: it has the same two methods.
        results = score_on_ray(range(n_parts), NoPlan(), NoWork, 2)  # type: ignore[arg-type]
        next(results)  # the start
        giving_s = clocked(lambda: list(results))
    return Constants(
        pictures_per_core_s=round(ray["pictures_per_s"] / last["workers"], 1),
        picture_bytes=round(statistics.mean(path.stat().st_size for path in names)),
        listed_per_s=round(n / listing_s),
        walked_per_s=round(20_000 / walking_s),
        plan_bytes=round(plan_bytes / n, 1),
        answer_bytes=ray["answer_bytes_a_picture"],
        blocks_per_s=round((n_parts - 1) / giving_s, 1),
        counted_per_s=round(500 / counting_s),
    )


def cut(n_pictures: int) -> list[int]:
    """How many pictures each part holds."""
    parts: list[int] = []
    left = n_pictures
    while left > 0:
        size = min(left, pictures_of_part(len(parts)))
        parts.append(size)
        left -= size
    return parts


def simulate(
    n_pictures: int, machines: int, constants: Constants, *, gbit_s: float, lost_after_h: float
) -> dict[str, float]:
    """What scoring so many pictures takes."""
    chance = random.Random(n_pictures * machines)
    parts = cut(n_pictures)
    n_blocks = min(len(parts), MAX_BLOCKS)
    blocks = [
        sum(parts[len(parts) * i // n_blocks : len(parts) * (i + 1) // n_blocks])
        for i in range(n_blocks)
    ]
    workers = machines * CORES_A_MACHINE
    # Where there are fewer blocks than workers, the others ask the store for nothing.
    asking = min(workers, n_blocks)
    wanted = asking * constants.pictures_per_core_s * constants.picture_bytes * 8 / 1e9
    slower = max(1.0, wanted / gbit_s)
    free = [(0.0, worker) for worker in range(workers)]
    heapq.heapify(free)
    losses = [Losses(chance, lost_after_h * 3600) for _ in range(machines)]
    driver_s = busy_s = redone_s = ended_s = 0.0
    waiting = blocks[::-1]
    while waiting:
        pictures = waiting.pop()
        free_s, worker = heapq.heappop(free)
        driver_s = max(driver_s, free_s) + 1 / constants.blocks_per_s
        took_s = pictures / constants.pictures_per_core_s * slower * chance.gauss(1, SPREAD)
        end_s = driver_s + took_s
        lost_s = losses[worker // CORES_A_MACHINE].first_after(driver_s)
        if lost_s < end_s:
            # What is done of the block stays done, but for the part in hand.
            left = round(pictures * (end_s - lost_s) / took_s)
            redone = min(pictures - left, parts[-2])
            redone_s += redone / constants.pictures_per_core_s
            waiting.append(left + redone)
            heapq.heappush(free, (lost_s + BACK_AFTER_S, worker))
            continue
        busy_s += took_s
        ended_s = max(ended_s, end_s)
        heapq.heappush(free, (end_s, worker))
    return {
        "machines": machines,
        "parts": len(parts),
        "listing_h": n_pictures / constants.listed_per_s / 3600,
        "scoring_h": ended_s / 3600,
        "counting_h": len(parts) / constants.counted_per_s / 3600,
        "core_hours": busy_s / 3600,
        "workers_busy": busy_s / (ended_s * workers),
        "store_gbit_s": min(wanted, gbit_s),
        "store_busy": min(1.0, wanted / gbit_s),
        "driver_busy": n_blocks / constants.blocks_per_s / ended_s,
        "redone_core_hours": redone_s / 3600,
        "plan_gb": n_pictures * constants.plan_bytes / 1e9,
        "answers_gb": n_pictures * constants.answer_bytes / 1e9,
    }


def main() -> None:
    """Measure, simulate, show and keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--gbit", type=float, default=100.0, help="what the store hands out")
    parser.add_argument("--lost-after", type=float, default=1000.0, metavar="HOURS")
    parser.add_argument("--dry", action="store_true", help="keep no figures")
    arguments = parser.parse_args()
    load_before = os.getloadavg()[0]
    constants = measure(arguments.folder)
    simulated = {
        str(n_pictures): [
            {
                name: float(f"{value:.4g}")
                for name, value in simulate(
                    n_pictures,
                    machines,
                    constants,
                    gbit_s=arguments.gbit,
                    lost_after_h=arguments.lost_after,
                ).items()
            }
            for machines in MACHINES
        ]
        for n_pictures in SIZES
    }
    figures = {
        "load_before": round(load_before, 2),
        "constants": {name: getattr(constants, name) for name in Constants.__slots__},
        "cores_a_machine": CORES_A_MACHINE,
        "store_gbit_s": arguments.gbit,
        "lost_after_h": arguments.lost_after,
        "simulated": simulated,
    }
    record("scale", figures, dry=arguments.dry)


if __name__ == "__main__":
    main()
