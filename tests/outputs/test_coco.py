import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskwise.dataset.dataset import Dataset
from maskwise.outputs.coco import to_coco
from maskwise.outputs.outcome import Outcome
from outcomes import ODD_NAMES, nobody, some_outcomes


@pytest.fixture
def answered(tmp_path: Path) -> Path:
    """A folder with pictures and, in a file of COCO, what was answered on them."""
    (tmp_path / "a").mkdir()
    noise = np.random.default_rng(3).integers(0, 256, (100, 120, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "a" / "street.jpg")
    Image.fromarray(noise[:30, :40]).save(tmp_path / "a" / "empty.png")
    (tmp_path / "answers.json").write_text(to_coco(some_outcomes()), encoding="utf-8")
    return tmp_path


def test_it_is_coco() -> None:
    coco = json.loads(to_coco(iter(some_outcomes())))
    street, empty = coco["images"]
    assert street == {"id": 1, "file_name": "a/street.jpg", "width": 120, "height": 100}
    assert [face["image_id"] for face in coco["annotations"]] == [street["id"]] * 3
    assert empty["id"] == 2
    assert len({face["id"] for face in coco["annotations"]}) == 3
    names = {category["id"]: category["name"] for category in coco["categories"]}
    assert [names[face["category_id"]] for face in coco["annotations"]] == [
        *("with_mask", "incorrect", "unsure"),
    ]
    assert min(names) == 1
    face = coco["annotations"][0]
    assert face["bbox"] == [10, 20, 32.125, 40.5]
    assert face["area"] == 32.125 * 40.5
    assert face["score"] == pytest.approx(0.8)
    assert coco["annotations"][2]["quality"] == "too_small cut_off"
    assert [left_out["file_name"] for left_out in coco["info"]["left_out"]] == ["bad.jpg"]


def test_our_reader_reads_it_back(answered: Path) -> None:
    data = Dataset.open(answered / "answers.json", format="coco")
    assert [(sample.label, sample.box_xyxy) for sample in data.samples] == [
        (1, (10, 20, 42.125, 60.5)),
        (2, (50, 5, 80, 40)),
    ]
    assert list(data.faceless) == ["a/empty.png"]


def test_supervision_reads_it_back(answered: Path) -> None:
    supervision = pytest.importorskip("supervision")
    data = supervision.DetectionDataset.from_coco(str(answered), str(answered / "answers.json"))
    assert data.classes == ["without_mask", "with_mask", "incorrect", "unsure"]
    found = {Path(path).name: detections for path, _, detections in data}
    assert found["street.jpg"].class_id.tolist() == [1, 2, 3]
    assert found["street.jpg"].xyxy[0].tolist() == [10, 20, 42.125, 60.5]
    assert found["empty.png"].is_empty()


def test_a_picture_named_twice_is_listed_once() -> None:
    coco = json.loads(to_coco([*some_outcomes(), *some_outcomes()]))
    assert len(coco["images"]) == 2
    assert len(coco["annotations"]) == 3


def test_every_name_survives() -> None:
    outcomes = [Outcome(name, size_hw=(3, 4), faces=nobody()) for name in ODD_NAMES]
    names = [image["file_name"] for image in json.loads(to_coco(outcomes))["images"]]
    assert list(map(os.fsencode, names)) == list(map(os.fsencode, ODD_NAMES))


def test_nothing_is_valid_too() -> None:
    assert json.loads(to_coco([]))["images"] == []
