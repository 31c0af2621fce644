"""Alignment: lay one picture over another, and say how far they then agree.

Pictures are grey squares `(n, side, side)` float32, as in fingerprints. A window says which part of
the first picture the whole second one shows: `(n, 4)` float64, top, bottom, left and right as
shares of the first's height and width, `(0, 1, 0, 1)` being all of it.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Greys = NDArray[np.float32]
Windows = NDArray[np.float64]

WHOLE: Final = (0.0, 1.0, 0.0, 1.0)

_LONGEST_STEP: Final = 0.05
_LEAST: Final = np.array([-0.03, 0.75, -0.03, 0.75])
_MOST: Final = np.array([0.25, 1.03, 0.25, 1.03])
_BLOCKS: Final = 4
_BLUR_SHARE: Final = 3 / 64
_NOISE: Final = np.float32(4)  # grey levels
_QUANTILE: Final = 0.35
_TINY: Final = 1e-6
_PICTURES_AT_ONCE: Final = 1024


def align(first: Greys, second: Greys, windows: Windows, *, side: int, steps: int) -> Windows:
    """Improve windows that are a few hundredths off, whatever brightness and contrast are.

    Source: the method of Lucas and Kanade (1981), IJCAI 81:674, here over the four edges of the
    window, on pictures brought to mean 0 and norm 1.

    Args:
        first: The pictures that are shown in part.
        second: The pictures that show a part.
        windows: Where to begin.
        side: The pictures are compared at this many pixels a side.
        steps: How often each window is improved.
    """
    target = _unit(resample(second, np.broadcast_to(WHOLE, windows.shape), side))
    share = ((np.arange(side) + 0.5) / side).astype(np.float32)
    for _ in range(steps):
        seen = _unit(resample(first, windows, side))
        down, right = np.gradient(seen, 1 / side, axis=(1, 2))
        down = down / (windows[:, 1] - windows[:, 0])[:, None, None]
        right = right / (windows[:, 3] - windows[:, 2])[:, None, None]
        slopes = np.stack(
            [
                *(down * (1 - share)[:, None], down * share[:, None]),
                *(right * (1 - share), right * share),
            ],
            axis=1,
        ).reshape(-1, 4, side * side)
        flat_seen = seen.reshape(-1, 1, side * side)
        # What a change of brightness or contrast explains is no reason to move.
        slopes -= slopes.mean(axis=2, keepdims=True)
        slopes -= (slopes * flat_seen).sum(axis=2, keepdims=True) * flat_seen
        correlation = (seen * target).sum(axis=(1, 2), keepdims=True)
        missing = (target / np.maximum(correlation, 0.3) - seen).reshape(-1, side * side, 1)
        normal = (slopes @ slopes.transpose(0, 2, 1)).astype(np.float64)
        damping = 1e-3 * np.trace(normal, axis1=1, axis2=2) / 4 + _TINY
        normal += damping[:, None, None] * np.eye(4)
        step = np.linalg.solve(normal, (slopes @ missing).astype(np.float64))[:, :, 0]
        windows = np.clip(windows + np.clip(step, -_LONGEST_STEP, _LONGEST_STEP), _LEAST, _MOST)
    return windows


def compare(
    first: Greys, second: Greys, windows: Windows, *, side: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """How far the details agree, once the first pictures are cut to their windows.

    Details are what remains when the coarse shape is taken away, divided by their local contrast:
    two portraits on white share shape and outline, two copies of one shot share the details. They
    are compared in 16 blocks by normalised cross-correlation.

    Returns:
        Correlation of all details, `(n,)`, and the correlation that those blocks reach which
        hold 65 % of the texture, `(n,)`: high even where a part was painted over. At most 1.
    """
    details = [
        _in_blocks(_even_detail(resample(greys, where, side)))
        for greys, where in ((first, windows), (second, np.broadcast_to(WHOLE, windows.shape)))
    ]
    shared = (details[0] * details[1]).sum(axis=2)
    energies = [(each * each).sum(axis=2) for each in details]
    totals = [energy.sum(axis=1, keepdims=True) + np.float32(_TINY) for energy in energies]
    overall = shared.sum(axis=1) / np.sqrt(totals[0] * totals[1])[:, 0]
    blockwise = shared / np.sqrt(energies[0] * energies[1] + np.float32(_TINY))
    texture = np.sqrt(energies[0] / totals[0] + energies[1] / totals[1])
    order = np.argsort(blockwise, axis=1, kind="stable")
    below = np.cumsum(np.take_along_axis(texture, order, axis=1), axis=1)
    at = np.argmax(below >= _QUANTILE * below[:, -1:], axis=1)
    agreed = np.take_along_axis(blockwise, order, axis=1)[np.arange(len(at)), at]
    return overall, agreed


def texture(greys: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How much detail pictures `(n, side, side)` hold: its standard deviation, in grey levels."""
    parts = [np.zeros(0, dtype=np.float32)]
    for start in range(0, len(greys), _PICTURES_AT_ONCE):
        part = greys[start : start + _PICTURES_AT_ONCE].astype(np.float32)
        parts.append(_detail(part).std(axis=(1, 2)))
    return np.concatenate(parts)


def _detail(greys: Greys) -> Greys:
    """What a picture holds beside its coarse shape."""
    return greys - _blur(greys)


def _blur(greys: Greys) -> Greys:
    side = greys.shape[1]
    apart = np.arange(side)[:, None] - np.arange(side)
    weights = np.exp(-0.5 * (apart / (_BLUR_SHARE * side)) ** 2)
    weights = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    blurred: Greys = weights @ greys @ weights.T
    return blurred


def _even_detail(greys: Greys) -> Greys:
    """Detail by its local contrast: so a face counts as much as its outline on a white wall."""
    details = _detail(greys)
    contrast = np.sqrt(_blur(details * details))
    return np.asarray(details / (contrast + _NOISE), dtype=np.float32)


def resample(greys: Greys, windows: Windows, side: int) -> Greys:
    """Cut pictures to their windows and bring these to `(n, side, side)`, antialiased.

    Beyond its border a picture goes on as it ends.
    """
    rows = _weights(windows[:, 0], windows[:, 1], greys.shape[1], side)
    columns = _weights(windows[:, 2], windows[:, 3], greys.shape[2], side)
    return np.asarray(rows @ greys @ columns.transpose(0, 2, 1), dtype=np.float32)


def _weights(
    low: NDArray[np.float64], high: NDArray[np.float64], size: int, side: int
) -> NDArray[np.float32]:
    """By which weights `(n, side, size)` the pixels of a line make those of a part of it."""
    span = (high - low)[:, None]
    centre = (low[:, None] + span * (np.arange(side) + 0.5) / side) * size - 0.5
    pixel = np.clip(centre, 0, size - 1).astype(np.float32)[:, :, None]
    reach = np.maximum(1.0, span * size / side).astype(np.float32)[:, :, None]
    away = np.abs(pixel - np.arange(size, dtype=np.float32))
    weights = np.maximum(np.float32(0), 1 - away / reach)
    return np.asarray(weights / weights.sum(axis=2, keepdims=True), dtype=np.float32)


def _unit(greys: Greys) -> Greys:
    centred = greys - greys.mean(axis=(1, 2), keepdims=True)
    norm = np.sqrt((centred * centred).sum(axis=(1, 2), keepdims=True))
    unit: Greys = centred / np.maximum(norm, np.float32(_TINY))
    return unit


def _in_blocks(greys: Greys) -> Greys:
    """`(n, side, side)` to `(n, 16, pixels of a block)`."""
    n, side, _ = greys.shape
    edge = side // _BLOCKS
    blocks = greys.reshape(n, _BLOCKS, edge, _BLOCKS, edge).transpose(0, 1, 3, 2, 4)
    return blocks.reshape(n, _BLOCKS * _BLOCKS, edge * edge)
