import math
from collections.abc import Mapping
from typing import Any

import pytest

from maskwise.runs.recipe import RECIPES
from maskwise.search.space import space_around, values_of
from maskwise.search.strategy import Strategy

REFERENCE = RECIPES["reference"]
SPACE = space_around(REFERENCE)
FIRST = values_of(REFERENCE, SPACE)
EPOCHS = 6


def strategy(seed: int = 0) -> Strategy:
    return Strategy(SPACE, FIRST, seed=seed, epochs=EPOCHS)


def loss_of(values: Mapping[str, Any], best_rate: float) -> float:
    """How far the learning rate is from one that would be best, in factors of e."""
    return 0.1 + abs(math.log(values["learning_rate"] / best_rate))


def search(n: int, *, seed: int = 0, best_rate: float = 0.005) -> list[Mapping[str, Any]]:
    searching = strategy(seed)
    proposed = []
    for _ in range(n):
        proposed.append(searching.propose())
        searching.learn(loss_of(proposed[-1], best_rate))
    return proposed


def test_the_recipe_as_it_is_comes_first() -> None:
    assert strategy().propose() == FIRST


def test_same_seed_and_same_results_same_proposals() -> None:
    assert search(16) == search(16)
    assert search(16)[:12] == search(12)  # however many there are to be
    assert search(3)[1:] != search(3, seed=1)[1:]


def test_what_came_before_decides_what_comes_next() -> None:
    towards_high, towards_low = search(30), search(30, best_rate=0.0002)
    assert towards_high[:10] == towards_low[:10]
    high, low = (
        sum(values["learning_rate"] > 0.001 for values in proposed[15:])
        for proposed in (towards_high, towards_low)
    )
    assert high > 12
    assert low < 3


def after(n_finished: int) -> Strategy:
    """A strategy that has seen trainings whose loss fell from 1 to 0.5, a tenth an epoch."""
    searching = strategy()
    for _ in range(n_finished):
        searching.propose()
        for epoch in range(1, EPOCHS + 1):
            assert not searching.is_hopeless(epoch, 1.1 - epoch / 10)
        searching.learn(0.5)
    searching.propose()
    return searching


def judged(searching: Strategy, losses: list[float]) -> list[bool]:
    return [searching.is_hopeless(epoch, loss) for epoch, loss in enumerate(losses, start=1)]


def test_worse_than_the_median_is_hopeless_after_a_third_of_the_epochs() -> None:
    assert judged(after(5), [2.0, 2.0, 0.81]) == [False, True, True]
    assert judged(after(5), [2.0, 0.89, 0.79, 0.95]) == [False, False, False, True]


def test_nothing_is_hopeless_while_there_is_little_to_compare_with() -> None:
    assert not any(judged(after(4), [2.0] * EPOCHS))


def test_who_came_to_the_last_epoch_has_finished() -> None:
    assert not after(5).is_hopeless(EPOCHS, 9.0)


@pytest.mark.parametrize("epoch", [1, EPOCHS])
@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_loss_that_is_no_number_is_hopeless_at_any_time(epoch: int, loss: float) -> None:
    searching = after(0)
    assert searching.is_hopeless(epoch, loss)
    searching.learn(None)
    assert searching.propose() != FIRST
