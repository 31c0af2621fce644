from collections import Counter
from pathlib import Path

import numpy as np

import tuned
from maskwise.dataset.dataset import Dataset
from maskwise.dataset.samples import Sample


def test_few_are_drawn_by_group_and_each_class_as_often() -> None:
    samples = tuple(
        Sample(
            f"{number}.jpg",
            number % 3,
            1,
            f"{number:064}",
            (40, 48),
            attributes={"group": str(number // 6)},
        )
        for number in range(120)
    )
    few, others = tuned.draw_few(Dataset(root=Path(), samples=samples), 6)
    assert Counter(sample.label for sample in few.samples) == {0: 6, 1: 6, 2: 6}
    assert {sample.path for sample in (*few.samples, *others.samples)} == {s.path for s in samples}
    groups = [{sample.attributes["group"] for sample in data.samples} for data in (few, others)]
    assert not groups[0] & groups[1]


def test_of_a_rare_class_half_is_left_to_judge_on() -> None:
    samples = tuple(
        Sample(
            f"{number}.jpg",
            2 if number < 8 else number % 2,
            1,
            f"{number:064}",
            (40, 48),
            attributes={"group": str(number)},
        )
        for number in range(60)
    )
    few, others = tuned.draw_few(Dataset(root=Path(), samples=samples), 10)
    assert Counter(sample.label for sample in few.samples) == {0: 10, 1: 10, 2: 4}
    assert sum(sample.label == 2 for sample in others.samples) == 4


def test_a_photo_of_two_classes_counts_for_both_however_many_faces_it_shows() -> None:
    faces = [Sample("a.jpg", label, 1, f"{1:064}", (40, 48)) for label in (0, 1, 1, 1)]
    assert tuned.count_pictures(faces) == Counter({0: 1, 1: 1})


def test_darkened_pictures_show_the_same_faces_without_colours(
    tiny_data: Path, tmp_path: Path
) -> None:
    data = Dataset.open(tiny_data)
    dark = tuned.darken(data, tmp_path / "dark")
    assert [sample.label for sample in dark.samples] == [sample.label for sample in data.samples]
    for before, after in zip(data.samples[:4], dark.samples[:4], strict=True):
        image_rgb = dark.read(after).astype(int)
        assert image_rgb.shape[:2] == after.size_hw == before.size_hw
        assert np.ptp(image_rgb, axis=2).mean() < 2
        assert image_rgb.mean() < 0.7 * data.read(before).mean()
