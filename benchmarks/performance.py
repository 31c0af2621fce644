"""Every benchmark on one page: what it measured last, beside its peer and its floor.

    python benchmarks/performance.py docs/performance.md docs/images/performance.svg

Takes the newest record of each benchmark in results/, rewrites the table of the page, and plots how
far each figure lies from its floor: the ratio of the two, so that 1 is the floor, and more is
better, whether the figure is to be large or small.
"""

import argparse
import contextlib
import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import matplotlib.pyplot as plt

RESULTS: Final = Path(__file__).parent / "results"
BEGIN, END = "<!-- begin: benchmarks/performance.py -->", "<!-- end -->"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """Something that is measured; see figures.toml.

    Attributes:
        benchmark: The script, whose records lie under the same name.
        what: In words.
        path: Where it stands in a record.
        over: Where what it is divided by stands.
        times: What it is multiplied by.
        unit: Behind the value.
        peer: What it is measured beside; empty for a floor alone.
        floor: What we demand of ourselves; None where nothing is demanded.
        is_small_better: Whether the value is to be below the floor.
    """

    benchmark: str
    what: str
    path: Sequence[str]
    over: Sequence[str] = ()
    times: float = 1.0
    unit: str = ""
    peer: str = ""
    floor: float | None = None
    is_small_better: bool = False

    def distance(self, value: float) -> float | None:
        """How many times the floor is reached."""
        if self.floor is None:
            return None
        return self.floor / max(value, 1e-9) if self.is_small_better else value / self.floor

    def newest(self) -> tuple[float, str] | None:
        """What was measured last, and on which day."""
        path = RESULTS / f"{self.benchmark}.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        for line in reversed(lines):
            record = json.loads(line)
            with contextlib.suppress(KeyError):  # of another part of the benchmark
                value = find(record, self.path) * self.times
                return value / (find(record, self.over) if self.over else 1), record["date"]
        return None


def find(record: Any, path: Sequence[str]) -> float:
    """What stands in a record.

    Raises:
        KeyError: Nothing of the kind.
    """
    for name in path:
        record = record[name]
    return float(record)


def to_table(measured: Sequence[tuple[Figure, float, str]]) -> str:
    """Markdown: a row per figure."""
    lines = [
        "| | beside | floor | measured | times the floor | script, day |",
        "|---|---|--:|--:|--:|---|",
    ]
    for figure, value, day in measured:
        sign = "≤ " if figure.is_small_better else "≥ "
        floor = "" if figure.floor is None else f"{sign}{to_words(figure.floor)}{figure.unit}"
        distance = figure.distance(value)
        told = ""
        if distance is not None:
            told = f"**{distance:.2f}**" if distance < 1 else to_words(distance)
        found = f"{to_words(value)}{figure.unit}"
        script = f"`{figure.benchmark}.py`, {day}"
        lines.append(f"| {' | '.join((figure.what, figure.peer, floor, found, told, script))} |")
    return "\n".join(lines)


def to_words(value: float) -> str:
    """A number with three digits that count, and no exponent where people need none."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def plot(measured: Sequence[tuple[Figure, float, str]], path: Path) -> None:
    """How many times each floor is reached."""
    plt.rcParams.update({"svg.hashsalt": "maskwise", "font.size": 8})
    rows = [(f.what, d) for f, value, _ in measured if (d := f.distance(value)) is not None]
    figure, axes = plt.subplots(figsize=(7.5, 0.26 * len(rows) + 0.8))
    places = range(len(rows))
    colours = ["#2a7f62" if distance >= 1 else "#b5462f" for _, distance in rows]
    axes.barh(places, [min(d, 100) - 1 for _, d in rows], left=1, color=colours, height=0.6)
    axes.set_yticks(places, [what.replace("`", "") for what, _ in rows])
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlim(0.5, 100)
    axes.set_xticks([0.5, 1, 2, 5, 10, 100], ["½", "floor", "2", "5", "10", "100 or more times"])
    axes.axvline(1, color="#444444", linewidth=1)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(axis="y", length=0)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """Write both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("page", type=Path)
    parser.add_argument("plot", type=Path)
    arguments = parser.parse_args()
    listed = tomllib.loads((Path(__file__).parent / "figures.toml").read_text(encoding="utf-8"))
    figures = [Figure(**values) for values in listed["figure"]]
    measured = [(one, *found) for one in figures if (found := one.newest()) is not None]
    before, _, rest = arguments.page.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    text = f"{before}{BEGIN}\n{to_table(measured)}\n{END}{after}"
    arguments.page.write_text(text, encoding="utf-8")
    plot(measured, arguments.plot)


if __name__ == "__main__":
    main()
