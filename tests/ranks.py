"""Ranks of a training, as processes that find each other without Ray.

python ranks.py RUN RANK PORTS [still]    prints a line for each time that the weights were compared

With `still`, no unit is ever dropped, so that it does not matter who works off which picture.
"""

import json
import os
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import keras


def run_ranks(folder: Path, *, of: int = 2, still: bool = False) -> list[list[str]]:
    """Let so many processes train what is left of a run; gives what each has printed."""
    with ExitStack() as stack:
        held = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(of)]
        ports = ",".join(str(each.getsockname()[1]) for each in held)
    options = ["still"] if still else []
    ranks = [
        subprocess.Popen(
            [sys.executable, __file__, str(folder), str(rank), ports, *options],
            stdout=subprocess.PIPE,
            text=True,
        )
        for rank in range(of)
    ]
    said = [rank.communicate()[0].splitlines() for rank in ranks]
    assert [rank.returncode for rank in ranks] == [0] * of
    return said


def drop_nothing(build: Any) -> Any:
    """The same networks, which never drop a unit."""

    def build_still(*args: Any, **options: Any) -> keras.Model:
        model = build(*args, **options)
        for layer in model.layers:
            if isinstance(layer, keras.layers.Dropout):
                layer.rate = 0.0
        return model

    return build_still


def _train(folder: str, rank: int, ports: str, still: bool) -> None:
    cluster = {"worker": [f"127.0.0.1:{port}" for port in ports.split(",")]}
    task = {"type": "worker", "index": rank}
    os.environ["TF_CONFIG"] = json.dumps({"cluster": cluster, "task": task})
    from maskwise.distributed import rank as of_ranks
    from maskwise.distributed.ring import Ring
    from maskwise.model.networks import build_network
    from maskwise.runs.run import Run
    from maskwise.training import start
    from witness import Witness

    compare = of_ranks._require_equal

    def compare_and_tell(ring: Ring, model: keras.Model, epoch: int) -> None:
        sys.stdout.write(f"{epoch} {of_ranks._digest(model).hex()}\n")
        compare(ring, model, epoch)

    of_ranks._require_equal = compare_and_tell
    if still:
        vars(start)["build_network"] = drop_nothing(build_network)
    start.prepare_tensorflow(1)
    of_ranks.train_as_rank(Run.open(folder), None, Ring(), Witness())


if __name__ == "__main__":
    _train(sys.argv[1], int(sys.argv[2]), sys.argv[3], still=sys.argv[4:] == ["still"])
