"""Probes: how well the classes are told apart by what has nothing to do with masks.

Where the classes of a set come from different places, file size or background give them away, and
a network scores by these without having looked at a mask. Accuracy well above the majority's is a
warning that figures on pictures of the same making will flatter.

Source: Geirhos et al. (2020), Nature Machine Intelligence 2:665, "Shortcut learning in deep neural
networks".
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from maskwise.dataset.audit.findings import Probe
from maskwise.dataset.audit.folds import predict_out_of_fold
from maskwise.dataset.audit.traits import THUMBNAIL_SIDE
from maskwise.intervals import effective_size

_RING: Final = 2
"""Width of the border in blocks: an eighth of each side, so that of the middle 70 %, which is what
`evaluation.probes` counts as the face, nothing is in sight even after resizing."""

_BLOCK: Final = 2  # pixels of a thumbnail averaged along each side: finer costs time, tells no more
_N_BLOCKS: Final = THUMBNAIL_SIDE // _BLOCK
_N_TREES: Final = 100


def probe_shortcuts(
    traits: NDArray[np.void],
    label: NDArray[np.int64],
    group: NDArray[np.int64],
    *,
    thumbnail_probability: NDArray[np.float64] | None,
    seed: int,
) -> tuple[Probe, ...]:
    """Measure what gives the classes away, by cross-validation that keeps groups together.

    `metadata` sees the file alone. High: the classes' files were made differently, and size, shape
    or compression tell the class with no pixel looked at. `border` sees the outermost eighth on
    each side alone. High: background, framing or photographer tell the class with the face out of
    sight. `thumbnail` sees 32x32 pixels. High: fine detail is not needed; masks can be seen at that
    size, so it is a warning only where one of the others is high, too.

    Args:
        traits: Of the pictures, `(n,)` of type `TRAITS`.
        label: Class numbers `(n,)`.
        group: Pictures with the same number, `(n,)`, belong together: near-duplicates, scenes.
        thumbnail_probability: What `suspects.predict_labels` gave for the same pictures.
        seed: Decides folds and trees; same pictures and seed, same figures.

    Returns:
        Those that could be measured: none if the data has fewer than two classes, or one of fewer
        than five groups.

    Raises:
        InvalidInput: The arrays differ in length.
    """
    trees = ExtraTreesClassifier(_N_TREES, min_samples_leaf=2, random_state=seed)
    linear = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=60, tol=1e-3))
    metadata = predict_out_of_fold(trees, traits["metadata"], label, group, seed=seed)
    border = predict_out_of_fold(linear, _border(traits["thumbnail"]), label, group, seed=seed)
    answered = {"metadata": metadata, "border": border, "thumbnail": thumbnail_probability}
    return tuple(
        _judge(name, probability.argmax(axis=1) == label, label, group)
        for name, probability in answered.items()
        if probability is not None
    )


def _judge(
    name: str, is_right: NDArray[np.bool_], label: NDArray[np.int64], group: NDArray[np.int64]
) -> Probe:
    has_twins = len(np.unique(group)) < len(group)
    return Probe(
        name=name,
        right=int(is_right.sum()),
        n=len(label),
        majority=int(np.bincount(label).max()),
        effective_n=effective_size(is_right, group) if has_twins else None,
    )


def _border(thumbnail: NDArray[np.uint8]) -> NDArray[np.float32]:
    blocks = thumbnail.reshape(len(thumbnail), _N_BLOCKS, _BLOCK, _N_BLOCKS, _BLOCK, 3)
    ring = np.ones((_N_BLOCKS, _N_BLOCKS), dtype=bool)
    ring[_RING:-_RING, _RING:-_RING] = False
    colour: NDArray[np.float32] = blocks.mean(axis=(2, 4), dtype=np.float32)[:, ring]
    return colour.reshape(len(thumbnail), 3 * ring.sum())
