"""Folds: what a model says of each picture when neither it nor its near-duplicates taught it."""

import warnings
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin, clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import StratifiedGroupKFold

from maskwise.errors import InvalidInput

N_FOLDS: Final = 5


def predict_out_of_fold(
    model: ClassifierMixin,
    features: NDArray[np.generic],
    label: NDArray[np.int64],
    group: NDArray[np.int64],
    *,
    seed: int,
) -> NDArray[np.float64] | None:
    """Let a model answer for each fifth of the pictures after learning from the other four.

    Args:
        model: A scikit-learn classifier with `predict_proba`; copies of it are trained.
        features: A row for each picture, `(n, features)`.
        label: Class numbers `(n,)` from 0 on.
        group: Pictures with the same number, `(n,)`, never stand on both sides.
        seed: Decides which group comes into which fold.

    Returns:
        Probabilities `(n, highest label + 1)`. None if there are fewer than two classes or one of
        them has fewer than five groups: no fold could then be answered for fairly.

    Raises:
        InvalidInput: The three differ in length.
    """
    if not len(features) == len(label) == len(group):
        raise InvalidInput(
            f"`features`, `label` and `group` must have one row for each picture. "
            f"Received: {len(features)}, {len(label)} and {len(group)}."
        )
    classes = np.unique(label)
    if len(classes) < 2 or min(len(np.unique(group[label == each])) for each in classes) < N_FOLDS:
        return None
    folds = StratifiedGroupKFold(N_FOLDS, shuffle=True, random_state=seed)
    probability = np.zeros((len(label), int(classes[-1]) + 1))
    for known, asked in folds.split(features, label, group):
        with warnings.catch_warnings():
            # Models here are stopped where more steps no longer change what they answer.
            warnings.simplefilter("ignore", ConvergenceWarning)
            trained = clone(model).fit(features[known], label[known])
        probability[np.ix_(asked, trained.classes_)] = trained.predict_proba(features[asked])
    return probability
