import json
from pathlib import Path

import pytest

from annotations import coco_json, put_picture, put_text
from maskwise.dataset.formats.listing import Listing
from maskwise.dataset.formats.recognition import list_data_set


def listed(root: Path, manifest: str) -> Listing:
    put_text(root / "manifest.csv", manifest)
    return list_data_set(root)[1]


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    put_picture(tmp_path / "without_mask" / "b.png")
    return put_picture(tmp_path / "with_mask" / "a.png").parents[1]


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    put_picture(tmp_path / "images" / "a.png")
    faces = [
        {"id": n, "image_id": 1, "category_id": n, "bbox": [n, n, 9, 9], "note": f"own {n}"}
        for n in (1, 2)
    ]
    put_text(tmp_path / "coco.json", coco_json([{"id": 1, "file_name": "a.png"}], faces))
    return tmp_path


def test_lines_give_attributes_to_the_pictures_that_they_name(folders: Path) -> None:
    text = "file,label,source,group\nwith_mask/a.png,with_mask,kaggle,\n"
    listing = listed(folders, text)
    assert [face.attributes for face in listing.candidates] == [{"source": "kaggle"}, {}]
    assert not listing.problems


def test_what_is_wrong_is_said_and_the_folder_is_right(folders: Path) -> None:
    text = (
        "file,label,source\nwith_mask/a.png,without_mask,x\nwith_mask/gone.png,with_mask,x\n"
        "without_mask/b.png,,x\nwithout_mask/b.png,,x\nwith_mask/a.png,x\n"
    )
    listing = listed(folders, text)
    assert [face.label for face in listing.candidates] == [1, 0]
    assert [face.attributes for face in listing.candidates] == [{}, {"source": "x"}]
    assert [(problem.where, problem.reason.partition(":")[0]) for problem in listing.problems] == [
        ("manifest.csv:2", "calls 'with_mask/a.png' without_mask, but it is with_mask"),
        ("manifest.csv:3", "there is no picture 'with_mask/gone.png' in the data folder"),
        ("manifest.csv:5", "the same face or picture is spoken of in manifest.csv"),
        ("manifest.csv:6", "the line has 2 cells instead of 3"),
    ]


def test_a_line_speaks_of_one_face_or_of_all_in_a_picture(scene: Path) -> None:
    listing = listed(scene, "file,face,pose,note\na.png,2,left,better\n")
    assert [face.attributes for face in listing.candidates] == [
        {"note": "own 1"},
        {"note": "better", "pose": "left"},
    ]
    listing = listed(scene, "file,pose\na.png,left\n")
    assert [face.attributes["pose"] for face in listing.candidates] == ["left", "left"]


def test_a_face_may_be_said_to_fill_its_picture(scene: Path) -> None:
    listing = listed(scene, "file,face,whole_picture\na.png,1,1\na.png,2,\n")
    assert [face.box_xyxy for face in listing.candidates] == [None, (2.0, 2.0, 11.0, 11.0)]


@pytest.mark.parametrize("number", ["0", "3", "-1", "x", "1.0", "²"])
def test_a_face_that_is_not_there_is_a_problem(scene: Path, number: str) -> None:
    (problem,) = listed(scene, f"file,face\na.png,{number}\n").problems
    assert problem.where == "manifest.csv:2"
    assert f"none of the 2 faces that are used is number {number!r}" in problem.reason


def test_faces_are_counted_as_they_are_listed(scene: Path) -> None:
    text = json.loads((scene / "coco.json").read_text())
    text["annotations"].insert(0, text["annotations"][0] | {"id": 3, "category_id": 9})
    put_text(scene / "coco.json", json.dumps(text))
    listing = listed(scene, "file,face,pose\na.png,2,left\na.png,3,right\n")
    assert [face.attributes["pose"] for face in listing.candidates] == ["left", "right"]


def test_a_line_may_speak_of_a_picture_without_faces(scene: Path) -> None:
    put_text(scene / "coco.json", coco_json([{"id": 1, "file_name": "a.png", "note": "own"}], []))
    listing = listed(scene, "file,face,source\na.png,,kaggle\na.png,,again\na.png,1,kaggle\n")
    assert listing.faceless == {"images/a.png": {"note": "own", "source": "kaggle"}}
    assert [(problem.where, problem.reason.partition(":")[0]) for problem in listing.problems] == [
        ("manifest.csv:3", "the same face or picture is spoken of in manifest.csv"),
        ("manifest.csv:4", "speaks of a face, but 'images/a.png' is said to show none"),
    ]


def test_a_manifest_without_pictures_is_a_problem(folders: Path) -> None:
    listing = listed(folders, "name,value\na,b\n")
    assert len(listing.candidates) == 2
    assert [problem.reason for problem in listing.problems] == ["has no column `file`: not used"]
