import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from maskwise.dataset.samples import Sample
from maskwise.evaluation.slices import Slice, measure_look, measure_slices


def face(index: int, label: int = 0, side_px: int = 100, **attributes: str) -> Sample:
    return Sample(
        f"{index}.jpg", label, 1, f"{index:064x}", (side_px, side_px + 50), attributes=attributes
    )


def answers(*called: int) -> NDArray[np.float32]:
    return np.eye(2, dtype=np.float32)[list(called)]


def slices_of(samples: list[Sample], probability: NDArray[np.float32], name: str) -> list[Slice]:
    looks = np.zeros((len(samples), 3))
    return [part for part in measure_slices(samples, looks, probability) if part.name == name]


def test_each_source_has_its_own_figures() -> None:
    samples = [face(0, 0, source="b"), face(1, 1, source="b"), face(2, 1, source="a")]
    first, second = slices_of(samples, answers(0, 0, 1), "source")
    assert (first.value, first.n, first.accuracy.value) == ("a", 1, 1.0)
    assert (second.value, second.n, second.accuracy.value) == ("b", 2, 0.5)
    assert second.recall["without_mask"].value == 1.0
    assert second.recall["with_mask"].value == 0.0
    assert first.recall["without_mask"].value is None


def test_any_column_is_a_slice_if_its_values_are_few() -> None:
    samples = [face(i, camera=f"c{i % 3}", number=str(i), one="same") for i in range(30)]
    names = {part.name for part in measure_slices(samples, np.zeros((30, 3)), answers(*[0] * 30))}
    assert "camera" in names
    assert "number" not in names
    assert "one" not in names


def test_a_column_with_the_name_of_a_look_is_another_slice() -> None:
    samples = [face(i, sharpness="dull" if i % 2 else "sharp") for i in range(4)]
    parts = measure_slices(samples, np.zeros((4, 3)), answers(0, 0, 0, 0))
    values = {(part.name, part.value) for part in parts if "sharpness" in part.name}
    assert values == {
        ("sharpness", "lowest third"),
        ("column sharpness", "dull"),
        ("column sharpness", "sharp"),
    }


def test_what_says_who_belongs_together_is_no_slice() -> None:
    samples = [face(i, group=str(i % 2), scene=str(i % 2), side="train") for i in range(4)]
    parts = measure_slices(samples, np.zeros((4, 3)), answers(0, 0, 0, 0))
    assert {part.name for part in parts} == {"face size", "sharpness", "brightness", "contrast"}


def test_pictures_of_which_nothing_is_said_are_a_slice_too() -> None:
    parts = slices_of([face(0, source="a"), face(1)], answers(0, 0), "source")
    assert [part.value for part in parts] == ["a", "not said"]


def test_the_short_side_of_the_face_decides_about_its_size() -> None:
    boxed = Sample("b.jpg", 0, 1, "b" * 64, (400, 400), box_xyxy=(0, 0, 31.9, 200))
    samples = [boxed, face(1, side_px=32), face(2, side_px=63), face(3, side_px=256)]
    parts = slices_of(samples, answers(0, 0, 0, 0), "face size")
    assert [(part.value, part.n) for part in parts] == [
        ("under 32 px", 1),
        ("32 to 63 px", 2),
        ("256 px and more", 1),
    ]


def test_looks_are_parted_in_thirds() -> None:
    samples = [face(i) for i in range(9)]
    looks = np.stack([np.arange(9.0), np.zeros(9), np.zeros(9)], axis=1)
    parts = [
        part
        for part in measure_slices(samples, looks, answers(*[0] * 9))
        if part.name == "sharpness"
    ]
    assert [(part.value, part.n) for part in parts] == [
        ("lowest third", 3),
        ("middle third", 3),
        ("highest third", 3),
    ]


def test_a_look_that_is_the_same_everywhere_is_one_slice() -> None:
    (part,) = slices_of([face(0), face(1)], answers(0, 0), "contrast")
    assert part.n == 2


def test_pictures_of_one_group_widen_the_interval() -> None:
    samples = [face(i, source="ab"[i // 20]) for i in range(40)]
    probability = answers(*([0] * 35 + [1] * 5))
    looks = np.zeros((40, 3))
    alone = measure_slices(samples, looks, probability)
    together = measure_slices(
        samples, looks, probability, group=np.repeat(np.arange(8), 5).astype(np.int64)
    )

    def width(parts: tuple[Slice, ...]) -> float:
        part = next(part for part in parts if (part.name, part.value) == ("source", "b"))
        assert part.accuracy.low is not None
        assert part.accuracy.high is not None
        return part.accuracy.high - part.accuracy.low

    assert width(together) > width(alone)


def test_no_pictures_no_slices() -> None:
    assert measure_slices([], np.zeros((0, 3)), np.zeros((0, 2), np.float32)) == ()


def test_looks_tell_sharp_from_blurred_bright_from_dark_strong_from_weak(
    noise_rgb: NDArray[np.uint8],
) -> None:
    blurred = np.asarray(Image.fromarray(noise_rgb).filter(ImageFilter.GaussianBlur(2)))
    assert measure_look(noise_rgb)[0] > 3 * measure_look(blurred)[0]
    dark = noise_rgb // 2
    assert measure_look(dark)[1] == pytest.approx(measure_look(noise_rgb)[1] / 2, abs=1)
    assert measure_look(dark)[2] == pytest.approx(measure_look(noise_rgb)[2] / 2, rel=0.05)
    grey = np.full((1, 1, 3), 90, np.uint8)
    assert measure_look(grey) == (0.0, 90.0, 0.0)


def test_a_slice_is_plain_json() -> None:
    (part,) = slices_of([face(0), face(1)], answers(0, 0), "brightness")
    assert part.to_dict() == {
        "name": "brightness",
        "value": "lowest third",
        "n": 2,
        "accuracy": part.accuracy.to_dict(),
        "recall": {
            "without_mask": part.recall["without_mask"].to_dict(),
            "with_mask": {"value": None, "low": None, "high": None},
        },
    }
