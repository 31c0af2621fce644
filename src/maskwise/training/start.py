"""Start: the network and its optimiser, as they are when a training begins or goes on."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import keras
import tensorflow as tf

from maskwise.allocator import keep_freed_memory
from maskwise.model.layers import keep_normalisations
from maskwise.model.networks import assign_first_weights, build_network
from maskwise.model.variables import (
    assign_arrays,
    network_variables,
    read_arrays,
    training_variables,
)
from maskwise.runs.recipe import Recipe
from maskwise.runs.run import Run
from maskwise.training.adam import FusedAdam
from maskwise.training.averager import Averager
from maskwise.training.parent import Parent

_RISING: Final = 0.03  # share of the steps in which an annealed learning rate rises
_LAST_SHARE: Final = 0.01  # of the highest one, at the end
_STEPS_AT_ONCE: Final = 10  # between two returns to Python, each of which costs time


@dataclass(frozen=True, slots=True)
class Start:
    """From where a training goes on.

    Attributes:
        model: Compiled, with the weights and the optimiser of the last finished epoch.
        callbacks: What is to happen to them beside the steps.
        history: The records of the epochs that are finished.
    """

    model: keras.Model
    callbacks: tuple[keras.callbacks.Callback, ...]
    history: Sequence[Mapping[str, float]]

    @property
    def epoch(self) -> int:
        """How many epochs are finished."""
        return len(self.history)

    @classmethod
    def of(cls, run: Run, parent: Parent | None, n: int) -> "Start":
        """Build the network of a run and give it what it had after its newest checkpoint.

        Args:
            run: Says how.
            parent: The network that it goes on from, if it does.
            n: Pictures on the training side.

        Raises:
            BadRun: The newest checkpoint is damaged, or is of another network.
            MissingExtra: The weights to begin with are not installed.
        """
        recipe = run.recipe
        model = build_network(
            recipe.network, recipe.preprocess.size_hw, n_classes=len(recipe.labels), seed=run.seed
        )
        if parent is not None:
            keep_normalisations(model)
        model.compile(
            optimizer=FusedAdam(
                _learning_rate(recipe, n), weight_decay=recipe.weight_decay or None
            ),
            loss="sparse_categorical_crossentropy",
            metrics=["accuracy"],
            steps_per_execution=_STEPS_AT_ONCE,
        )
        model.optimizer.build(model.trainable_variables)
        checkpoint = run.newest_checkpoint()
        callbacks: tuple[keras.callbacks.Callback, ...] = ()
        if parent is not None:
            parent.assign(model)
            before = read_arrays(network_variables(model))
            callbacks = (Averager(before, share=recipe.parent_share, epochs=recipe.epochs),)
        elif checkpoint is None:
            assign_first_weights(recipe.network, model)
        if checkpoint is None:
            return cls(model, callbacks, ())
        assign_arrays(training_variables(model), checkpoint.arrays)
        return cls(model, callbacks, checkpoint.history)


def prepare_tensorflow(threads: int | None = None) -> None:
    """Make it deterministic, and quick with the networks of `maskwise.model`.

    Args:
        threads: How many may work on one operation; None for as many as there are cores.
    """
    keep_freed_memory()
    # Two operations at a time: the gradients of a layer's weights and of its input need not wait
    # for each other. More would hold more buffers. Too late if the process has used TensorFlow
    # before.
    with suppress(RuntimeError):
        tf.config.threading.set_inter_op_parallelism_threads(2)
        if threads is not None:
            tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.experimental.enable_op_determinism()


def _learning_rate(recipe: Recipe, n: int) -> float | keras.optimizers.schedules.CosineDecay:
    if not recipe.is_annealed:
        return recipe.learning_rate
    steps = recipe.epochs * max(1, n // recipe.batch_size)
    rising = max(1, round(_RISING * steps))
    return keras.optimizers.schedules.CosineDecay(
        0.0,
        max(1, steps - rising),
        alpha=_LAST_SHARE,
        warmup_target=recipe.learning_rate,
        warmup_steps=rising,
    )
