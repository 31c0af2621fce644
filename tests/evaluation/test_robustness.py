import json
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from maskwise.errors import InvalidInput
from maskwise.evaluation.corruptions import CORRUPTIONS, corrupt
from maskwise.evaluation.robustness import Robustness, measure_robustness
from maskwise.intervals import Estimate, rate, share_of

LABEL = np.arange(60, dtype=np.int64) % 2


def read_face(index: int) -> NDArray[np.uint8]:
    """A picture that says its class twice: bright is 1, in the middle as on the border."""
    grain = np.random.default_rng(index).integers(0, 40, (40, 50, 3), dtype=np.uint8)
    return grain + np.uint8(170 if LABEL[index] else 50)


def middle(face_rgb: NDArray[np.uint8]) -> float:
    height, width = face_rgb.shape[:2]
    return float(face_rgb[height // 3 : -height // 3, width // 3 : -width // 3].mean())


def border(face_rgb: NDArray[np.uint8]) -> float:
    return float(np.concatenate([face_rgb[:2].ravel(), face_rgb[-2:].ravel()]).mean())


def looking_at(
    part: Callable[[NDArray[np.uint8]], float],
) -> Callable[[Iterable[NDArray[np.uint8]]], NDArray[np.float32]]:
    """A classifier that answers 1 where the part is bright."""

    def classify(faces_rgb: Iterable[NDArray[np.uint8]]) -> NDArray[np.float32]:
        masked = np.array([part(face) > 125 for face in faces_rgb], dtype=np.float32)
        return np.stack([1 - masked, masked], axis=1)

    return classify


@pytest.fixture(scope="module")
def of_border() -> Robustness:
    return measure_robustness(looking_at(border), read_face, LABEL)


def test_who_looks_at_the_middle_does_not_mind_the_border() -> None:
    robustness = measure_robustness(looking_at(middle), read_face, LABEL)
    assert robustness.clean == rate(60, 60)
    assert robustness.replaced_border == rate(0, 60)


def test_who_looks_at_the_middle_is_lost_without_it() -> None:
    """The cover has one colour in all pictures here, so that no brightness tells the class."""

    def dark_border(index: int) -> NDArray[np.uint8]:
        face = np.full((50, 50, 3), 20, dtype=np.uint8)
        face[8:42, 8:42] = 220 if LABEL[index] else 60
        return face

    robustness = measure_robustness(looking_at(middle), dark_border, LABEL)
    assert robustness.clean == rate(60, 60)
    assert robustness.hidden_face == rate(30, 60)
    assert robustness.majority == 0.5
    assert not robustness.sees_beside_the_face
    assert robustness.replaced_border == rate(0, 60)


def test_who_looks_at_the_border_needs_no_face(of_border: Robustness) -> None:
    assert of_border.hidden_face == of_border.clean == rate(60, 60)
    assert of_border.sees_beside_the_face
    assert of_border.replaced_border == rate(60, 60)


def test_accuracy_of_every_corruption_at_every_strength(of_border: Robustness) -> None:
    assert list(of_border.corrupted) == list(CORRUPTIONS)
    for name, curve in of_border.corrupted.items():
        for strength, accuracy in enumerate(curve, start=1):
            right = sum(
                (border(corrupt(read_face(i), name, strength, (0, i))) > 125) == LABEL[i]
                for i in range(60)
            )
            assert accuracy == rate(right, 60)
    assert of_border.corrupted["low_light"][-1] == rate(30, 60)  # too dark to be called bright


def test_mean_loss_is_in_points_over_all_corruptions(of_border: Robustness) -> None:
    assert len(of_border.mean_loss_points) == 5
    for strength, loss in enumerate(of_border.mean_loss_points):
        values = [curve[strength].value for curve in of_border.corrupted.values()]
        assert loss.value == pytest.approx(100 * np.mean([1 - (value or 0) for value in values]))


def test_mean_loss_is_counted_from_the_clean_accuracy() -> None:
    def constant(faces_rgb: Iterable[NDArray[np.uint8]]) -> NDArray[np.float32]:
        return np.array([[0.2, 0.8] for _ in faces_rgb], dtype=np.float32)

    robustness = measure_robustness(constant, read_face, LABEL)
    assert robustness.clean == rate(30, 60)
    assert robustness.mean_loss_points == (Estimate(0.0),) * 5
    assert robustness.replaced_border == rate(0, 60)


def test_groups_are_no_independent_witnesses(of_border: Robustness) -> None:
    group = np.arange(60) // 10
    by_group = measure_robustness(looking_at(border), read_face, LABEL, group=group)
    assert by_group.clean == share_of(np.ones(60, dtype=np.bool_), group)
    assert by_group.hidden_face.value == of_border.hidden_face.value
    for one, other in zip(by_group.mean_loss_points, of_border.mean_loss_points, strict=True):
        assert one.value == other.value
        if other.low is not None:
            assert one.low is not None
            assert other.high is not None
            assert other.low <= (other.value or 0) <= other.high


def test_a_sample_keeps_the_shares_of_the_classes() -> None:
    label = np.array([0] * 700 + [1] * 250 + [2] * 50)
    read: list[int] = []

    def note(index: int) -> NDArray[np.uint8]:
        read.append(index)
        return np.zeros((8, 8, 3), dtype=np.uint8)

    robustness = measure_robustness(looking_at(middle), note, label, limit=40)
    seen = read[::2]  # every other one lends its border
    assert robustness.n == len(seen) == len(set(seen)) == 40
    assert np.bincount(label[seen]).tolist() == [28, 10, 2]
    assert robustness.majority == 0.7
    assert (label[seen] != label[read[1::2]]).all()


def test_a_limit_above_all_takes_all_in_order() -> None:
    read: list[int] = []

    def note(index: int) -> NDArray[np.uint8]:
        read.append(index)
        return read_face(index)

    assert measure_robustness(looking_at(middle), note, LABEL[:7], limit=100).n == 7
    assert read[::2] == list(range(7))


def test_seed_decides_the_sample_and_nothing_else_does() -> None:
    def seen_with(seed: int) -> tuple[list[int], Robustness]:
        read: list[int] = []

        def note(index: int) -> NDArray[np.uint8]:
            read.append(index)
            return read_face(index)

        return read, measure_robustness(looking_at(border), note, LABEL, seed=seed, limit=12)

    assert seen_with(4) == seen_with(4)
    assert seen_with(4)[0] != seen_with(5)[0]


def test_one_class_has_no_border_of_another() -> None:
    robustness = measure_robustness(looking_at(border), read_face, np.zeros(4, dtype=np.int64))
    assert robustness.replaced_border == Estimate()
    assert robustness.majority == 1.0
    assert not robustness.sees_beside_the_face


def test_faces_are_taken_one_by_one_and_told_of() -> None:
    told: list[tuple[int, int]] = []
    read: list[int] = []
    ahead: list[int] = []

    def note(index: int) -> NDArray[np.uint8]:
        read.append(index)
        return read_face(index)

    def lazy(faces_rgb: Iterable[NDArray[np.uint8]]) -> NDArray[np.float32]:
        ahead.extend(len(read) for _ in faces_rgb)
        return np.tile(np.array([1, 0], dtype=np.float32), (len(ahead), 1))

    measure_robustness(
        lazy, note, LABEL[:3], on_progress=lambda done, total: told.append((done, total))
    )
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert ahead == [2] * 43 + [4] * 43 + [6] * 43


def test_large_faces_are_made_smaller_first() -> None:
    shapes: set[tuple[int, ...]] = set()

    def note(faces_rgb: Iterable[NDArray[np.uint8]]) -> NDArray[np.float32]:
        faces = list(faces_rgb)
        shapes.update(face.shape for face in faces[:30])
        return np.tile(np.array([1, 0], dtype=np.float32), (len(faces), 1))

    measure_robustness(note, lambda _: np.zeros((1200, 900, 3), dtype=np.uint8), LABEL[:2])
    assert shapes == {(512, 384, 3)}


def test_values_for_json(of_border: Robustness) -> None:
    values = json.loads(json.dumps(of_border.to_dict(), allow_nan=False))
    assert list(values) == [
        "n",
        "majority",
        "confidence",
        "clean",
        "corrupted",
        "mean_loss_points",
        "hidden_face",
        "sees_beside_the_face",
        "replaced_border",
    ]
    assert values["n"] == 60
    assert values["clean"]["value"] == 1.0
    assert [each["level"] for each in values["corrupted"]["jpeg"]] == [50, 35, 25, 15, 10]
    assert values["corrupted"]["low_light"][4] == {
        "strength": 5,
        "level": 5,
        **of_border.corrupted["low_light"][4].to_dict(),
    }


@pytest.mark.parametrize(
    ("label", "options", "message"),
    [
        (np.zeros(0, dtype=np.int64), {}, r"`label` must be a class number per face"),
        (np.zeros((4, 2), dtype=np.int64), {}, r"Received: \(4, 2\)"),
        (LABEL, {"limit": 0}, r"`limit` must be at least 1. Received: 0"),
        (LABEL, {"seed": -1}, r"`seed` must be at least 0. Received: -1"),
    ],
)
def test_what_cannot_be_measured(
    label: NDArray[np.int64], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        measure_robustness(looking_at(border), read_face, label, **options)
