"""Averager: ends a training part of the way back to the network that it went on from."""

from collections.abc import Mapping
from typing import Any, Final

import keras
from numpy.typing import NDArray

from maskwise.model.variables import network_variables

_WEIGHT: Final = "float32"


class Averager(keras.callbacks.Callback):  # type: ignore[misc]
    """Replaces the weights after the last step by means of what they were and what they became.

    A network that learns from few pictures forgets others. Between it and the one that it went on
    from lie networks that keep most of what both know.

    Source: Wortsman et al. (2022), "Robust fine-tuning of zero-shot models", arXiv:2109.01903.
    """

    def __init__(self, before: Mapping[str, NDArray[Any]], *, share: float, epochs: int) -> None:
        """Begin to wait for the end.

        Args:
            before: The numbers of the network that the training went on from, by name.
            share: What they count for in the mean, from 0 to 1.
            epochs: After how many the training ends.
        """
        super().__init__()
        self._before = before
        self._share = share
        self._epochs = epochs
        self._is_last = False

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Called by Keras; `epoch` counts from 0."""
        self._is_last = epoch + 1 == self._epochs

    def on_test_begin(self, logs: Any = None) -> None:  # noqa: ARG002
        """Called by Keras after the steps of an epoch, before its network is watched."""
        if not self._is_last:
            return
        for name, variable in network_variables(self.model).items():
            if variable.dtype == _WEIGHT:
                mean = self._share * self._before[name] + (1 - self._share) * variable.numpy()
                variable.assign(mean)
