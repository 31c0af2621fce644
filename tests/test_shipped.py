"""The bundle that comes with maskwise, as whoever installs it gets it."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from maskwise.dataset.drawn import draw_face
from maskwise.images import read_image
from maskwise.inference.bundle import Bundle, shipped_folder
from maskwise.inference.golden import check_golden
from maskwise.inference.pipeline import MaskDetector
from maskwise.inference.runtimes import open_session
from maskwise.labels import INCORRECT, LABELS, UNSURE, WITH_MASK

LARGEST_BYTES = 20 * 10**6
NOT_TO_DECIDE = ("tensorflow", "keras", "ray", "matplotlib", "sklearn", "scipy")


@pytest.fixture(scope="module")
def shipped() -> Bundle:
    return Bundle.open(shipped_folder())


def test_it_is_small_and_holds_both_precisions(shipped: Bundle) -> None:
    assert {(model.runtime, model.precision) for model in shipped.models} == {
        ("onnx", "int8"),
        ("onnx", "fp32"),
    }
    assert sum(path.stat().st_size for path in shipped.folder.iterdir()) <= LARGEST_BYTES


@pytest.mark.parametrize(("precision", "limit"), [("fp32", 1e-4), ("int8", 0.1)])
def test_it_answers_as_the_network_that_was_trained(
    shipped: Bundle, precision: str, limit: float
) -> None:
    session = open_session(shipped, precision=precision)
    assert check_golden(shipped, session) <= limit


def test_its_card_tells_what_it_was_trained_on(shipped: Bundle) -> None:
    card = (shipped.folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "maskedfacenet_maskon" not in card  # may not be used commercially
    for source in ("ilc2021", "omkargurav_techyhoney", "prajnasb_dest1510"):
        assert source in card
    assert shipped.licence == "Apache-2.0"


def test_it_promises_how_seldom_it_errs_and_doubts_tiny_faces(shipped: Bundle) -> None:
    rule, strict = shipped.rule, shipped.rule.require_strict()
    assert rule.guaranteed
    assert (rule.max_error, rule.confidence) == (0.01, 0.95)
    assert rule.min_probability > 0.5
    assert strict.guaranteed
    assert (strict.max_missed, strict.confidence) == (0.01, 0.95)
    assert shipped.quality.min_side_px > 0


def test_strictly_it_believes_no_more_masks_than_otherwise() -> None:
    usual, strict = MaskDetector.load(faces="whole"), MaskDetector.load(faces="whole", strict=True)
    faces = [draw_face(index % 3, seed=31, index=index) for index in range(30)]
    answers = [(int(usual(face).label[0]), int(strict(face).label[0])) for face in faces]
    assert any(answer == WITH_MASK for answer, _ in answers)
    assert all(now in (before, UNSURE) for before, now in answers)
    assert all(now == before for before, now in answers if before != WITH_MASK)


def test_deciding_with_it_loads_nothing_that_trains() -> None:
    script = (
        "import json, sys, numpy, maskwise\n"
        "maskwise.MaskDetector.load()(numpy.zeros((90, 120, 3), numpy.uint8))\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert not set(json.loads(done.stdout)) & set(NOT_TO_DECIDE)


@pytest.mark.real
def test_it_tells_real_faces_apart_in_whole_pictures(real_data: Path) -> None:
    scenes = real_data / "scenes"
    coco = json.loads((scenes / "annotations_coco_val.json").read_text())
    names = {each["id"]: each["name"] for each in coco["categories"]}
    detector = MaskDetector.load()
    right: Counter[int] = Counter()
    answered: Counter[int] = Counter()
    for image in coco["images"][::6]:
        image_rgb = read_image(scenes / "images" / Path(image["file_name"]).name)
        for face in coco["annotations"]:
            left, top, width, height = face["bbox"]
            if face["image_id"] != image["id"] or min(width, height) < 20:
                continue
            truth = LABELS.index(names[face["category_id"]])
            box = np.array([[left, top, left + width, top + height]])
            label = int(detector(image_rgb, box).label[0])
            if label >= 0:
                answered[truth] += 1
                right[truth] += label == truth
    assert sum(answered.values()) > 40
    assert right.total() / answered.total() > 0.95
    assert right[INCORRECT] > 0
