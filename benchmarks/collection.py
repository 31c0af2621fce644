"""A collection of pictures: does Ray cost more than processes of our own, and what grows with it?

    python benchmarks/collection.py FOLDER
    python benchmarks/collection.py FOLDER --pictures 200000 --faces whole --engines ray

FOLDER's pictures are listed again and again until there are so many. `maskwise score` scores the
list with two workers: by processes of this machine, and by Ray on this machine, by turns. From the
first file of answers to the last the clock tells pictures a second; what comes before is the start.
The answers must be the same, byte for byte. All the time the memory of the command and of every
process that it has started is summed up, as the kernel counts what is resident (shared pages are
counted for each that uses them).

The figures are added to results/collection.jsonl, unless `--dry`. They mean something only where
nothing else runs.
"""

import argparse
import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from maskwise.sources.named import find_sources
from record import record

WORKERS = 2
EVERY_S = 1.0
ENGINES = {"processes": (), "ray": ("--ray",)}
TARGETS = {"ray_to_processes": 0.85}


def write_list(folder: Path, path: Path, n_pictures: int) -> None:
    """List the pictures of a folder again and again."""
    names = [source.path.absolute() for source in find_sources(folder) if source.path]
    with path.open("w", encoding="utf-8") as file:
        for name in itertools.islice(itertools.cycle(names), n_pictures):
            file.write(f"{name}\n")


def score(listed: Path, out: Path, options: tuple[str, ...]) -> dict[str, Any]:
    """Score the list; what it took in time and memory."""
    began_s = time.time()
    command = [sys.executable, "-m", "maskwise", "score", str(listed), "--out", str(out)]
    running = subprocess.Popen(
        [*command, "--workers", str(WORKERS), *options], stderr=subprocess.PIPE, text=True
    )
    memory_mb: list[tuple[float, float]] = []
    while True:
        with suppress(subprocess.TimeoutExpired):
            running.wait(EVERY_S)
            break
        memory_mb.append(resident_mb(running.pid))
    _, said = running.communicate()
    if running.returncode != 0:
        raise SystemExit(said)
    ended_s = time.time()
    files = sorted(out.glob("answers/*/*.parquet"), key=lambda path: path.stat().st_mtime_ns)
    first_s, last_s = (path.stat().st_mtime for path in (files[0], files[-1]))
    table = pq.read_table(out / "files.parquet", columns=["file", "pictures"]).to_pydict()
    pictures = dict(zip(table["file"], table["pictures"], strict=True))
    n_first = pictures[str(files[0].relative_to(out))]
    n_all = sum(pictures.values())
    return {
        "pictures_per_s": round((n_all - n_first) / (last_s - first_s), 1),
        "start_s": round(first_s - began_s - n_first * (last_s - first_s) / (n_all - n_first), 1),
        "end_s": round(ended_s - last_s, 1),
        "all_s": round(ended_s - began_s, 1),
        "answer_bytes_a_picture": round(sum(path.stat().st_size for path in files) / n_all, 1),
        "command_mb_by_tenths": by_tenths([one for one, _ in memory_mb]),
        "all_processes_mb_by_tenths": by_tenths([every for _, every in memory_mb]),
    }


def by_tenths(values: list[float]) -> list[float]:
    """The medians of the tenths of a series."""
    n = len(values)
    tenths = [values[n * i // 10 : n * (i + 1) // 10] for i in range(10)]
    return [round(statistics.median(tenth)) for tenth in tenths if tenth]


def resident_mb(pid: int) -> tuple[float, float]:
    """What a process holds, and what it and all that it has started hold."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
    family, grew = {pid}, True
    while grew:
        children = {one for one, parent in parents.items() if parent in family} - family
        family |= children
        grew = bool(children)
    return _resident_mb(pid), sum(map(_resident_mb, family))


def _resident_mb(pid: int) -> float:
    with suppress(OSError):
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    return 0.0


def answers(out: Path) -> dict[str, bytes]:
    """All files of answers."""
    return {path.name: path.read_bytes() for path in out.glob("answers/*/*.parquet")}


def main() -> None:
    """Measure, show and keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pictures", type=int, default=20_000)
    parser.add_argument("--faces", default="yunet")
    parser.add_argument("--engines", default=",".join(ENGINES))
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--dry", action="store_true", help="keep no figures")
    arguments = parser.parse_args()
    engines = arguments.engines.split(",")
    load_before = os.getloadavg()[0]
    results: dict[str, list[dict[str, Any]]] = {name: [] for name in engines}
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / "list.txt"
        write_list(arguments.folder, listed, arguments.pictures)
        for turn in range(arguments.rounds):
            for name in engines:
                out = Path(folder) / f"{name}-{turn}"
                options = ("--faces", arguments.faces, *ENGINES[name])
                results[name].append(score(listed, out, options))
        outs = [answers(Path(folder) / f"{name}-0") for name in engines]
    figures: dict[str, Any] = {
        "load_before": round(load_before, 2),
        "folder": arguments.folder.name,
        "pictures": arguments.pictures,
        "faces": arguments.faces,
        "workers": WORKERS,
        **results,
        "same_answers": all(out == outs[0] for out in outs),
    }
    if len(engines) == len(ENGINES):
        rates = [[one["pictures_per_s"] for one in results[name]] for name in ENGINES]
        figures["ray_to_processes"] = round(
            statistics.median(ray / ours for ours, ray in zip(*rates, strict=True)), 3
        )
        figures["targets"] = TARGETS
    record("collection", figures, dry=arguments.dry)


if __name__ == "__main__":
    main()
