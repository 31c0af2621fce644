"""Does our training cost more than a plain script's? Speed and memory, side by side in one run.

    python benchmarks/training.py

Speed: both train the same network on the same pictures. They take turns of a second, the other
one stopped meanwhile, so that a machine that changes its pace does so for both. What counts is the
ratio of their images per second from the end of one epoch to the end of the next, as seen from
outside: validation and whatever is written in between count. Memory: the peak of anonymous memory
(what cannot be dropped and read again from a file) beyond that of an idle TensorFlow. The figures
are added to results/training.jsonl.
"""

import argparse
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from record import record

HERE = Path(__file__).parent
ENVIRONMENT = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONUNBUFFERED": "1"}
TURN_S = 1.0
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


def ours(pictures: Path, out: Path, epochs: int) -> list[str]:
    """The command of our training, as users start it."""
    command = [sys.executable, "-m", "maskwise", "train", str(pictures), "--out", str(out)]
    return [*command, "--epochs", str(epochs)]


def plain(pictures: Path, epochs: int) -> list[str]:
    """The command of the plain script."""
    return [sys.executable, str(HERE / "plain_training.py"), str(pictures), str(epochs)]


class Training:
    """A training that runs by turns, with a clock that stands while the training is stopped.

    Attributes:
        epoch_ends_s: What the clock showed whenever the training said that an epoch was done.
    """

    def __init__(self, command: list[str]) -> None:
        """Start `command`, let its first epoch pass, and stop it."""
        self.epoch_ends_s: list[float] = []
        self._command = command
        self._ran_s = 0.0
        self._resumed_s = time.monotonic()
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=ENVIRONMENT
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        while not self.epoch_ends_s:
            self._require_alive()
            time.sleep(0.02)
        self._stop()

    def run(self, seconds: float) -> None:
        """Let it go on for so long."""
        self._require_alive()
        self._resumed_s = time.monotonic()
        self._process.send_signal(signal.SIGCONT)
        time.sleep(seconds)
        self._stop()

    def end(self) -> None:
        """Kill it."""
        self._process.kill()
        self._process.wait()
        self._reader.join()

    def _stop(self) -> None:
        self._process.send_signal(signal.SIGSTOP)
        time.sleep(0.01)  # for the reader to see what was said
        self._ran_s += time.monotonic() - self._resumed_s

    def _read(self) -> None:
        for line in self._process.stdout or ():
            if EPOCH_END.match(line):
                self.epoch_ends_s.append(self._ran_s + time.monotonic() - self._resumed_s)

    def _require_alive(self) -> None:
        if self._process.poll() is not None:
            raise SystemExit(f"{self._command} ended too early, code {self._process.returncode}")


def measure_speed(folder: Path, count: int, epochs: int) -> dict[str, Any]:
    """Images per second of both over `epochs`, and the ratio epoch by epoch."""
    pictures = folder / f"speed-{count}"
    draw_pictures(pictures, count)
    trainings = {
        # Twice as many as are wanted, so that the faster one is not done while the other runs on.
        "ours": Training(ours(pictures, folder / "speed-run", 2 * epochs)),
        "plain": Training(plain(pictures, 2 * epochs)),
    }
    try:
        while any(len(training.epoch_ends_s) <= epochs for training in trainings.values()):
            for training in trainings.values():
                training.run(TURN_S)
    finally:
        for training in trainings.values():
            training.end()
    n_train = int(count * 0.8 * 0.9)
    rates = {
        name: [n_train / (end - begin) for begin, end in pairwise(training.epoch_ends_s)][:epochs]
        for name, training in trainings.items()
    }
    ratios = [a / b for a, b in zip(rates["ours"], rates["plain"], strict=True)]
    return {
        "pictures": count,
        "images_per_s": {name: [round(rate, 1) for rate in each] for name, each in rates.items()},
        "ratio_by_epoch": [round(ratio, 3) for ratio in ratios],
        "ratio_median": round(statistics.median(ratios), 3),
    }


def peak_memory_mb(command: list[str]) -> float:
    """Run `command` to its end; the most anonymous memory that it held."""
    peak_kb = 0
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=ENVIRONMENT
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
        printed, _ = process.communicate()
        done.set()
        poller.join()
    if process.returncode:
        raise SystemExit(f"{command} failed:\n{printed}")
    return peak_kb / 1024


def measure_memory(folder: Path, counts: list[int], compared: int) -> dict[str, Any]:
    """Peaks beyond an idle TensorFlow: ours at each of `counts`, the plain script at `compared`."""
    idle = peak_memory_mb([sys.executable, "-c", IDLE])
    print(f"  idle TensorFlow {idle:.0f} MB", flush=True)
    beyond: dict[str, float] = {}
    for count in counts:
        pictures = folder / f"memory-{count}"
        draw_pictures(pictures, count)
        beyond[f"ours_{count}"] = round(
            peak_memory_mb(ours(pictures, folder / f"run-{count}", 1)) - idle
        )
        print(f"  ours at {count}: {beyond[f'ours_{count}']:.0f} MB more", flush=True)
        if count == compared:
            beyond[f"plain_{count}"] = round(peak_memory_mb(plain(pictures, 1)) - idle)
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
    parser.add_argument("--epochs", type=int, default=12)
    epochs = parser.parse_args().epochs
    with tempfile.TemporaryDirectory() as folder:
        print("Speed", flush=True)
        speed = measure_speed(Path(folder), 3000, epochs)
        print("Memory", flush=True)
        memory = measure_memory(Path(folder), [2000, 4000, 8000], 4000)
    figures = {
        "speed": speed,
        "memory": memory,
    }
    record("training", figures)


if __name__ == "__main__":
    main()
