import json
from pathlib import Path
from typing import Any

import pytest

from annotations import coco_json, put_picture, put_text
from maskwise.dataset.class_names import class_of
from maskwise.dataset.formats.coco import find_coco, list_coco
from maskwise.dataset.formats.listing import Listing
from maskwise.dataset.formats.tree import Tree
from maskwise.dataset.samples import Candidate, Problem

A: dict[str, Any] = {"id": 1, "file_name": "a.png"}
FACE: dict[str, Any] = {"id": 7, "image_id": 1, "category_id": 1, "bbox": [1, 2, 10, 10.5]}


def listed(root: Path) -> Listing:
    tree = Tree.walk(root)
    return list_coco(tree, class_of, find_coco(tree))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return put_picture(tmp_path / "images" / "a.png").parents[1]


def test_a_face_is_all_that_the_file_says_of_it(root: Path) -> None:
    image = A | {"width": 48, "height": 40, "source": "kaggle", "license": 3, "tags": ["x"]}
    face = FACE | {"area": 105.0, "iscrowd": 0, "segmentation": [[1, 2]], "blurred": True}
    put_text(root / "annotations.json", coco_json([image], [face]))
    assert listed(root).candidates == [
        Candidate(
            "images/a.png",
            1,
            (1.0, 2.0, 11.0, 12.5),
            {"source": "kaggle", "license": "3", "blurred": "true"},
            (40, 48),
            "annotations.json: annotation 7",
        )
    ]


@pytest.mark.parametrize("name", ["a.png", "x/a.png", "images/a.png", "./a.png"])
def test_pictures_are_looked_for_in_the_places_of_custom(tmp_path: Path, name: str) -> None:
    for place in ("x/a.png", "images/a.png", "images/x/a.png"):
        put_picture(tmp_path / place)
    put_text(tmp_path / "x" / "coco.json", coco_json([A | {"file_name": name}], [FACE]))
    expected = {"images/a.png": "images/a.png"}.get(name, "x/a.png")
    assert [face.path for face in listed(tmp_path).candidates] == [expected]


def test_an_image_without_annotations_shows_no_face(root: Path) -> None:
    put_text(root / "annotations.json", coco_json([A], []))
    assert list(listed(root).faceless) == ["images/a.png"]


def test_a_picture_that_no_file_lists_is_unlabelled(root: Path) -> None:
    put_picture(root / "images" / "b.png")
    put_text(root / "annotations.json", coco_json([A], [FACE]))
    assert listed(root).unlabelled == ["images/b.png"]


def test_files_of_a_side_come_first_and_the_others_fill_up(root: Path) -> None:
    images: list[dict[str, Any]] = [
        {"id": n, "file_name": f"{name}.png"} for n, name in enumerate("abc", start=1)
    ]
    for image in images:
        put_picture(root / "images" / image["file_name"])
    faces = [FACE | {"id": n, "image_id": n} for n in (1, 2, 3)]
    put_text(root / "all.json", coco_json(images, faces))
    put_text(root / "instances_train2017.json", coco_json(images[:1], faces[:1]))
    put_text(root / "instances_val2017.json", coco_json(images[1:2], faces[1:2]))
    listing = listed(root)
    assert [(face.path, face.attributes.get("side")) for face in listing.candidates] == [
        ("images/a.png", "train"),
        ("images/b.png", "validation"),
        ("images/c.png", None),
    ]
    assert not listing.problems


def test_a_picture_in_the_files_of_two_sides_is_a_problem(root: Path) -> None:
    for name in ("train.json", "test.json"):
        put_text(root / name, coco_json([A], [FACE]))
    listing = listed(root)
    assert len(listing.candidates) == 1
    assert listing.problems == [
        Problem(
            "train.json: image 1", "'images/a.png' is listed in 'test.json' already: not used again"
        )
    ]


@pytest.mark.parametrize(
    ("face", "reason"),
    [
        pytest.param({"image_id": 9}, "no image with the id 9", id="unknown image"),
        pytest.param({"image_id": [1]}, "no image with the id [1]", id="an id that is a list"),
        pytest.param({"category_id": 9}, "no category with the id 9", id="unknown category"),
        pytest.param({"iscrowd": 1}, "marks a crowd", id="crowd"),
        pytest.param({"bbox": [1, 2, float("nan"), 4]}, "nan is not a number", id="NaN"),
        pytest.param({"bbox": [1, 2, float("inf"), 4]}, "inf is not a number", id="infinite"),
        pytest.param({"bbox": [1, 2, 10**400, 4]}, "is not a number", id="too large"),
        pytest.param({"bbox": [1, 2, True, 4]}, "True is not a number", id="a truth"),
        pytest.param({"bbox": [1, 2, 3]}, "not [left, top, width, height]", id="three numbers"),
        pytest.param({"bbox": None}, "not [left, top, width, height]", id="no box"),
    ],
)
def test_a_face_that_cannot_be_used_is_a_problem(
    root: Path, face: dict[str, Any], reason: str
) -> None:
    put_text(root / "coco.json", coco_json([A], [FACE | face, FACE | {"id": 8}]))
    listing = listed(root)
    (problem,) = listing.problems
    assert problem.where == "coco.json: annotation 7"
    assert reason in problem.reason
    assert [found.where for found in listing.candidates] == ["coco.json: annotation 8"]


def test_of_images_that_share_an_id_none_is_used(root: Path) -> None:
    for name in ("b.png", "c.png"):
        put_picture(root / "images" / name)
    images = [A, A | {"file_name": "b.png"}, {"id": 2, "file_name": "c.png"}]
    put_text(root / "coco.json", coco_json(images, [FACE, FACE | {"id": 8, "image_id": 2}]))
    listing = listed(root)
    assert [face.path for face in listing.candidates] == ["images/c.png"]
    assert listing.unlabelled == ["images/a.png", "images/b.png"]
    assert [(problem.where, problem.reason.partition(":")[0]) for problem in listing.problems] == [
        ("coco.json: annotation 7", "there is no image with the id 1 to use it for"),
        ("coco.json: images[0]", "2 images have the id 1"),
        ("coco.json: images[1]", "2 images have the id 1"),
    ]


@pytest.mark.parametrize(
    ("face", "wheres"),
    [
        pytest.param(FACE, ["coco.json: annotation 7"], id="an id that is taken"),
        pytest.param(FACE | {"id": None}, ["coco.json: annotations[1]"], id="no id"),
        pytest.param(FACE | {"id": 8, "image_id": "1"}, [], id="a text that is the id"),
        pytest.param(FACE | {"id": 8, "image_id": 1.0}, [], id="a decimal number that is the id"),
        pytest.param(FACE | {"id": 8, "category_id": "1"}, [], id="a text for the category"),
        pytest.param(FACE | {"id": 8, "iscrowd": "0"}, [], id="no crowd, as a text"),
    ],
)
def test_a_face_that_can_be_told_is_used(
    root: Path, face: dict[str, Any], wheres: list[str]
) -> None:
    put_text(root / "coco.json", coco_json([A], [FACE, face | {"bbox": [20, 2, 10, 10]}]))
    listing = listed(root)
    assert [problem.where for problem in listing.problems] == wheres
    assert [(found.label, found.number) for found in listing.candidates] == [(1, 1), (1, 2)]


@pytest.mark.parametrize("wrong", [{"bbox": None}, {"category_id": 9}, {"iscrowd": 1}])
def test_a_picture_whose_annotation_cannot_be_used_is_not_one_without_face(
    root: Path, wrong: dict[str, Any]
) -> None:
    put_text(root / "coco.json", coco_json([A], [FACE | wrong]))
    listing = listed(root)
    assert (list(listing.faceless), listing.unlabelled) == ([], ["images/a.png"])


def test_what_is_said_of_a_picture_without_faces_is_kept(root: Path) -> None:
    put_text(root / "coco.json", coco_json([A | {"source": "kaggle", "width": 48}], []))
    assert listed(root).faceless == {"images/a.png": {"source": "kaggle"}}


def test_attributes_may_lie_in_an_object_of_their_own(root: Path) -> None:
    inner = {"occluded": True, "rotation": 0.5, "note": "inner", "id": 3, "deeper": {"a": 1}}
    put_text(root / "coco.json", coco_json([A], [FACE | {"attributes": inner, "note": "outer"}]))
    (face,) = listed(root).candidates
    assert face.attributes == {"occluded": "true", "rotation": "0.5", "note": "outer"}


def test_half_a_character_is_replaced_as_no_file_can_hold_it(root: Path) -> None:
    put_text(root / "coco.json", coco_json([A], [FACE | {"a\ud800": "\udfff b"}]))
    (face,) = listed(root).candidates
    assert face.attributes == {"a\ufffd": "\ufffd b"}


def test_a_picture_in_two_files_of_no_side_is_a_problem(root: Path) -> None:
    put_text(root / "bare.json", coco_json([A], [FACE | {"category_id": 2}]))
    put_text(root / "masked.json", coco_json([A], [FACE]))
    listing = listed(root)
    assert [face.label for face in listing.candidates] == [0]
    assert listing.problems == [
        Problem(
            "masked.json: image 1",
            "'images/a.png' is listed in 'bare.json' already: not used again",
        )
    ]


def test_a_picture_that_is_listed_twice_counts_once(root: Path) -> None:
    faces = [FACE, FACE | {"id": 8, "image_id": 2}]
    put_text(root / "coco.json", coco_json([A, A | {"id": 2}], faces))
    listing = listed(root)
    assert len(listing.candidates) == 1
    assert [problem.where for problem in listing.problems] == ["coco.json: image 2"]


@pytest.mark.parametrize(
    ("text", "where", "reason"),
    [
        pytest.param('{"images": [],\n"annotations" []}', "a.json:2", "broken JSON", id="broken"),
        pytest.param('["images", "annotations"]', "a.json", "must be an object", id="a list"),
        pytest.param('{"images": 1, "annotations": []}', "a.json", "a list of cat", id="no list"),
        pytest.param(
            '{"images": [], "annotations": ' + "[" * 100_000, "a.json", "nested too", id="deep"
        ),
        pytest.param(
            '{"images": [], "annotations": [' + "9" * 5000 + "]}", "a.json", "digits", id="digits"
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_a_problem(
    root: Path, text: str, where: str, reason: str
) -> None:
    put_text(root / "a.json", text)
    (problem,) = listed(root).problems
    assert problem.where == where
    assert reason in problem.reason


@pytest.mark.parametrize("entry", [None, 5, {}, {"id": None}, {"id": [1]}])
def test_entries_that_are_none_are_problems(root: Path, entry: object) -> None:
    text = json.loads(coco_json([A], [FACE]))
    for name in ("images", "annotations", "categories"):
        text[name].append(entry)
    put_text(root / "coco.json", json.dumps(text))
    listing = listed(root)
    assert len(listing.problems) == 3
    assert len(listing.candidates) == 1


def test_an_unknown_class_is_one_problem_for_all_its_faces(root: Path) -> None:
    text = json.loads(coco_json([A], [FACE | {"id": n, "category_id": 3} for n in range(1000)]))
    text["categories"].append({"id": 3, "name": "helmet"})
    put_text(root / "coco.json", json.dumps(text))
    (problem,) = listed(root).problems
    assert problem.where == "coco.json: annotation 0"
    assert "1000 faces are of the class 'helmet'" in problem.reason
    assert "--class 'helmet'=with_mask" in problem.reason
