"""Split: which samples are trained on, watched during training, and judged at the end."""

import math
from collections.abc import Sequence

from sklearn.model_selection import train_test_split

from maskwise.dataset.samples import Sample, Split


def split_randomly(
    samples: Sequence[Sample], *, test_share: float, validation_share: float, seed: int
) -> Split:
    """Split as the reference system does: stratified at random, then the tail for validation.

    The validation side is the last share of the shuffled rest, just as Keras takes it with
    `validation_split`. Near-duplicates may fall on two sides: figures from such a split flatter.

    Args:
        samples: At least a handful of each class.
        test_share: Share of all samples to judge on, in (0, 1).
        validation_share: Share of the remaining samples, in (0, 1).
        seed: Same samples and seed, same split.
    """
    rest, test = train_test_split(
        list(samples),
        test_size=test_share,
        stratify=[sample.label for sample in samples],
        random_state=seed,
    )
    n_train = math.floor(len(rest) * (1 - validation_share))
    return Split(tuple(rest[:n_train]), tuple(rest[n_train:]), tuple(test))
