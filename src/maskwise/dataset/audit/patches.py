"""Patches: a thumbnail in numbers by which a linear model tells what is worn on a face.

A filter for each of many small patches that occur in the pictures, and where in the picture each
responds how strongly: close to a small convolutional network in what it can tell apart, but
nothing is trained, so that it takes seconds and knows no labels.

Source: Coates, Lee and Ng (2011), AISTATS, "An analysis of single-layer networks in unsupervised
feature learning"; filters drawn from the patches and the two-sided threshold as in Coates and Ng
(2011), ICML, "The importance of encoding versus training with sparse coding and vector
quantization".
"""

from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

_SIDE: Final = 6
_N_FILTERS: Final = 128
_THRESHOLD: Final = 0.25
_REGIONS: Final = 3
"""Along each side: within a region it does not matter where a filter responds."""

N_FEATURES: Final = 2 * _N_FILTERS * _REGIONS**2

_CONTRAST_FLOOR: Final = 100.0  # in squared grey values: flat patches must not become loud noise
_WHITENING_FLOOR: Final = 0.1
_N_SAMPLED_PICTURES: Final = 1000
_N_SAMPLED_PATCHES: Final = 100_000
_AT_ONCE: Final = 32

_Filters = tuple[NDArray[np.float32], NDArray[np.float32]]


def describe_patches(thumbnail: NDArray[np.uint8], *, seed: int) -> NDArray[np.float32]:
    """Describe what the pictures show; a picture and its mirror image get the same numbers.

    Args:
        thumbnail: RGB `(n, 32, 32, 3)` uint8.
        seed: Decides which patches become filters.

    Returns:
        Features `(n, N_FEATURES)`, each of mean 0 and variance 1, or constant 0.
    """
    features = np.zeros((len(thumbnail), N_FEATURES), dtype=np.float32)
    if not len(thumbnail):
        return features
    filters = _draw_filters(thumbnail, np.random.default_rng(seed))
    for start in range(0, len(thumbnail), _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        features[some] = _pooled(thumbnail[some], filters)
        features[some] += _pooled(thumbnail[some, :, ::-1], filters)
    features -= features.mean(axis=0)
    variance = np.einsum("nf,nf->f", features, features) / len(features)  # without a second copy
    features /= np.sqrt(variance).clip(1e-3)
    return features


def _draw_filters(thumbnail: NDArray[np.uint8], random: np.random.Generator) -> _Filters:
    """Weights `(pixels, filters)` and bias that whiten a patch and compare it with each filter."""
    drawn = random.permutation(len(thumbnail))[:_N_SAMPLED_PICTURES]
    patches = np.concatenate([_patches(thumbnail[[index]])[0] for index in drawn])
    patches = patches[random.permutation(len(patches))[:_N_SAMPLED_PATCHES]]
    mean = patches.mean(axis=0)
    variance, axes = np.linalg.eigh(np.cov(patches - mean, rowvar=False))
    whiten = axes / np.sqrt(variance.clip(0) + _WHITENING_FLOOR) @ axes.T
    filters = (patches[:_N_FILTERS] - mean) @ whiten
    filters /= np.maximum(np.linalg.norm(filters, axis=1, keepdims=True), 1e-6)
    weights = (whiten @ filters.T).astype(np.float32)
    bias: NDArray[np.float32] = mean @ weights
    return weights, bias


def _pooled(thumbnail: NDArray[np.uint8], filters: _Filters) -> NDArray[np.float32]:
    weights, bias = filters
    response = _patches(thumbnail) @ weights - bias
    edge = round(response.shape[1] ** 0.5)
    response = response.reshape(-1, edge, edge, response.shape[2])
    first = np.arange(_REGIONS) * edge // _REGIONS
    halves = []
    for signed in (response, -response):
        strength = np.maximum(signed - np.float32(_THRESHOLD), 0)
        total = np.add.reduceat(np.add.reduceat(strength, first, axis=1), first, axis=2)
        halves.append(total.reshape(len(thumbnail), -1))
    # The root evens out what a few strong responses would otherwise outweigh.
    features: NDArray[np.float32] = np.sqrt(np.concatenate(halves, axis=1))
    return features


def _patches(thumbnail: NDArray[np.uint8]) -> NDArray[np.float32]:
    """All patches `(n, patches, pixels)` of pictures, each of mean 0 and about equal contrast."""
    windows = sliding_window_view(thumbnail.astype(np.float32), (_SIDE, _SIDE), axis=(1, 2))
    patches: NDArray[np.float32] = windows.reshape(len(thumbnail), -1, 3 * _SIDE**2)
    patches = patches - patches.mean(axis=-1, keepdims=True)
    contrast = np.square(patches).mean(axis=-1, keepdims=True)
    patches /= np.sqrt(contrast + np.float32(_CONTRAST_FLOOR))
    return patches
