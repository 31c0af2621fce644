import csv
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

import material
from annotations import coco_json, put_picture, put_text
from maskwise.dataset.dataset import Dataset
from maskwise.dataset.samples import Sample
from maskwise.labels import INCORRECT, LABELS, WITH_MASK, WITHOUT_MASK
from pictures import fill_class_folders

FACE = Sample("a.jpg", WITH_MASK, 1, "0" * 64, (40, 48))


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_each_correction_names_a_picture_once_and_says_why() -> None:
    corrections = rows(material.LABELS_CSV)
    assert len({(row["sha256"], row["box_xyxy"]) for row in corrections}) == len(corrections)
    for row in corrections:
        assert re.fullmatch("[0-9a-f]{64}", row["sha256"])
        assert row["label"] in ("", *LABELS)
        assert row["reason"]
        if row["box_xyxy"]:
            left, top, right, bottom = json.loads(row["box_xyxy"])
            assert left < right
            assert top < bottom


def test_each_covering_is_of_one_picture() -> None:
    coverings = rows(material.COVERINGS_CSV)
    assert len(material.read_coverings()) == len(coverings)
    assert all(re.fullmatch("[0-9a-f]{64}", row["sha256"]) for row in coverings)
    assert all(row["covering"] for row in coverings)


def test_labels_are_corrected_by_hash_and_box(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = (1.0, 2.0, 30.0, 40.0)
    table = f"{'1' * 64},,incorrect,the nose is out\n{'2' * 64},,,too blurred\n"
    table += f'{"3" * 64},"[1.0, 2.0, 30.0, 40.0]",without_mask,a hand\n'
    path = put_text(tmp_path / "labels.csv", "sha256,box_xyxy,label,reason\n" + table)
    monkeypatch.setattr(material, "LABELS_CSV", path)
    faces = [replace(FACE, sha256=digit * 64) for digit in "0123"]
    faces.append(replace(FACE, sha256="3" * 64, box_xyxy=box))
    labels = [(face.sha256[0], face.label) for face in material.corrected(faces)]
    assert labels == [("0", WITH_MASK), ("1", INCORRECT), ("3", WITH_MASK), ("3", WITHOUT_MASK)]


def test_only_attributes_that_tell_results_apart_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(material, "read_coverings", lambda: {"0" * 64: "beard"})
    said = {"source": "elsewhere", "group": "", "boxes": "3", "pose": "frontal"}
    other = replace(FACE, sha256="1" * 64, attributes={"boxes": "7", "synthetic": "1"})
    faces = list(material.described([replace(FACE, attributes=said), other]))
    assert faces[0].attributes == {
        "source": "elsewhere",
        "covering": "beard",
        "faces_in_photo": "2 to 4",
    }
    assert faces[1].attributes == {"synthetic": "1", "faces_in_photo": "5 and more"}


def test_faces_that_nobody_can_tell_are_too_small() -> None:
    boxes = [(0.0, 0.0, 16.0, 30.0), (0.0, 0.0, 30.0, 15.9)]
    faces = [FACE, *(replace(FACE, box_xyxy=box) for box in boxes)]
    assert [face.box_xyxy for face in material.large_enough(faces)] == boxes[:1]


def test_what_looks_like_a_picture_to_judge_on_is_not_trained_on(tmp_path: Path) -> None:
    folder = fill_class_folders(tmp_path / "data", per_class=3)
    seen = Dataset.open(folder)
    copied = seen.samples[0]
    with Image.open(folder / copied.path) as image:
        smaller = image.resize((44, 36))
    (tmp_path / "other").mkdir()
    smaller.save(tmp_path / "other" / "copy.png")
    put_picture(tmp_path / "other" / "new.png", seed=99)
    names = [{"id": 1, "file_name": "copy.png"}, {"id": 2, "file_name": "new.png"}]
    boxes = [
        {"id": each["id"], "image_id": each["id"], "category_id": 1, "bbox": [2, 2, 30, 30]}
        for each in names
    ]
    put_text(tmp_path / "other" / "boxes.json", coco_json(names, boxes))
    judged_on = Dataset.open(tmp_path / "other" / "boxes.json")
    kept = material.without_copies_of(judged_on, seen)
    assert {s.path for s in seen.samples} - {s.path for s in kept.samples} == {copied.path}
