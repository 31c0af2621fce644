"""How many cores and replicas for how many pictures, and what they cost, by what was measured.

    python benchmarks/sizing.py [--rate 200] [--price 0.04]

From the last records of `service.py` and `folder.py` in results/: pictures a second of a core, for
the service and for a collection. The service is counted at 70 % of that, where its latencies were
measured. `--rate` is in pictures a second, `--price` is what a core costs for an hour, in whatever
currency; nothing is measured here.
"""

import argparse
import json
import math
import statistics
from pathlib import Path
from typing import Any, Final

RESULTS: Final = Path(__file__).parent / "results"
USE: Final = 0.7
REPLICA_CORES: Final = 2  # as in deploy/kubernetes/deployment.yaml
FEWEST: Final = 2  # as in deploy/kubernetes/autoscaler.yaml
RATES: Final = (10, 50, 200, 1000)
MILLION: Final = 1_000_000
HOUR_S: Final = 3600


def last_record(benchmark: str) -> dict[str, Any]:
    """The last record of a benchmark."""
    lines = (RESULTS / f"{benchmark}.jsonl").read_text(encoding="utf-8").splitlines()
    found: dict[str, Any] = json.loads(lines[-1])
    return found


def service_per_core_s() -> float:
    """Pictures a second of a core, of the service when it can do no more."""
    found = last_record("service")
    return float(statistics.median(found["service_per_s"]) / found["cores"])


def collection_per_core_s() -> float:
    """Pictures a second of a core, of a folder."""
    rates = last_record("folder")["workers"]["pictures_per_s"]["2 workers"]
    return float(statistics.median(rates) / 2)


def replicas_for(rate_per_s: float) -> int:
    """How many replicas answer so many pictures a second at 70 % of what they can."""
    return max(FEWEST, math.ceil(rate_per_s / (service_per_core_s() * USE * REPLICA_CORES)))


def core_hours(per_core_s: float) -> float:
    """Of a million pictures."""
    return MILLION / per_core_s / HOUR_S


def main() -> None:
    """Show it as tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=float, help="pictures a second")
    parser.add_argument("--price", type=float, help="of a core for an hour")
    arguments = parser.parse_args()
    ways = {
        "the service, as fast as it can": service_per_core_s(),
        f"the service, at {USE:.0%} of that": service_per_core_s() * USE,
        "a collection": collection_per_core_s(),
    }
    price = "" if arguments.price is None else f" at {arguments.price:g} a core-hour |"
    print(f"| | pictures a second of a core | core-hours a million |{price}")
    print("|---|--:|--:|" + ("--:|" if price else ""))
    for way, per_core_s in ways.items():
        hours = core_hours(per_core_s)
        cost = f" {hours * arguments.price:.2f} |" if price else ""
        print(f"| {way} | {per_core_s:.1f} | {hours:.1f} |{cost}")
    print()
    print(f"| pictures a second | replicas of {REPLICA_CORES} cores |")
    print("|--:|--:|")
    for rate in RATES if arguments.rate is None else (arguments.rate,):
        print(f"| {rate:g} | {replicas_for(rate)} |")


if __name__ == "__main__":
    main()
