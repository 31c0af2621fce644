"""Pictures whose label may be wrong."""

import csv
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from maskwise.dataset.audit.suspects import Mislabel, find_mislabels, predict_labels
from maskwise.dataset.audit.traits import take_traits
from maskwise.errors import InvalidInput
from maskwise.images import decode_image, read_bytes
from maskwise.labels import LABELS


def draw_classes(n: int, classes: int = 2) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Noise in which the class decides where a bright stripe lies."""
    thumbnail = np.random.default_rng(0).integers(0, 120, (n, 32, 32, 3), dtype=np.uint8)
    label = np.arange(n) % classes
    for each, picture in zip(label, thumbnail, strict=True):
        picture[4 + 10 * each : 8 + 10 * each] += 120
    return thumbnail, label


@pytest.mark.parametrize("classes", [2, 3])
def test_planted_mislabels_are_found(classes: int) -> None:
    thumbnail, truth = draw_classes(240, classes)
    label = truth.copy()
    planted = [7, 100, 203]
    label[planted] = (label[planted] + 1) % classes
    probability = predict_labels(thumbnail, label, np.arange(240), seed=0)
    assert probability is not None
    found = find_mislabels(probability, label)
    assert sorted(each.index for each in found) == planted
    assert all(each.likelier_label == truth[each.index] for each in found)


def test_the_same_seed_gives_the_same_answers() -> None:
    thumbnail, label = draw_classes(60)
    first, second = (predict_labels(thumbnail, label, np.arange(60), seed=3) for _ in range(2))
    assert first is not None
    assert second is not None
    assert np.array_equal(first, second)


def test_too_few_groups_are_undefined() -> None:
    thumbnail, label = draw_classes(40)
    assert predict_labels(thumbnail, label, np.arange(40) % 8 // 2, seed=0) is None
    assert predict_labels(thumbnail[:0], label[:0], label[:0], seed=0) is None


def test_the_most_suspicious_comes_first() -> None:
    probability = np.array(
        [[0.95, 0.03, 0.02], [0.07, 0.53, 0.4], [0.9, 0.02, 0.08], [0.9, 0.1, 0], [0.1, 0.8, 0.1]]
    )
    assert find_mislabels(probability, np.array([0, 0, 1, 0, 1])) == (
        Mislabel(index=2, probability=0.02, likelier_label=0),
        Mislabel(index=1, probability=0.07, likelier_label=1),
    )


def test_a_rare_class_of_which_no_answer_is_sure_is_not_blamed() -> None:
    common = np.tile([0.85, 0.15], (50, 1))
    rare = np.tile([0.92, 0.08], (5, 1))
    wrong = np.array([[0.999, 0.001], [0.04, 0.96]])
    found = find_mislabels(
        np.concatenate([common, rare, wrong]), np.array([0] * 50 + [1] * 5 + [1, 0])
    )
    assert [each.index for each in found] == [55, 56]


def test_nothing_is_no_suspect() -> None:
    assert find_mislabels(np.zeros((0, 2)), np.zeros(0, dtype=np.int64)) == ()


@pytest.mark.parametrize(
    ("probability", "label"),
    [
        pytest.param(np.ones((3, 2)) / 2, np.array([0, 1]), id="one label too few"),
        pytest.param(np.ones(2), np.array([0, 1]), id="one probability each"),
        pytest.param(np.ones((2, 2)) / 2, np.array([0, 2]), id="unknown class"),
        pytest.param(np.ones((2, 2)) / 2, np.array([0, -1]), id="negative class"),
    ],
)
def test_what_does_not_fit_is_refused(
    probability: NDArray[np.float64], label: NDArray[np.int64]
) -> None:
    with pytest.raises(InvalidInput, match="`label` must"):
        find_mislabels(probability, label)


@pytest.mark.real
def test_most_of_the_planted_mislabels_among_real_faces_are_listed(real_data: Path) -> None:
    with (real_data / "faces" / "manifest.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["source"] == "chandrikadeb7"]
    contents = [read_bytes(real_data / "faces" / row["file"]) for row in rows]
    traits = np.stack([take_traits(content, decode_image(content)) for content in contents])
    label = np.array([LABELS.index(row["label"]) for row in rows])
    group = np.unique([row["group"] for row in rows], return_inverse=True)[1].astype(np.int64)
    planted = np.random.default_rng(0).choice(len(rows), len(rows) // 50, replace=False)
    label[planted] = 1 - label[planted]
    probability = predict_labels(traits["thumbnail"], label, group, seed=0)
    assert probability is not None
    listed = {each.index for each in find_mislabels(probability, label)}
    found = listed & set(planted.tolist())
    assert len(found) > 0.5 * len(planted)
    assert len(found) > 0.5 * len(listed)
