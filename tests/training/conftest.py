"""What is left of a training that was cut off goes with its test."""

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    """Collect iterators of tf.data that Keras has left in cycles of references.

    The thread that tunes one looks up at ever longer intervals, and may miss that it is to end:
    of one that lay for long, whoever collects it later may wait up to a minute.
    """
    yield
    gc.collect()
