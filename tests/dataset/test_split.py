import numpy as np
import pytest

from maskwise.dataset.samples import Sample
from maskwise.dataset.split import split_randomly


def samples(n: int, share_masked: float = 0.5) -> list[Sample]:
    return [
        Sample(f"{index}.jpg", int(index < n * share_masked), 1, f"{index:064x}", (1, 1))
        for index in range(n)
    ]


def split(n: int, seed: int = 0):  # type: ignore[no-untyped-def]
    return split_randomly(samples(n, 0.3), test_share=0.2, validation_share=0.1, seed=seed)


def test_the_shares_are_those_of_the_reference_system() -> None:
    made = split(1000)
    assert (len(made.train), len(made.validation), len(made.test)) == (720, 80, 200)


def test_every_sample_is_on_exactly_one_side() -> None:
    assert sorted(sample.path for _, sample in split(100)) == sorted(
        sample.path for sample in samples(100)
    )


def test_the_test_side_is_stratified() -> None:
    assert sum(sample.label for sample in split(1000).test) == 60


def test_the_seed_decides() -> None:
    assert split(100) == split(100)
    assert split(100) != split(100, seed=1)


@pytest.mark.train
@pytest.mark.parametrize("n", [40, 97, 1402])
def test_validation_is_what_keras_would_take(n: int) -> None:
    import keras

    made = split(n)
    rest = np.arange(len(made.train) + len(made.validation), dtype=np.float32)[:, None]
    keras.utils.set_random_seed(0)  # other tests may have asked TensorFlow for determinism
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(loss=lambda true, answer: true + 0 * answer, optimizer="sgd")
    # The mean of targets that number the rows tells which rows Keras validates on.
    history = model.fit(rest, rest, validation_split=0.1, shuffle=True, verbose=0)
    assert history.history["val_loss"][0] == pytest.approx(rest[len(made.train) :].mean())
