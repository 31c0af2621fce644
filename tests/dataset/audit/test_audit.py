import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from maskwise.dataset.audit.cleaning import clean
from maskwise.dataset.dataset import Dataset
from maskwise.dataset.drawn import draw_sample_set
from maskwise.errors import BadDataset
from maskwise.labels import WITH_MASK, WITHOUT_MASK


@pytest.fixture(scope="module")
def flawed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty drawn faces, into which every flaw was planted that an audit is to find."""
    folder = tmp_path_factory.mktemp("flawed") / "set"
    draw_sample_set(folder, count=60, seed=11)
    masked = sorted((folder / "with_mask").glob("*.jpg"))
    shutil.copy(masked[0], folder / "with_mask" / "zz-copy.jpg")
    ImageOps.mirror(Image.open(masked[1])).save(folder / "with_mask" / "zz-mirrored.jpg")
    Image.open(masked[2]).save(folder / "without_mask" / "zz-other-class.png")
    Image.open(masked[3]).save(folder / "with_mask" / "zz-misnamed.jpg", format="PNG")
    (folder / "with_mask" / "zz-empty.jpg").write_bytes(b"")
    return folder


@pytest.fixture(scope="module")
def data(flawed: Path) -> Dataset:
    return Dataset.open(flawed)


def test_planted_flaws_are_found(flawed: Path, data: Dataset) -> None:
    masked = [f"with_mask/{path.name}" for path in sorted((flawed / "with_mask").glob("*.jpg"))]
    found = data.audit()
    groups = {group.paths: group for group in found.near_duplicates}
    assert set(groups) == {
        (masked[0], "with_mask/zz-copy.jpg"),
        (masked[1], "with_mask/zz-mirrored.jpg"),
        (masked[2], "without_mask/zz-other-class.png"),
        (masked[3], "with_mask/zz-misnamed.jpg"),
    }
    assert groups[masked[0], "with_mask/zz-copy.jpg"].is_exact
    assert found.exact_duplicates == ((masked[0], "with_mask/zz-copy.jpg"),)
    across = found.near_duplicates[0]
    assert across.labels == (WITHOUT_MASK, WITH_MASK)
    assert [(each.path, each.kind) for each in found.misnamed] == [
        ("with_mask/zz-misnamed.jpg", "PNG")
    ]
    assert [file.path for file in found.unreadable] == ["with_mask/zz-empty.jpg"]
    assert found.counts == data.counts()
    assert found.n_pictures == len(data.samples)
    assert {probe.name for probe in found.probes} == {"metadata", "border", "thumbnail"}
    assert all(probe.n == len(data.samples) for probe in found.probes)
    assert found.leak is not None
    assert 0 < found.leak < 0.5
    assert set(found.thumbnails_jpeg) >= {path for paths in groups for path in paths}


def test_pictures_that_show_no_face_are_listed_if_somebody_looks(data: Dataset) -> None:
    assert data.audit().non_faces is None
    assert data.audit(face_score=lambda face_rgb: 1.0).non_faces == ()
    smallest = sorted({min(sample.size_hw) for sample in data.samples})[0]
    found = data.audit(
        face_score=lambda face_rgb: 0.1 if min(face_rgb.shape[:2]) == smallest else 0.9
    )
    assert found.non_faces
    assert {each.path for each in found.non_faces} == {
        sample.path for sample in data.samples if min(sample.size_hw) == smallest
    }
    assert all(each.score == 0.9 for each in found.non_faces)
    assert set(found.thumbnails_jpeg) >= {each.path for each in found.non_faces}


def test_json_lists_near_duplicates_as_lists_of_paths(data: Dataset) -> None:
    values = json.loads(data.audit().to_json())
    assert all(
        isinstance(path, str) and len(group) == 2
        for group in values["near_duplicates"]
        for path in group
    )


def test_the_same_seed_finds_the_same(data: Dataset) -> None:
    first, second = data.audit(seed=1), data.audit(seed=1)
    assert replace(first, created="") == replace(second, created="")


def test_progress_ends_where_it_said(data: Dataset) -> None:
    told: list[tuple[int, int]] = []
    data.audit(on_progress=lambda done, total: told.append((done, total)))
    assert told[-1][0] == told[-1][1]
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert len({total for _, total in told}) == 1


def test_a_given_split_that_leaks_is_told_of(data: Dataset) -> None:
    sides = ("train", "test")
    split = replace(
        data,
        samples=tuple(
            replace(s, attributes={"side": sides["zz-" in s.path], "scene": "street"})
            for s in data.samples
        ),
    )
    found = split.audit()
    assert all(group.sides == ("test", "train") for group in found.near_duplicates)
    assert [group.crosses_classes for group in found.near_duplicates] == [True, False, False, False]
    assert found.split_scenes == {"street": ("test", "train")}


def test_persons_on_two_sides_of_a_given_split_are_told_of(data: Dataset) -> None:
    blind = replace(data, samples=tuple(s for s in data.samples if "zz-" not in s.path))
    own = [{"side": ("train", "test")[index % 2]} for index in range(len(blind.samples))]
    own[0]["group"] = own[3]["group"] = own[7]["group"] = "somebody"
    own[1]["group"] = own[5]["group"] = "who is on one side only"
    split = replace(
        blind,
        samples=tuple(
            replace(s, attributes=attributes)
            for s, attributes in zip(blind.samples, own, strict=True)
        ),
    )
    found = split.audit()
    (parted,) = found.parted_groups
    assert parted.paths == tuple(sorted(blind.samples[index].path for index in (0, 3, 7)))
    assert parted.sides == ("test", "train")
    assert "1 group of pictures that belong together on two sides" in str(found)


def test_a_copy_without_contradictions_can_be_trained_on(flawed: Path, tmp_path: Path) -> None:
    shutil.copytree(flawed, tmp_path / "set")
    masked = sorted((tmp_path / "set" / "with_mask").glob("*.jpg"))[5]
    shutil.copy(masked, tmp_path / "set" / "without_mask" / "zz-equal.jpg")
    data = Dataset.open(tmp_path / "set")
    boxed = replace(data, samples=tuple(replace(s, box_xyxy=(0, 0, 20, 20)) for s in data.samples))
    found = boxed.audit()
    assert [face.paths for face in found.contradictions] == [
        (f"with_mask/{masked.name}", "without_mask/zz-equal.jpg")
    ]
    assert [group.crosses_classes for group in found.near_duplicates[:3]] == [True, True, False]
    cleaned, _ = clean(boxed, found)
    cleaned.require_trainable((0, 1))


def test_a_set_of_one_class_or_none_is_audited_too(data: Dataset, tmp_path: Path) -> None:
    one = data.only([WITH_MASK]).audit()
    assert (one.probes, one.mislabels, one.leak) == ((), (), None)
    assert one.near_duplicates
    nothing = Dataset(tmp_path, ()).audit()
    assert nothing.n_pictures == 0
    assert nothing.to_html()


def test_a_picture_that_changed_is_refused(flawed: Path, tmp_path: Path) -> None:
    shutil.copytree(flawed, tmp_path / "set")
    data = Dataset.open(tmp_path / "set")
    (tmp_path / "set" / data.samples[0].path).write_bytes(b"other")
    with pytest.raises(BadDataset, match="has changed"):
        data.audit()


def test_cleaning_keeps_the_best_of_each_shot_and_no_contradiction(
    flawed: Path, data: Dataset
) -> None:
    masked = [f"with_mask/{path.name}" for path in sorted((flawed / "with_mask").glob("*.jpg"))]
    cleaned, removed = clean(data, data.audit())
    assert set(removed) == {
        *("with_mask/zz-empty.jpg", "without_mask/zz-other-class.png", masked[2]),
        masked[0],  # of equal copies the last by name stays
        min(removed.keys() & {masked[1], "with_mask/zz-mirrored.jpg"}),
        min(removed.keys() & {masked[3], "with_mask/zz-misnamed.jpg"}),
    }
    assert {sample.path for sample in cleaned.samples} == {
        sample.path for sample in data.samples
    } - set(removed)
    assert removed["without_mask/zz-other-class.png"] == "the same shot stands in another class"
    assert not cleaned.audit().near_duplicates


def test_a_painted_mask_is_no_contradiction(data: Dataset) -> None:
    painted = replace(
        data,
        samples=tuple(replace(s, attributes={"synthetic": "1"}) for s in data.samples),
    )
    _, removed = clean(painted, painted.audit())
    assert "without_mask/zz-other-class.png" not in removed
