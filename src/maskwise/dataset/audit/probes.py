"""Probes: how well the classes are told apart by what has nothing to do with masks.

Where the classes of a set come from different places, file size or background give them away, and
a network scores by these without having looked at a mask. Accuracy well above the majority's is a
warning that figures on pictures of the same making will flatter.

Source: Geirhos et al. (2020), Nature Machine Intelligence 2:665, "Shortcut learning in deep neural
networks".
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from maskwise.dataset.audit.folds import predict_out_of_fold
from maskwise.dataset.audit.traits import THUMBNAIL_SIDE

_RING: Final = 2
"""Width of the border in blocks: an eighth of each side, so that of the middle 70 %, which is what
`evaluation.probes` counts as the face, nothing is in sight even after resizing."""

_BLOCK: Final = 2  # pixels of a thumbnail averaged along each side: finer costs time, tells no more
_N_BLOCKS: Final = THUMBNAIL_SIDE // _BLOCK
_N_TREES: Final = 100


@dataclass(frozen=True, slots=True)
class Probe:
    """How well a model tells the classes apart that sees one aspect of the pictures alone.

    Attributes:
        right: How many pictures it called what they are labelled, each without having learnt from
            it or its near-duplicates.
        n: How many there are.
        balanced_accuracy: Mean of the classes' recalls.
    """

    right: int
    n: int
    balanced_accuracy: float

    @property
    def accuracy(self) -> float:
        """Share of right answers."""
        return self.right / self.n

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the accuracy, as if no two pictures belonged together."""
        ends = binomtest(self.right, self.n).proportion_ci(method="wilson")
        return float(ends.low), float(ends.high)


@dataclass(frozen=True, slots=True)
class Probes:
    """What gives the classes away, beside what calling everything the most common class gives.

    A probe is None if the data has fewer than two classes or one of fewer than five groups.

    Attributes:
        majority: Share of the most common class; None without pictures.
        metadata: From the file alone. High: the classes' files were made differently, and size,
            shape or compression tell the class with no pixel looked at.
        border: From the outermost eighth on each side alone. High: background, framing or
            photographer tell the class with the face out of sight.
        thumbnail: From 32x32 pixels alone. High: fine detail is not needed; masks can be seen at
            that size, so it is a warning only where `metadata` or `border` are high, too.
    """

    majority: float | None
    metadata: Probe | None
    border: Probe | None
    thumbnail: Probe | None


def probe_shortcuts(
    traits: NDArray[np.void],
    label: NDArray[np.int64],
    group: NDArray[np.int64],
    *,
    thumbnail_probability: NDArray[np.float64] | None,
    seed: int,
) -> Probes:
    """Measure what gives the classes away, by cross-validation that keeps groups together.

    Args:
        traits: Of the pictures, `(n,)` of type `TRAITS`.
        label: Class numbers `(n,)`.
        group: Pictures with the same number, `(n,)`, belong together: near-duplicates, scenes.
        thumbnail_probability: What `suspects.predict_labels` gave for the same pictures.
        seed: Decides folds and trees; same pictures and seed, same figures.

    Raises:
        InvalidInput: The arrays differ in length.
    """
    trees = ExtraTreesClassifier(_N_TREES, min_samples_leaf=2, random_state=seed)
    linear = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=60, tol=1e-3))
    metadata = predict_out_of_fold(trees, traits["metadata"], label, group, seed=seed)
    border = predict_out_of_fold(linear, _border(traits["thumbnail"]), label, group, seed=seed)
    return Probes(
        majority=float(np.bincount(label).max() / len(label)) if len(label) else None,
        metadata=_judge(metadata, label),
        border=_judge(border, label),
        thumbnail=_judge(thumbnail_probability, label),
    )


def _border(thumbnail: NDArray[np.uint8]) -> NDArray[np.float32]:
    blocks = thumbnail.reshape(len(thumbnail), _N_BLOCKS, _BLOCK, _N_BLOCKS, _BLOCK, 3)
    ring = np.ones((_N_BLOCKS, _N_BLOCKS), dtype=bool)
    ring[_RING:-_RING, _RING:-_RING] = False
    colour: NDArray[np.float32] = blocks.mean(axis=(2, 4), dtype=np.float32)[:, ring]
    return colour.reshape(len(thumbnail), 3 * ring.sum())


def _judge(probability: NDArray[np.float64] | None, label: NDArray[np.int64]) -> Probe | None:
    if probability is None:
        return None
    answer = probability.argmax(axis=1)
    return Probe(
        right=int((answer == label).sum()),
        n=len(label),
        balanced_accuracy=float(balanced_accuracy_score(label, answer)),
    )
