"""Suspects: pictures whose label may be wrong. Hints for somebody who looks, no verdicts.

Ranked by the out-of-fold probability of the label ("self-confidence" in confident learning:
Northcutt, Jiang and Chuang (2021), JAIR 70:1373, arXiv:1911.00068). As there, it is held against
the mean of its class, since of a rare class a model is never sure.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from maskwise.dataset.audit.folds import predict_out_of_fold
from maskwise.dataset.audit.patches import describe_patches
from maskwise.errors import InvalidInput

_PENALTY: Final = 1e-3  # inverse, as scikit-learn counts it
# About a tenth for common classes. More would find more mislabels among ever more right labels.
_DOUBTED_BELOW: Final = 1 / 8  # of the mean of the class


@dataclass(frozen=True, slots=True)
class Mislabel:
    """A picture that a model, which never saw it or its near-duplicates, calls something else.

    Attributes:
        index: Which picture.
        probability: Given to the label that it has.
        likelier_label: The class that it looks like.
    """

    index: int
    probability: float
    likelier_label: int


def predict_labels(
    thumbnail: NDArray[np.uint8], label: NDArray[np.int64], group: NDArray[np.int64], *, seed: int
) -> NDArray[np.float64] | None:
    """Guess what each picture shows from all that are no near-duplicates of it.

    Args:
        thumbnail: RGB `(n, 32, 32, 3)` uint8; see `traits`.
        label: Class numbers `(n,)`.
        group: Pictures with the same number, `(n,)`, are never learnt from for each other.
        seed: Decides folds and features; same pictures and seed, same answers.

    Returns:
        Probabilities `(n, highest label + 1)`, or None if there is too little to learn from: fewer
        than two classes, or a class of fewer than five groups.

    Raises:
        InvalidInput: The three differ in length.
    """
    model = LogisticRegression(C=_PENALTY, max_iter=60, tol=1e-3)
    features = describe_patches(thumbnail, seed=seed)
    return predict_out_of_fold(model, features, label, group, seed=seed)


def find_mislabels(
    probability: NDArray[np.float64], label: NDArray[np.int64]
) -> tuple[Mislabel, ...]:
    """List the pictures whose label gets next to no probability, for its class.

    Args:
        probability: Out-of-fold answers `(n, classes)` of `predict_labels`.
        label: Class numbers `(n,)`.

    Returns:
        All whose label got less than an eighth of what labels of its class get on average,
        the least probable first.

    Raises:
        InvalidInput: The two do not fit together.
    """
    if probability.ndim != 2 or label.shape != probability.shape[:1]:
        raise InvalidInput(
            "`label` must have one entry for each row of `probability`. "
            f"Received shapes: {label.shape} and {probability.shape}."
        )
    if not ((label >= 0) & (label < probability.shape[1])).all():
        raise InvalidInput(
            f"`label` must be 0 to {probability.shape[1] - 1}. "
            f"Received: {int(label.min())} to {int(label.max())}."
        )
    given = probability[np.arange(len(label)), label]
    likelier = probability.argmax(axis=1)
    counts = np.bincount(label, minlength=probability.shape[1])
    mean = np.bincount(label, given, minlength=probability.shape[1]) / np.maximum(counts, 1)
    is_doubted = given < _DOUBTED_BELOW * mean[label]
    return tuple(
        Mislabel(
            index=int(index),
            probability=float(given[index]),
            likelier_label=int(likelier[index]),
        )
        for index in np.argsort(given, kind="stable")
        if is_doubted[index]
    )
