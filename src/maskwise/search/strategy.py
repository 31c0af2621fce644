"""Strategy: which values are tried next, and which training is not worth its time.

Both follow from seed and the trainings before alone: who tells a strategy the same again is told
the same again. So nothing of it needs to be kept, and a search that was cut off goes on as if it
had not been.
"""

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.trial import TrialState

from maskwise.search.space import Choice, Range, Space

_UNJUDGED_SHARE: Final = 1 / 3  # of the epochs, in which no training is stopped
_UNJUDGED_TRIALS: Final = 5  # finished ones, without which none is stopped


class Strategy:
    """Tree-structured Parzen estimator and median stopping, as Optuna has them.

    The first training has the values of the recipe as it is, the nine after it are drawn at
    random; from then on, values are drawn where the better ones were dense and the others were not.

    Sources: Bergstra et al. (2011), NeurIPS 24; Watanabe (2023), arXiv:2304.11127. The median rule
    is that of Golovin et al. (2017), KDD, without the mean over epochs.
    """

    def __init__(self, space: Space, first: Mapping[str, Any], *, seed: int, epochs: int) -> None:
        """Begin a search.

        Args:
            space: What may be tried.
            first: What is tried first; within the space.
            seed: Decides what is drawn.
            epochs: Of each training.
        """
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._distributions = {name: _distribution(field) for name, field in space.items()}
        self._seed = seed
        self._epochs = epochs
        self._study = optuna.create_study(
            pruner=optuna.pruners.MedianPruner(
                n_startup_trials=_UNJUDGED_TRIALS,
                n_warmup_steps=math.ceil(_UNJUDGED_SHARE * epochs),
            )
        )
        self._study.enqueue_trial(dict(first))

    def propose(self) -> Mapping[str, Any]:
        """The values of the next training."""
        number = len(self._study.trials)
        # A sampler does not keep where it stands: a new one for each training, with its own seed.
        seed = np.random.SeedSequence([self._seed, number]).generate_state(1)
        self._study.sampler = optuna.samplers.TPESampler(seed=int(seed[0]))
        self._trial = self._study.ask(self._distributions)
        return dict(self._trial.params)

    def is_hopeless(self, epoch: int, loss: float) -> bool:
        """Whether the training in hand, told of each epoch in turn, should be stopped after it.

        So it is when its loss is no number any more, or when even the least so far is greater than
        the median, at this epoch, of the trainings that were finished before.

        Args:
            epoch: From 1.
            loss: On the validation side.
        """
        if not math.isfinite(loss):
            return True
        self._trial.report(loss, epoch)
        return epoch < self._epochs and bool(self._trial.should_prune())

    def learn(self, loss: float | None) -> None:
        """End the training in hand, with its last loss, or None if it was stopped."""
        if loss is None:
            self._study.tell(self._trial, state=TrialState.PRUNED)
        else:
            self._study.tell(self._trial, loss)


def _distribution(field: Range | Choice) -> BaseDistribution:
    if isinstance(field, Choice):
        return CategoricalDistribution(field.values)
    return FloatDistribution(field.low, field.high, log=field.is_logarithmic)
