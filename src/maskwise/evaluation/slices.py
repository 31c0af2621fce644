"""Slices: how good the answers are on parts of the pictures, by source, size, light and so on."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from maskwise.dataset.samples import Sample
from maskwise.inference.decision import decide
from maskwise.intervals import Estimate, share_of
from maskwise.labels import LABELS

LOOKS: Final = ("sharpness", "brightness", "contrast")

_SIZES_PX: Final = (32, 64, 128, 256)
_LOOK_SIDE: Final = 128
_MOST_VALUES: Final = 20
_SIZE: Final = "face size"
_OWN: Final = frozenset({_SIZE, *LOOKS})  # a column of the data set may have the same name
_NO_SLICE: Final = frozenset({"group", "scene", "side", "split"})
_NOT_SAID: Final = "not said"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """The answers on some of the pictures.

    Attributes:
        name: By what the pictures are told apart, such as `source`.
        value: Which of them these are.
        n: How many.
        accuracy: Share of right answers.
        recall: By class, the share of its pictures called so; undefined where there are none.
    """

    name: str
    value: str
    n: int
    accuracy: Estimate
    recall: Mapping[str, Estimate]

    def to_dict(self) -> Mapping[str, Any]:
        """Plain values for JSON."""
        return {
            "name": self.name,
            "value": self.value,
            "n": self.n,
            "accuracy": self.accuracy.to_dict(),
            "recall": {label: share.to_dict() for label, share in self.recall.items()},
        }


def measure_look(face_rgb: NDArray[np.uint8]) -> tuple[float, float, float]:
    """How a face looks: sharpness, brightness and contrast, in the order of `LOOKS`.

    Sharpness is the variance of the Laplacian of the grey picture at 128x128, so that large and
    small pictures can be compared; brightness and contrast are mean and deviation of grey levels.

    Source: the first is the focus measure of Pech-Pacheco et al. (2000), ICPR 3:314.

    Args:
        face_rgb: RGB `(h, w, 3)` uint8.
    """
    picture = Image.fromarray(face_rgb).convert("L").resize((_LOOK_SIDE, _LOOK_SIDE))
    grey = np.asarray(picture, dtype=np.float64)
    around = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
    laplacian = around - 4 * grey[1:-1, 1:-1]
    return float(laplacian.var()), float(grey.mean()), float(grey.std())


def measure_slices(
    samples: Sequence[Sample],
    looks: NDArray[np.float64],
    probability: NDArray[np.float32],
    *,
    group: NDArray[np.int64] | None = None,
) -> tuple[Slice, ...]:
    """Part the answers by everything that is known of the pictures.

    That is the short side of the face in pixels, each look in thirds, and every attribute of the
    data set that has 2 to 20 values.

    Args:
        samples: The faces that were answered.
        looks: Of each, as `measure_look` returns it, `(n, 3)`.
        probability: The answers `(n, classes)`.
        group: Which samples depend on each other, `(n,)`; widens the intervals.

    Returns:
        Slices, those of one name together.
    """
    label = np.array([sample.label for sample in samples], dtype=np.int64)
    is_right = decide(probability) == label
    slices = []
    for name, values, order in _partings(samples, looks):
        for value in order:
            inside = np.array([own == value for own in values], dtype=np.bool_)
            slices.append(
                Slice(
                    name=name,
                    value=value,
                    n=int(inside.sum()),
                    accuracy=_share(is_right, inside, group),
                    recall={
                        LABELS[index]: _share(is_right, inside & (label == index), group)
                        for index in range(probability.shape[1])
                    },
                )
            )
    return tuple(slices)


def _share(
    is_right: NDArray[np.bool_], inside: NDArray[np.bool_], group: NDArray[np.int64] | None
) -> Estimate:
    return share_of(is_right[inside], None if group is None else group[inside])


def _partings(
    samples: Sequence[Sample], looks: NDArray[np.float64]
) -> Iterator[tuple[str, list[str], list[str]]]:
    """Each way to part the samples: its name, the value of each sample, the values in order."""
    if not samples:
        return
    yield _SIZE, *_by_size(samples)
    for name, column in zip(LOOKS, looks.T, strict=True):
        yield name, *_in_thirds(column)
    names = dict.fromkeys(name for sample in samples for name in sample.attributes)
    for name in names:
        if name in _NO_SLICE:
            continue
        values = [sample.attributes.get(name) or _NOT_SAID for sample in samples]
        counts = Counter(values)
        if 2 <= len(counts) <= _MOST_VALUES:
            yield (f"column {name}" if name in _OWN else name), values, sorted(counts)


def _by_size(samples: Sequence[Sample]) -> tuple[list[str], list[str]]:
    words = [
        f"under {_SIZES_PX[0]} px",
        *(f"{low} to {high - 1} px" for low, high in pairwise(_SIZES_PX)),
        f"{_SIZES_PX[-1]} px and more",
    ]
    sides = [_short_side_px(sample) for sample in samples]
    places = np.searchsorted(_SIZES_PX, sides, side="right").tolist()
    return [words[place] for place in places], [words[place] for place in sorted(set(places))]


def _short_side_px(sample: Sample) -> float:
    if sample.box_xyxy is None:
        return min(sample.size_hw)
    left, top, right, bottom = sample.box_xyxy
    return min(right - left, bottom - top)


def _in_thirds(column: NDArray[np.float64]) -> tuple[list[str], list[str]]:
    words = ["lowest third", "middle third", "highest third"]
    places = np.searchsorted(np.quantile(column, [1 / 3, 2 / 3]), column, side="left").tolist()
    return [words[place] for place in places], [words[place] for place in sorted(set(places))]
