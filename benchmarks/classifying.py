"""How many face crops a second does one core classify, beside what TensorFlow does?

    python benchmarks/classifying.py [--bundle BUNDLE]

Every model of the bundle (by default the one that comes with maskwise) whose runtime is installed
runs on one thread in batches of 32, beside the same network in TensorFlow, limited to one
thread: `model.predict` for one crop after the other, as most scripts do it, and a compiled
`tf.function` in batches of 32. All sit in one process on one core, take crops that are preprocessed
already, and take turns; what counts is the median, over the turns, of the ratio of their rates per
second of processor time. The figures are added to results/classifying.jsonl, unless `--dry`.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from record import record

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from maskwise.errors import MissingExtra
from maskwise.inference.bundle import Bundle, shipped_folder
from maskwise.inference.runtimes import RUNTIMES, open_session
from maskwise.model.networks import build_network

BATCH = 32
TURN_S = 0.5
TARGETS = {"predict": 40.0, "tf.function": 3.0}  # times the rate of each, by int8 in ONNX

Crops = NDArray[np.float32]
Classify = Callable[[Crops], Any]


def one_thread() -> None:
    """Keep this process on one core, and TensorFlow to one thread."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def ours(bundle: Bundle) -> dict[str, Classify]:
    """By name, each model of the bundle that can be run here."""
    sessions: dict[str, Classify] = {}
    for model in bundle.models:
        if model.runtime in RUNTIMES:
            try:
                session = open_session(
                    bundle, runtime=model.runtime, precision=model.precision, n_threads=1
                )
            except MissingExtra:
                continue
            sessions[f"{model.runtime}-{model.precision}"] = session.run
    return sessions


def theirs(bundle: Bundle) -> dict[str, Classify]:
    """The network in TensorFlow; its weights make no difference to a stopwatch."""
    size_hw, network = bundle.preprocess.size_hw, bundle.training["recipe"]["network"]
    model = build_network(network, size_hw, n_classes=len(bundle.labels), seed=0)
    signature = [tf.TensorSpec((None, *size_hw, 3), tf.float32)]
    compiled = tf.function(lambda batch: model(batch, training=False), input_signature=signature)
    return {
        "predict": lambda crops: [model.predict(crop[None], verbose=0) for crop in crops],
        "tf.function": lambda crops: compiled(tf.constant(crops)).numpy(),
    }


def rate(classify: Classify, crops: Crops) -> float:
    """Crops per second of processor time, in one turn of at least `TURN_S`."""
    n, began_s = 0, time.process_time()
    while (took_s := time.process_time() - began_s) < TURN_S:
        classify(crops)
        n += len(crops)
    return n / took_s


def measure(parties: Mapping[str, Classify], crops: Crops, turns: int) -> dict[str, list[float]]:
    """The rates of each, turn by turn."""
    rates: dict[str, list[float]] = {name: [] for name in parties}
    for turn in range(turns + 1):
        for name, classify in parties.items():
            each = rate(classify, crops)
            if turn:  # the first is for warming up
                rates[name].append(each)
    return rates


def ratio(rates: Mapping[str, list[float]], name: str, to: str) -> float:
    """The median, over the turns, of how many times as fast one is."""
    pairs = zip(rates[name], rates[to], strict=True)
    return round(statistics.median(one / other for one, other in pairs), 2)


def main() -> None:
    """Measure, show and keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", type=Path, default=shipped_folder())
    parser.add_argument("--turns", type=int, default=15)
    parser.add_argument("--dry", action="store_true", help="keep no figures")
    arguments = parser.parse_args()
    one_thread()
    bundle = Bundle.open(arguments.bundle)
    own, others = ours(bundle), theirs(bundle)
    shape = (BATCH, *bundle.preprocess.size_hw, 3)
    crops = np.random.default_rng(0).random(shape, dtype=np.float32)
    rates = measure({**own, **others}, crops, arguments.turns)
    figures = {
        "bundle": f"{bundle.name} {bundle.version}",
        "batch": BATCH,
        "crops_per_cpu_s": {name: round(statistics.median(each)) for name, each in rates.items()},
        "ratios": {name: {to: ratio(rates, name, to) for to in others} for name in own},
        "targets_of_onnx_int8": TARGETS,
    }
    record("classifying", figures, dry=arguments.dry)


if __name__ == "__main__":
    main()
