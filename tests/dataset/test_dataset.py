import hashlib
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskwise.dataset.dataset import Dataset
from maskwise.errors import BadDataset
from maskwise.names import legible
from maskwise.preprocess import PreprocessSpec


def state_of(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_samples_say_what_the_files_are(pictures: Path) -> None:
    data = Dataset.open(pictures)
    assert data.counts() == {"without_mask": 20, "with_mask": 20}
    assert [sample.path for sample in data.samples] == sorted(
        str(path.relative_to(pictures)) for path in pictures.rglob("*.png")
    )
    for sample in data.samples:
        content = (pictures / sample.path).read_bytes()
        assert sample.sha256 == hashlib.sha256(content).hexdigest()
        assert sample.n_bytes == len(content)
        assert sample.size_hw == (40, 48)
        assert sample.label == int(sample.path.startswith("with_mask"))


def test_unreadable_files_are_listed_with_the_reason_and_nothing_else_is_lost(
    pictures: Path,
) -> None:
    (pictures / "with_mask" / "empty.jpg").write_bytes(b"")
    (pictures / "with_mask" / "text.png").write_text("no picture")
    whole = (pictures / "with_mask" / "0001.png").read_bytes()
    (pictures / "without_mask" / "cut.png").write_bytes(whole[: len(whole) // 2])
    data = Dataset.open(pictures)
    assert [file.path for file in data.unreadable] == [
        "with_mask/empty.jpg",
        "with_mask/text.png",
        "without_mask/cut.png",
    ]
    assert all(file.reason for file in data.unreadable)
    assert len(data.samples) == 40
    data.require_trainable((0, 1))


def test_the_folder_is_not_touched(pictures: Path) -> None:
    before = state_of(pictures)
    data = Dataset.open(pictures)
    data.read(data.samples[0])
    assert state_of(pictures) == before


def test_progress_counts_every_picture(pictures: Path) -> None:
    seen: list[tuple[int, int]] = []
    Dataset.open(pictures, on_progress=lambda done, total: seen.append((done, total)))
    assert seen == [(done, 40) for done in range(1, 41)]


def test_read_gives_the_picture(pictures: Path) -> None:
    data = Dataset.open(pictures)
    expected = np.array(Image.open(pictures / data.samples[0].path))
    assert np.array_equal(data.read(data.samples[0]), expected)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda path: path.write_bytes(b"other"), id="changed"),
        pytest.param(lambda path: path.unlink(), id="gone"),
    ],
)
def test_read_refuses_another_file_than_at_first(pictures: Path, damage: object) -> None:
    data = Dataset.open(pictures)
    damage(pictures / data.samples[0].path)  # type: ignore[operator]
    with pytest.raises(BadDataset, match=r"with_mask/0001\.png"):
        data.read(data.samples[0])


def test_only_keeps_the_classes_asked_for(pictures: Path) -> None:
    assert Dataset.open(pictures).only({1}).counts() == {"with_mask": 20}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        pytest.param(Path.exists, "does not exist", id="missing"),
        pytest.param(lambda path: path.write_text(""), "is a file", id="file"),
        pytest.param(lambda path: path.mkdir(), "No picture lies in", id="empty"),
    ],
)
def test_no_data_is_one_clear_error(tmp_path: Path, make: object, message: str) -> None:
    make(tmp_path / "data")  # type: ignore[operator]
    with pytest.raises(BadDataset, match=message):
        Dataset.open(tmp_path / "data")


def test_pictures_without_class_folders_are_counted(tmp_path: Path) -> None:
    for index in range(3):
        Image.new("RGB", (8, 8)).save(tmp_path / f"{index}.png")
    with pytest.raises(BadDataset, match=r"3 pictures lie in .* none under a folder with a class"):
        Dataset.open(tmp_path)


def test_one_class_is_refused(pictures: Path) -> None:
    for path in (pictures / "without_mask").iterdir():
        path.unlink()
    with pytest.raises(BadDataset, match=r"at least 10 pictures of without_mask\. Found: 20 with"):
        Dataset.open(pictures).require_trainable((0, 1))


def test_too_few_of_a_class_are_refused(pictures: Path) -> None:
    for path in sorted((pictures / "with_mask").iterdir())[9:]:
        path.unlink()
    with pytest.raises(BadDataset, match="at least 10 pictures of with_mask"):
        Dataset.open(pictures).require_trainable((0, 1))


def test_too_many_unreadable_are_refused(pictures: Path) -> None:
    for index in range(11):
        (pictures / "with_mask" / f"broken{index}.jpg").write_bytes(b"")
    with pytest.raises(BadDataset, match=r"11 of 51 files .* cannot be used \(22%; at most 20%"):
        Dataset.open(pictures).require_trainable((0, 1))


def test_a_picture_in_two_classes_is_refused_and_both_are_named(pictures: Path) -> None:
    content = (pictures / "with_mask" / "0001.png").read_bytes()
    (pictures / "without_mask" / "copy.png").write_bytes(content)
    with pytest.raises(BadDataset, match=r"with_mask/0001\.png and without_mask/copy\.png"):
        Dataset.open(pictures).require_trainable((0, 1))


def test_hostile_trees_neither_hang_nor_crash(pictures: Path) -> None:
    folder = pictures / "with_mask"
    (folder / "zero.jpg").symlink_to("/dev/zero")
    (folder / "loop").symlink_to(pictures, target_is_directory=True)
    os.mkfifo(folder / "pipe.jpg")
    with (folder / "huge.jpg").open("wb") as file:
        file.truncate(5 * 2**30)
    image = Image.new("RGB", (8, 8))
    names = ("a\nb.png", "=cmd|x.png", "\u202egnp.png", os.fsdecode(b"\xff.png"))
    for index, name in enumerate(names):
        image.putpixel((0, 0), (index, 0, 0))
        image.save(folder / name)
    data = Dataset.open(pictures)
    assert len(data.samples) == 44
    assert {legible(file.path) for file in data.unreadable} == {
        f"with_mask/{name}" for name in ("huge.jpg", "loop", "pipe.jpg", "zero.jpg")
    }


@pytest.mark.real
def test_the_dirty_set_is_sorted_into_usable_and_not(real_data: Path, tmp_path: Path) -> None:
    shutil.copytree(real_data / "dirty", tmp_path / "mask")
    data = Dataset.open(tmp_path)
    pictures = len(list((tmp_path / "mask").iterdir())) - 1  # index.csv is none
    assert len(data.samples) + len(data.unreadable) == pictures
    reasons = {file.path.removeprefix("mask/"): file.reason for file in data.unreadable}
    for kind in ("zero_byte", "truncated_jpeg", "lfs_pointer"):
        assert [name for name in reasons if name.startswith(kind)], kind


def boxed(folder: Path, *rows: str) -> Dataset:
    folder.mkdir()
    Image.fromarray(np.full((60, 80, 3), 90, np.uint8)).save(folder / "a.png")
    header = "file,label,xmin,ymin,xmax,ymax,width,height"
    (folder / "faces.csv").write_text("\n".join([header, *rows]) + "\n")
    return Dataset.open(folder)


def test_each_face_of_a_picture_is_a_sample(tmp_path: Path) -> None:
    data = boxed(tmp_path / "data", "a.png,mask,1,2,30,40,80,60", "a.png,no mask,40,2,79,59,80,60")
    first, second = data.samples
    assert (first.label, first.box_xyxy, first.size_hw) == (1, (1, 2, 30, 40), (60, 80))
    assert (second.label, second.sha256) == (0, first.sha256)
    assert data.read_face(first, PreprocessSpec(crop_margin=0)).shape == (38, 38, 3)
    assert not data.problems


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("a.png,mask,30,2,30,40,80,60", "the box (30, 2, 30, 40) is empty or inverted"),
        ("a.png,mask,30,2,10,40,80,60", "the box (30, 2, 10, 40) is empty or inverted"),
        ("a.png,mask,90,2,99,40,80,60", "lies outside the picture of 80x60"),
        ("a.png,mask,1,2,30,40,60,80", "annotated at 60x80, but the upright picture is 80x60"),
        ("a.png,holiday,1,2,30,40,80,60", "holiday"),
        ("gone.png,mask,1,2,30,40,80,60", "gone.png"),
        ("a.png,mask,1,2,x,40,80,60", "x"),
        ("a.png,mask,0.1,0.2,0.5,1,80,60", "(0.1, 0.2, 0.5, 1) lies in a single pixel, as shares"),
    ],
)
def test_a_face_that_cannot_be_is_a_problem_with_file_and_line(
    tmp_path: Path, row: str, reason: str
) -> None:
    data = boxed(tmp_path / "data", "a.png,no mask,1,1,9,9,80,60", row)
    assert len(data.samples) == 1
    (problem,) = data.problems
    assert problem.where.startswith("faces.csv")
    assert reason in problem.reason
    with pytest.raises(BadDataset, match=r"has 1 problems in annotations\. The first: faces\.csv"):
        Dataset.open(tmp_path / "data", strict=True)


def test_a_box_that_reaches_out_is_cut_off_and_told_of(tmp_path: Path) -> None:
    data = boxed(tmp_path / "data", "a.png,mask,-5,2,90,40,80,60")
    assert data.samples[0].box_xyxy == (0, 2, 80, 40)
    assert "reaches out of the picture of 80x60: it is cut off" in data.problems[0].reason


def test_the_same_face_twice_is_one(tmp_path: Path) -> None:
    data = boxed(tmp_path / "data", *["a.png,mask,1,2,30,40,80,60"] * 2)
    assert len(data.samples) == 1
    assert "listed twice" in data.problems[0].reason


def test_of_one_face_in_two_classes_nobody_knows_which_is_right(tmp_path: Path) -> None:
    data = boxed(
        tmp_path / "data",
        *("a.png,mask,1,2,30,40,80,60", "a.png,bare face,1,2,30,40,80,60"),
        *("a.png,mask,31,2,60,40,80,60", "a.png,bare face,1,2,30,40,8,6"),
    )
    assert [sample.box_xyxy for sample in data.samples] == [(31, 2, 60, 40)]
    assert [(problem.where, problem.reason.partition(":")[0]) for problem in data.problems] == [
        ("faces.csv:5", "annotated at 8x6, but the upright picture is 80x60"),
        ("faces.csv:2", "the same face is listed as without_mask and with_mask"),
        ("faces.csv:3", "the same face is listed as without_mask and with_mask"),
    ]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "more.png",
            b"",
            "has 1 files that cannot be used. The first: more.png: the file is empty",
        ),
        ("more.png", None, "1 pictures of which no class is known. The first: more.png"),
    ],
)
def test_a_strict_look_lets_nothing_through_that_is_not_used(
    pictures: Path, name: str, content: bytes | None, message: str
) -> None:
    whole = (pictures / "with_mask" / "0001.png").read_bytes()
    folder = pictures / "with_mask" if content is not None else pictures
    (folder / name).write_bytes(whole if content is None else content)
    assert len(Dataset.open(pictures).samples) == 40
    with pytest.raises(BadDataset) as caught:
        Dataset.open(pictures, strict=True)
    assert message.replace("more.png", str((folder / name).relative_to(pictures))) in str(
        caught.value
    )


def test_pictures_that_are_said_to_show_no_face_must_be_readable_too(tmp_path: Path) -> None:
    data = boxed(tmp_path / "data", "a.png,mask,1,2,30,40,80,60")
    (tmp_path / "data" / "empty.png").write_bytes(b"")
    table = tmp_path / "data" / "faces.csv"
    table.write_text(table.read_text() + "empty.png,,,,,,,\n")
    data = Dataset.open(tmp_path / "data")
    assert [file.path for file in data.unreadable] == ["empty.png"]
    assert data.faceless == ()


def test_annotations_of_which_nothing_is_left_say_why(tmp_path: Path) -> None:
    with pytest.raises(BadDataset, match=r"No face in .* 1 problems in its annotations"):
        boxed(tmp_path / "data", "a.png,mask,9,9,1,1,80,60")
