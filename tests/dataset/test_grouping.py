from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from maskwise.dataset.audit.fingerprint import take_fingerprint
from maskwise.dataset.dataset import Dataset
from maskwise.dataset.drawn import draw_sample_set
from maskwise.dataset.grouping import group_beside, group_samples, join_groups
from maskwise.dataset.samples import Sample
from maskwise.dataset.split import find_leaks, split_by_group
from maskwise.images import read_image


def faces(*attributes: dict[str, str]) -> Dataset:
    samples = tuple(
        Sample(f"{index}.jpg", index % 2, 1, f"{index:064x}", (9, 9), attributes=own)
        for index, own in enumerate(attributes)
    )
    return Dataset(Path("data"), samples)


def groups_of(data: Dataset) -> list[str]:
    return [sample.attributes["group"] for sample in data.samples]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn") / "set"
    draw_sample_set(folder, count=40, seed=3)
    return folder


def test_copies_of_a_picture_are_one_group_whatever_was_done_to_them(drawn: Path) -> None:
    first = min(drawn.rglob("with_mask/*.jpg"))
    picture = Image.open(first)
    ImageOps.mirror(picture).save(first.with_name("zz-mirrored.jpg"), quality=60)
    picture.resize((90, 90)).save(first.with_name("zz-small.png"))
    data = group_samples(Dataset.open(drawn))
    name = first.relative_to(drawn).as_posix()
    same = [sample.path for sample in data.samples if sample.attributes["group"] == name]
    assert same == [name, "with_mask/zz-mirrored.jpg", "with_mask/zz-small.png"]


def test_drawn_faces_are_no_copies_of_each_other(drawn: Path) -> None:
    data = Dataset.open(drawn)
    originals = replace(data, samples=tuple(s for s in data.samples if "zz-" not in s.path))
    assert len(set(groups_of(group_samples(originals)))) == len(originals.samples)


def test_each_picture_is_told_of(drawn: Path) -> None:
    told: list[tuple[int, int]] = []
    data = Dataset.open(drawn)
    group_samples(data, on_progress=lambda done, total: told.append((done, total)))
    n = len(data.samples)
    assert told == [(done, n) for done in range(1, n + 1)]


def test_one_scene_and_one_group_of_the_data_set_hold_together() -> None:
    data = faces({"scene": "street"}, {"group": "7"}, {"scene": "street", "group": "7"}, {})
    assert groups_of(join_groups(data, [])) == ["0.jpg", "0.jpg", "0.jpg", "3.jpg"]


def test_a_scene_and_a_group_of_one_name_are_two_things() -> None:
    assert groups_of(join_groups(faces({"scene": "7"}, {"group": "7"}), [])) == ["0.jpg", "1.jpg"]


def test_an_empty_value_ties_nothing() -> None:
    assert groups_of(join_groups(faces({"scene": ""}, {"scene": ""}), [])) == ["0.jpg", "1.jpg"]


def test_near_duplicates_are_tied_and_carry_their_scenes_with_them() -> None:
    data = faces({}, {"scene": "a"}, {}, {"scene": "a"}, {})
    assert groups_of(join_groups(data, [(0, 1)])) == ["0.jpg", "0.jpg", "2.jpg", "0.jpg", "4.jpg"]


def test_near_duplicates_that_overlap_are_one_group() -> None:
    data = faces({}, {}, {}, {}, {}, {})
    near_duplicates = [(0, 1), (4, 5), (1, 2), (2, 4)]
    expected = ["0.jpg", "0.jpg", "0.jpg", "3.jpg", "0.jpg", "0.jpg"]
    assert groups_of(join_groups(data, near_duplicates)) == expected


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Forty frames of a camera that moves towards a wall, and one other picture."""
    random = np.random.default_rng(0)
    total = np.zeros((640, 640, 3))
    for cells in (3, 6, 12, 24):
        clouds = Image.fromarray(random.integers(0, 256, (cells, cells, 3), dtype=np.uint8))
        total += np.asarray(clouds.resize((640, 640), Image.Resampling.BICUBIC)) / 4
    wall = ImageOps.autocontrast(Image.fromarray(total.astype(np.uint8)))
    for index in range(40):
        file = tmp_path / "film" / ("with_mask", "without_mask")[index % 2] / f"{index:02}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        frame = wall.crop((6 * index, 6 * index, 640 - 6 * index, 640 - 6 * index))
        frame.resize((160, 160)).save(file)
    wall.rotate(90).save(tmp_path / "film" / "with_mask" / "other.png")
    return tmp_path / "film"


def test_a_film_is_one_group(film: Path) -> None:
    groups = Counter(groups_of(group_samples(Dataset.open(film))))
    assert groups == {"with_mask/00.png": 40, "with_mask/other.png": 1}


def test_all_of_a_film_is_familiar_of_which_a_frame_is(film: Path) -> None:
    data = Dataset.open(film)
    seen = take_fingerprint(read_image(film / "with_mask" / "00.png"))
    grouped, familiar = group_beside(data, seen[None])
    assert {sample.path for sample in data.samples} - familiar == {"with_mask/other.png"}
    assert grouped.samples == group_samples(data).samples


def test_faces_of_one_picture_are_one_group() -> None:
    face = Sample("a.jpg", 0, 1, "0" * 64, (9, 9), box_xyxy=(0, 0, 4, 4))
    other = replace(face, label=1, box_xyxy=(4, 4, 8, 8))
    far = replace(face, path="b.jpg")
    data = Dataset(Path("data"), (face, other, far))
    assert groups_of(join_groups(data, [])) == ["a.jpg", "a.jpg", "b.jpg"]
    assert groups_of(join_groups(data, [(0, 1)])) == ["a.jpg", "a.jpg", "a.jpg"]


def test_grouped_data_is_not_read_again(drawn: Path) -> None:
    data = group_samples(Dataset.open(drawn))
    assert group_samples(replace(data, root=Path("gone"))).samples == data.samples


def test_no_data_no_groups() -> None:
    assert group_samples(Dataset(Path("data"), ())).samples == ()


@pytest.mark.real
def test_a_split_of_real_faces_by_group_parts_no_known_near_duplicates(real_data: Path) -> None:
    data = Dataset.open(real_data / "faces")
    known = replace(data, samples=tuple(s for s in data.samples if s.source == "chandrikadeb7"))
    blind = replace(
        known,
        samples=tuple(replace(s, attributes={"source": s.source}) for s in known.samples),
    )
    split = split_by_group(
        group_samples(blind).samples, test_share=0.2, validation_share=0.1, seed=0
    )
    back = {sample.path: sample for sample in known.samples}
    sides = {side: [back[s.path] for s in getattr(split, side)] for side in ("train", "test")}
    trained = {s.attributes["group"] for s in sides["train"]}
    leaking = [s for s in sides["test"] if s.attributes["group"] in trained]
    assert len(leaking) <= 0.01 * len(sides["test"])
    assert not find_leaks(split)
