from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from annotations import put_picture, put_text
from maskwise.dataset.class_names import class_of
from maskwise.dataset.formats.listing import Listing
from maskwise.dataset.formats.recognition import list_data_set
from maskwise.dataset.formats.tree import Tree
from maskwise.dataset.formats.yolo import list_yolo
from maskwise.dataset.samples import Candidate, Rejected
from maskwise.errors import BadDataset

YAML = "names: [without_mask, with_mask]\ntrain: images\n"


def listed(root: Path) -> Listing:
    return list_yolo(Tree.walk(root), class_of, root / "data.yaml")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    put_text(tmp_path / "data.yaml", YAML)
    return put_picture(tmp_path / "images" / "a.png").parents[1]


def test_a_box_is_in_pixels_of_the_picture(root: Path) -> None:
    put_text(root / "labels" / "a.txt", "\n1 0.5 0.5 0.25 0.5\n")
    assert listed(root).candidates == [
        Candidate("images/a.png", 1, (18.0, 10.0, 30.0, 30.0), where="labels/a.txt:2")
    ]


def test_a_box_is_in_pixels_of_the_upright_picture(root: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # on its side
    Image.fromarray(np.zeros((20, 60, 3), np.uint8)).save(root / "images" / "b.jpg", exif=exif)
    put_text(root / "labels" / "b.txt", "0 0.5 0.5 1 0.5")
    assert [face.box_xyxy for face in listed(root).candidates] == [(0.0, 15.0, 20.0, 45.0)]


def test_six_decimals_do_not_put_a_box_beyond_the_edge(tmp_path: Path) -> None:
    put_text(tmp_path / "data.yaml", YAML)
    put_picture(tmp_path / "images" / "a.png", size_hw=(300, 1000))
    # A box from 0 to 333 and from 111 to 300, the last decimals rounded up.
    put_text(tmp_path / "labels" / "a.txt", "0 0.166500 0.685000 0.333001 0.630001")
    (face,) = listed(tmp_path).candidates
    assert face.box_xyxy is not None
    assert face.box_xyxy[0] == 0
    assert face.box_xyxy[3] == 300
    assert face.box_xyxy == pytest.approx((0, 111, 333, 300), abs=0.001)


def test_of_an_outline_the_bounding_box_is_taken(root: Path) -> None:
    put_text(root / "labels" / "a.txt", "1 0.5 0.25 0.75 0.5 0.25 0.75")
    assert [face.box_xyxy for face in listed(root).candidates] == [(12.0, 10.0, 36.0, 30.0)]


def test_a_sixth_number_is_the_confidence(root: Path) -> None:
    put_text(root / "labels" / "a.txt", "1 0.5 0.5 0.25 0.5 0.87")
    assert listed(root).candidates[0].attributes == {"confidence": "0.87"}


def test_an_empty_file_says_no_face_and_a_missing_one_nothing(root: Path) -> None:
    put_picture(root / "images" / "b.png")
    put_text(root / "labels" / "a.txt", "\n \n")
    listing = listed(root)
    assert (list(listing.faceless), listing.unlabelled) == (["images/a.png"], ["images/b.png"])


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1 0.5 0.5 0.2", "has 4 columns instead of 5"),
        ("1 0.5 0.5 0.2 0.1 0.1 0.1 0.1", "has 8 columns instead of 5"),
        ("2 0.5 0.5 0.2 0.1", "no class '2' among the 2 names"),
        ("-1 0.5 0.5 0.2 0.1", "no class '-1' among the 2 names"),
        ("mask 0.5 0.5 0.2 0.1", "'mask' is not a number"),
        ("1 0.5 x 0.2 0.1", "'x' is not a number"),
        ("1 0.5 nan 0.2 0.1", "'nan' is not a number"),
        ("1 0.5 1.5 0.2 0.1", "1.5 is not a share of the picture"),
        ("1 0.5 0.5 -0.2 0.1", "-0.2 is not a share of the picture"),
        ("1 240 120 50 60", "240 is not a share of the picture"),
    ],
)
def test_a_line_that_cannot_be_used_is_a_problem(root: Path, line: str, reason: str) -> None:
    put_text(root / "labels" / "a.txt", f"0 0.5 0.5 0.1 0.1\n{line}\n")
    listing = listed(root)
    (problem,) = listing.problems
    assert problem.where == "labels/a.txt:2"
    assert reason in problem.reason
    assert len(listing.candidates) == 1


def test_sides_are_folders_lists_or_several_of_them(tmp_path: Path) -> None:
    for path in ("images/x/a.png", "images/y/b.png", "pics/c.png", "pics/d.png", "pics/e.png"):
        put_picture(tmp_path / path)
        put_text(
            tmp_path / path.replace("images", "labels").replace(".png", ".txt"),
            "0 0.5 0.5 0.1 0.1",
        )
    put_text(tmp_path / "lists" / "val.txt", "../pics/c.png\r\n\r\n")
    put_text(tmp_path / "lists" / "test.txt", "pics/d.png\n/etc/e.png\ngone.png\n")
    put_text(
        tmp_path / "data.yaml",
        "names: {0: without_mask}\npath: .\ntrain: [images/x, ../images/y]\n"
        "val: lists/val.txt\ntest: lists/test.txt\n",
    )
    listing = listed(tmp_path)
    assert {face.path: face.attributes["side"] for face in listing.candidates} == {
        "images/x/a.png": "train",
        "images/y/b.png": "train",
        "pics/c.png": "validation",
        "pics/d.png": "test",
    }
    assert [problem.where for problem in listing.problems] == [
        "lists/test.txt:2",
        "lists/test.txt:3",
    ]
    assert listing.unlabelled == ["pics/e.png"]


def test_the_same_folder_on_both_sides_is_no_split(root: Path) -> None:
    put_text(root / "data.yaml", YAML + "val: images\n")
    put_text(root / "labels" / "a.txt", "1 0.5 0.5 0.25 0.5")
    listing = listed(root)
    assert not listing.candidates[0].attributes
    assert not listing.problems


def test_a_folder_that_is_not_there_is_a_problem(root: Path) -> None:
    put_text(root / "data.yaml", YAML + "val: images/val\n")
    (problem,) = listed(root).problems
    assert problem.where == "data.yaml"
    assert "'images/val' is no folder with pictures" in problem.reason


@pytest.mark.parametrize(
    ("text", "where", "reason"),
    [
        pytest.param("names: [a\ntrain: x\n", "data.yaml:2", "broken YAML", id="broken"),
        pytest.param("names: !!python/object:os.system ls", "data.yaml", "must name", id="unsafe"),
        pytest.param("- names", "data.yaml", "must name the classes", id="a list"),
        pytest.param("names: {a: b}", "data.yaml", "a list of names", id="no numbers"),
        pytest.param("names: " + "[" * 5000, "data.yaml", "nested|broken", id="deep"),
        pytest.param("names: {.inf: b}", "data.yaml", "a list of names", id="infinite number"),
        pytest.param("names: 2020-99-99", "data.yaml", "must name", id="a date"),
        pytest.param("names: []", "data.yaml", "must name", id="no names"),
        pytest.param("names: [[a]]", "data.yaml", "a list of names", id="a name that is a list"),
        pytest.param("names: [a]\n" + "#" * 70_000, "data.yaml", "than 64 KiB", id="too long"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_problem(
    root: Path, text: str, where: str, reason: str
) -> None:
    put_text(root / "data.yaml", text)
    (problem,) = listed(root).problems
    assert problem.where.startswith(where)
    assert any(word in problem.reason for word in reason.split("|"))


def test_a_bomb_of_references_does_no_harm(root: Path) -> None:
    bomb = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
    put_text(root / "labels" / "a.txt", "1 0.5 0.5 0.25 0.5")
    put_text(root / "data.yaml", f"a0: &a0 [x]\n{bomb}{YAML}")
    assert len(listed(root).candidates) == 1
    put_text(root / "data.yaml", f"a0: &a0 [x]\n{bomb}names: {{0: *a29}}\n")
    (problem,) = listed(root).problems
    assert "must have a list of names" in problem.reason


def test_names_are_texts_as_they_stand(root: Path) -> None:
    put_text(root / "data.yaml", "names: [on, 2.50, null, 1:30]\n")
    put_text(root / "labels" / "a.txt", "".join(f"{n} .{n + 2} .5 .1 .1\n" for n in range(4)))
    own_names = dict.fromkeys(("on", "2.50", "null", "1:30"), "with_mask")
    listing = list_data_set(root, class_names=own_names)[1]
    assert [face.label for face in listing.candidates] == [1, 1, 1, 1]


@pytest.mark.parametrize("nothing", ["", "~", "null", "# none"])
def test_a_side_may_be_empty(root: Path, nothing: str) -> None:
    put_text(root / "data.yaml", f"{YAML}test: {nothing}\n")
    put_text(root / "labels" / "a.txt", "1 0.5 0.5 0.25 0.5")
    listing = listed(root)
    assert len(listing.candidates) == 1
    assert not listing.problems


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_files_of_other_encodings_are_read(root: Path, encoding: str) -> None:
    (root / "data.yaml").write_bytes(YAML.encode(encoding))
    put_text(root / "labels" / "a.txt", "1 0.5 0.5 0.25 0.5")
    assert len(list_data_set(root)[1].candidates) == 1


def test_text_files_without_picture_are_problems(tmp_path: Path) -> None:
    for name in ("train/images/a.png", "other/images/b.png"):
        put_picture(tmp_path / name)
    put_text(tmp_path / "data.yaml", "names: [mask]\ntrain: train/images\nval: lists/v.txt\n")
    face = "0 0.5 0.5 0.1 0.1"
    for name in ("train/labels/a.txt", "train/labels/stray.txt", "labels/deep/stray.txt"):
        put_text(tmp_path / name, face)
    put_text(tmp_path / "other" / "labels" / "b.txt", face)  # of a picture on no side
    for name in ("labels/classes.txt", "train/labels/README.md.txt", "notes.txt", "train.txt"):
        put_text(tmp_path / name, "not of a picture")
    put_text(tmp_path / "lists" / "v.txt", "other/images/b.png")
    listing = listed(tmp_path)
    assert [problem.where for problem in listing.problems] == [
        "labels/deep/stray.txt",
        "train/labels/stray.txt",
    ]


@pytest.mark.parametrize(
    ("picture", "text"),
    [
        ("Images/b.png", "Labels/b.txt"),
        ("IMAGES/b.png", "LABELS/b.txt"),
        ("images/b.png", "labels/b.TXT"),
        ("Images/x/b.png", "Images/x/b.txt"),
    ],
)
def test_capitals_do_not_part_a_text_from_its_picture(
    tmp_path: Path, picture: str, text: str
) -> None:
    put_picture(tmp_path / picture)
    put_text(tmp_path / text, "0 0.5 0.5 0.1 0.1")
    put_text(tmp_path / "data.yaml", "names: [mask]")
    assert [face.path for face in listed(tmp_path).candidates] == [picture]


def test_faces_are_counted_as_they_are_listed(root: Path) -> None:
    put_text(root / "labels" / "a.txt", "\n9 .5 .5 .1 .1\n1 .5 .5 .1 .1\n")
    assert [face.number for face in listed(root).candidates] == [2]


def test_a_picture_whose_size_cannot_be_told_is_not_used(root: Path) -> None:
    (root / "images" / "a.png").write_text("no picture")
    put_text(root / "labels" / "a.txt", "1 0.5 0.5 0.25 0.5")
    listing = listed(root)
    assert listing.rejected == [
        Rejected("images/a.png", "this is a text; save the picture as JPEG, PNG or WebP")
    ]
    assert not listing.unlabelled


def test_the_path_in_a_file_that_is_named_is_the_data_folder(tmp_path: Path) -> None:
    put_picture(tmp_path / "pictures" / "images" / "a.png")
    put_text(tmp_path / "pictures" / "labels" / "a.txt", "1 0.5 0.5 0.25 0.5")
    file = put_text(tmp_path / "configs" / "masks.yaml", f"path: ../pictures\n{YAML}")
    root, listing = list_data_set(file)
    assert [face.path for face in listing.candidates] == ["images/a.png"]
    assert (root / "images" / "a.png").is_file()


@pytest.mark.parametrize("path", ['"\\0"', '"\\ud800"', "x" * 5000, "[1, 2]", "/nowhere", "../.."])
def test_a_path_that_is_no_folder_of_the_data_does_not_count(root: Path, path: str) -> None:
    put_text(root / "data.yaml", f"path: {path}\n{YAML}")
    put_text(root / "labels" / "a.txt", "1 0.5 0.5 0.25 0.5")
    assert len(listed(root).candidates) == 1


@pytest.mark.parametrize("path", ['"\\ud800"', "x" * 5000])
def test_a_path_that_no_folder_can_have_leaves_that_of_the_file(root: Path, path: str) -> None:
    put_text(root / "data.yaml", f"path: {path}\n{YAML}")
    put_text(root / "labels" / "a.txt", "1 0.5 0.5 0.25 0.5")
    assert list_data_set(root / "data.yaml")[0] == root


def test_a_broken_file_that_is_named_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadDataset, match=r"data\.yaml:1: is broken YAML"):
        list_data_set(put_text(tmp_path / "data.yaml", "names: ["))
