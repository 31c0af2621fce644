from pathlib import Path

import pytest

from maskwise.dataset.dataset import Dataset
from maskwise.dataset.samples import Sample
from maskwise.errors import BadDataset
from maskwise.runs.recipe import find_recipe
from maskwise.training.ways import Way, list_ways, try_ways

RECIPE = find_recipe("reference")


def faces(source: str, n: int, *labels: int, group: str | None = None) -> list[Sample]:
    """`n` faces of each class, each its own group unless one is named."""
    return [
        Sample(
            *(f"{source}-{label}-{index}.jpg", label, 1, f"{source}-{label}-{index}", (9, 9)),
            attributes={
                "source": source,
                "group": group or f"{source}-{label}-{index}",
            },
        )
        for label in labels
        for index in range(n)
    ]


def folders_of(*sources: str) -> list[str]:
    samples = [face for source in sources for face in faces(source, 1, 0, 1)]
    folder_of = {
        way.held_out_source: way.folder for way in list_ways(Dataset(Path("d"), tuple(samples)))
    }
    return [folder_of[source] for source in sources]


def tried(samples: list[Sample], begun: tuple[str, ...] = ()) -> tuple[list[str], dict[str, str]]:
    ways, skipped = try_ways(
        list_ways(Dataset(Path("data"), tuple(samples))),
        samples,
        RECIPE,
        seed=0,
        is_begun=lambda way: way.name in begun,
    )
    return [way.name for way in ways], dict(skipped)


def test_each_source_is_held_out_beside_a_random_and_a_grouped_split() -> None:
    assert list_ways(Dataset(Path("data"), tuple(faces("b", 9, 0) + faces("a", 9, 1)))) == (
        Way("random split", "random", "random"),
        Way("grouped split", "grouped", "grouped"),
        Way("source a", "source-a", "grouped", "a"),
        Way("source b", "source-b", "grouped", "b"),
    )


def test_plain_names_of_sources_name_their_folders() -> None:
    assert folders_of("a", "lab-1.b", "中文") == ["source-a", "source-lab-1.b", "source-中文"]


@pytest.mark.parametrize(
    "sources",
    [
        pytest.param(("lab a", "lab-a", "lab/a", "lab?a"), id="unsafe letters"),
        pytest.param(("Lab", "lab", "LAB"), id="case"),
        pytest.param(("x" * 300, "x" * 300 + "y"), id="long"),
        pytest.param(("中" * 90, "中" * 90 + "文"), id="long in bytes"),
        pytest.param(("\udcff", "?", "*"), id="no letters"),
    ],
)
def test_no_two_sources_share_a_folder(sources: tuple[str, ...], tmp_path: Path) -> None:
    folders = folders_of(*sources)
    assert len({folder.casefold() for folder in folders}) == len(sources)
    for folder in folders:
        (tmp_path / folder).mkdir()  # the file system takes the name
    assert folders_of(*reversed(sources)) == folders[::-1]


def test_a_source_is_told_from_another_by_few_letters_of_its_hash() -> None:
    assert folders_of("lab a", "lab-a") == ["source-lab-a-5b57c1bc", "source-lab-a"]


def test_what_cannot_be_held_out_is_known_before_anything_is_trained() -> None:
    few = faces("few", 20, 0) + faces("few", 1, 1)
    assert tried(faces("much", 60, 0, 1) + few) == (
        ["random split", "grouped split", "source few"],
        {
            "much": "with_mask has 1 pictures that are no near-duplicates or of one scene, but "
            "validation and train need one each. Add pictures of it."
        },
    )


def test_twins_of_a_source_do_not_count_elsewhere() -> None:
    twins = faces("a", 5, 1, group="shot") + faces("b", 5, 1, group="shot")
    names, skipped = tried(faces("a", 20, 0, 1) + faces("b", 20, 0) + twins)
    assert "source a" not in names
    assert skipped == {
        "a": "every picture of with_mask in another source belongs to one of this source"
    }


def test_a_source_that_alone_has_a_class_is_not_held_out() -> None:
    _, skipped = tried(faces("a", 20, 0, 1) + faces("b", 20, 0))
    assert skipped == {"a": "no other source has with_mask"}


def test_what_has_begun_is_not_tried_again() -> None:
    samples = faces("a", 20, 0, 1) + faces("b", 20, 0)
    assert tried(samples, begun=("source a",))[1] == {}


def test_data_that_cannot_be_split_by_group_is_refused() -> None:
    one_group = faces("a", 20, 0) + faces("b", 20, 0) + faces("b", 20, 1, group="all")
    with pytest.raises(BadDataset, match="with_mask has 1 pictures that are no near-duplicates"):
        tried(one_group)
