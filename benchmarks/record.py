"""Record: how a benchmark shows its figures, and keeps them in results/."""

import datetime
import json
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

_RESULTS: Final = Path(__file__).parent / "results"


def record(benchmark: str, figures: Mapping[str, Any], *, dry: bool = False) -> None:
    """Show figures with the day and the machine; add them to the file of the benchmark.

    Args:
        benchmark: Names the file.
        figures: What was measured.
        dry: Keep nothing.
    """
    result = {
        "date": datetime.date.today().isoformat(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        **figures,
    }
    print(json.dumps(result, indent=2))
    if not dry:
        _RESULTS.mkdir(exist_ok=True)
        with (_RESULTS / f"{benchmark}.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(result) + "\n")
