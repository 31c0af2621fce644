"""Ring: the ranks of a training, summing over all of them what each has."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray


class Ring:
    """The processes that work off a training together, seen from one of them.

    TensorFlow finds the others by `TF_CONFIG` and waits until all are there. Sums are computed by
    `MultiWorkerMirroredStrategy`; each rank keeps variables of its own. To be made before
    TensorFlow does anything else in a process.

    Attributes:
        rank: Which of them this one is, from 0.
        size: How many they are.
    """

    def __init__(self) -> None:
        self._strategy = tf.distribute.MultiWorkerMirroredStrategy()
        self.rank: int = self._strategy.cluster_resolver.task_id or 0
        self.size: int = self._strategy.num_replicas_in_sync

    @property
    def share(self) -> slice:
        """Of anything that all have in one order: what is this rank's."""
        return slice(self.rank, None, self.size)

    def sums(self, tensors: Sequence[Any]) -> Any:
        """Sums over all ranks, from within `run`."""
        context = tf.distribute.get_replica_context()
        # What was handed in lies on no device yet, and cannot be summed there.
        own = [tf.identity(tensor) for tensor in tensors]
        return context.all_reduce(tf.distribute.ReduceOp.SUM, own)

    def run(self, function: Any, *tensors: Any) -> Any:
        """What `function` gives for `tensors`, which differ by rank."""
        return self._strategy.run(function, args=tensors)

    def total(self, values: NDArray[Any]) -> NDArray[Any]:
        """The sum over all ranks of one array each, which all must call for together."""
        (summed,) = self._total(tf.constant(values))
        return np.asarray(summed)

    def wait(self) -> None:
        """Wait until all have come here."""
        self.total(np.zeros(1, np.float32))

    @tf.function  # type: ignore[untyped-decorator]
    def _total(self, values: Any) -> Any:
        return self.run(lambda own: self.sums([own]), values)
