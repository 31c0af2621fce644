from dataclasses import replace
from pathlib import Path

import pytest

from maskwise.dataset.dataset import Dataset
from maskwise.dataset.grouping import group_samples
from maskwise.dataset.joining import join_datasets
from maskwise.errors import InvalidInput
from maskwise.preprocess import PreprocessSpec
from pictures import fill_class_folders


@pytest.fixture
def two(tmp_path: Path) -> tuple[Dataset, Dataset]:
    first = fill_class_folders(tmp_path / "deep" / "clinic", per_class=3)
    second = fill_class_folders(tmp_path / "street", per_class=2)
    (second / "with_mask" / "broken.jpg").write_bytes(b"none")
    return Dataset.open(first), Dataset.open(second)


def test_every_face_is_there_and_can_be_read(two: tuple[Dataset, Dataset], tmp_path: Path) -> None:
    joined = join_datasets(two)
    assert joined.root == tmp_path.resolve()
    assert joined.counts() == {"without_mask": 5, "with_mask": 5}
    spec = PreprocessSpec()
    originals = [(data, sample) for data in two for sample in data.samples]
    for (data, original), sample in zip(originals, joined.samples, strict=True):
        assert (joined.read_face(sample, spec) == data.read_face(original, spec)).all()
    (broken,) = joined.unreadable
    assert broken.path == "street/with_mask/broken.jpg"


def test_a_folder_names_the_source_where_nobody_else_does(two: tuple[Dataset, Dataset]) -> None:
    first, second = two
    told = [replace(s, attributes={"source": "web", "scene": "7"}) for s in second.samples]
    joined = join_datasets([first, replace(second, samples=tuple(told))])
    assert {s.source for s in joined.samples[: len(first.samples)]} == {"clinic"}
    assert {s.source for s in joined.samples[len(first.samples) :]} == {"web"}
    assert {s.attributes.get("scene") for s in joined.samples} == {None, "street/7"}


def test_a_copy_in_another_data_set_is_in_one_group(tmp_path: Path) -> None:
    first = fill_class_folders(tmp_path / "a", per_class=3)
    second = fill_class_folders(tmp_path / "b", per_class=3)  # the same pictures
    joined = group_samples(join_datasets([Dataset.open(first), Dataset.open(second)]))
    groups = {s.path: s.attributes["group"] for s in joined.samples}
    for path in groups:
        if path.startswith("a/"):
            assert groups[path] == groups["b/" + path.removeprefix("a/")]


def test_one_within_the_other_is_refused(two: tuple[Dataset, Dataset], tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="folders of their own"):
        join_datasets([*two, Dataset.open(tmp_path / "deep")])
    with pytest.raises(InvalidInput, match="at least one"):
        join_datasets([])
