"""Trains in a process of its own and dies of SIGKILL where the arguments say.

python interrupted.py DATA OUT moment SECONDS      after so many seconds of training
python interrupted.py DATA OUT call NAME NUMBER    in the n-th call of os.fsync or os.replace
"""

import os
import signal
import sys
import threading
from collections.abc import Mapping
from typing import Any

from maskwise.runs.run import Run
from maskwise.training.fit import train


def die(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_in_call(name: str, number: int) -> None:
    original, calls = getattr(os, name), iter(range(1, number + 1))

    def call(*arguments: Any, **options: Any) -> Any:
        if next(calls, number) == number:
            die()
        return original(*arguments, **options)

    setattr(os, name, call)


class Killer:
    """A watcher that starts the clock, or lays the trap, when the training begins."""

    def listing(self, done: int, total: int) -> None: ...

    def grouping(self, done: int, total: int) -> None: ...

    def preparing(self, done: int, total: int) -> None: ...

    def begun(self, run: Run, n_train: int, n_validation: int, n_test: int) -> None:
        if sys.argv[3] == "moment":
            threading.Timer(float(sys.argv[4]), die).start()
        else:
            die_in_call(sys.argv[4], int(sys.argv[5]))

    def batch(self, epoch: int, done: int, total: int, loss: float, accuracy: float) -> None: ...

    def epoch(self, record: Mapping[str, float]) -> None: ...


if __name__ == "__main__":
    train(sys.argv[1], out=sys.argv[2], epochs=3, seed=5, resume=True, watcher=Killer())
