"""Does our training cost more than a plain script's? Speed and memory, side by side in one run.

    python benchmarks/training.py

Speed: both train the same network on the same pictures, in turn, several times over; what counts
is the ratio of their images per second from the end of one epoch to the end of the next, as seen
from outside: validation and whatever is written in between count. Memory: the peak of anonymous
memory (what cannot be dropped and read again from a file) beyond that of an idle TensorFlow.
The figures are added to results/training.jsonl.
"""

import argparse
import datetime
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

HERE = Path(__file__).parent
EPOCHS = 4
EPOCH_END = re.compile(r"(epoch +|)\d+/\d+ .* val_loss")  # in our words, and in those of Keras
IDLE = "import keras, time; keras.ops.ones((2, 2)) @ keras.ops.ones((2, 2)); time.sleep(2)"


def draw_pictures(folder: Path, count: int) -> None:
    """Make `count` JPEGs of coloured clouds, mostly brighter below where there is a mask.

    To a stopwatch they are as good as faces: a network learns from them, but not all.
    """
    random = np.random.default_rng(0)
    for index in range(count):
        path = folder / ("with_mask" if index % 2 else "without_mask") / f"{index:05d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        clouds = random.integers(0, 200, (10, 10, 3), dtype=np.uint8)
        clouds[5:] += np.uint8(random.integers(0, 30) + 25 * (index % 2))
        Image.fromarray(clouds).resize((200, 200)).save(path, quality=90)


@dataclass(frozen=True, slots=True)
class Watched:
    """What was seen of a process from outside.

    Attributes:
        epoch_ends_s: When it said that an epoch was done.
        peak_mb: The most anonymous memory that it held.
    """

    epoch_ends_s: list[float]
    peak_mb: float


def watch(command: list[str]) -> Watched:
    """Run `command` to its end."""
    peak_kb = 0
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONUNBUFFERED": "1"},
    ) as process:
        done = threading.Event()

        def poll() -> None:
            nonlocal peak_kb
            while not done.wait(0.02):
                try:
                    status = Path(f"/proc/{process.pid}/status").read_text()
                except OSError:
                    return
                if found := re.search(r"RssAnon:\s+(\d+) kB", status):
                    peak_kb = max(peak_kb, int(found[1]))

        poller = threading.Thread(target=poll)
        poller.start()
        printed, ends_s = [], []
        for line in process.stdout or ():
            printed.append(line)
            if EPOCH_END.match(line):
                ends_s.append(time.monotonic())
        process.wait()
        done.set()
        poller.join()
    if process.returncode:
        raise SystemExit(f"{command} failed:\n{''.join(printed)}")
    return Watched(ends_s, peak_kb / 1024)


def ours(pictures: Path, epochs: int) -> Watched:
    """Our training of `pictures`, as users start it."""
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "run")
        command = [sys.executable, "-m", "maskwise", "train", str(pictures), "--out", out]
        return watch([*command, "--epochs", str(epochs)])


def plain(pictures: Path, epochs: int) -> Watched:
    """The plain script on `pictures`."""
    return watch([sys.executable, str(HERE / "plain_training.py"), str(pictures), str(epochs)])


def measure_speed(folder: Path, count: int, rounds: int) -> dict[str, Any]:
    """Images per second of both, and their ratio round by round."""
    pictures = folder / f"speed-{count}"
    draw_pictures(pictures, count)
    n_train = int(count * 0.8 * 0.9)
    rates: dict[str, list[float]] = {"ours": [], "plain": []}
    for number in range(rounds):
        turns = (("ours", ours), ("plain", plain))
        for name, train in turns if number % 2 == 0 else turns[::-1]:
            ends_s = train(pictures, EPOCHS).epoch_ends_s
            # The fastest epoch: what else the machine does can only slow one down.
            rates[name].append(n_train / min(end - begin for begin, end in pairwise(ends_s)))
            print(f"  round {number + 1}: {name} {rates[name][-1]:.1f} images/s", flush=True)
    ratios = [a / b for a, b in zip(rates["ours"], rates["plain"], strict=True)]
    return {
        "pictures": count,
        "images_per_s": {name: round(statistics.median(r), 1) for name, r in rates.items()},
        "ratio_by_round": [round(ratio, 3) for ratio in ratios],
        "ratio_median": round(statistics.median(ratios), 3),
    }


def measure_memory(folder: Path, counts: list[int], compared: int) -> dict[str, Any]:
    """Peaks beyond an idle TensorFlow: ours at each of `counts`, the plain script at `compared`."""
    idle = watch([sys.executable, "-c", IDLE]).peak_mb
    print(f"  idle TensorFlow {idle:.0f} MB", flush=True)
    beyond: dict[str, float] = {}
    for count in counts:
        pictures = folder / f"memory-{count}"
        draw_pictures(pictures, count)
        beyond[f"ours_{count}"] = round(ours(pictures, 1).peak_mb - idle)
        print(f"  ours at {count}: {beyond[f'ours_{count}']:.0f} MB more", flush=True)
        if count == compared:
            beyond[f"plain_{count}"] = round(plain(pictures, 1).peak_mb - idle)
            print(f"  plain at {count}: {beyond[f'plain_{count}']:.0f} MB more", flush=True)
    return {
        "idle_mb": round(idle),
        "beyond_idle_mb": beyond,
        "ours_to_plain": round(beyond[f"ours_{compared}"] / beyond[f"plain_{compared}"], 3),
        "growth": round(beyond[f"ours_{counts[-1]}"] / beyond[f"ours_{counts[0]}"] - 1, 3),
    }


def main() -> None:
    """Measure, show and keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=4)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        print("Speed", flush=True)
        speed = measure_speed(Path(folder), 3000, rounds)
        print("Memory", flush=True)
        memory = measure_memory(Path(folder), [2000, 4000, 8000], 4000)
    result = {
        "date": datetime.date.today().isoformat(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "speed": speed,
        "memory": memory,
    }
    results = HERE / "results" / "training.jsonl"
    results.parent.mkdir(exist_ok=True)
    with results.open("a", encoding="utf-8") as file:
        file.write(json.dumps(result) + "\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
