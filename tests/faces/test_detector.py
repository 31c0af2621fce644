"""What every face detector must do, in every mode. A new one is done when it passes."""

import json
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from maskwise.errors import InvalidInput
from maskwise.evaluation.scenes.matching import SizeRange, match_faces
from maskwise.faces.detector import DETECTORS, MODES, FaceDetector, open_detector
from maskwise.faces.given import GivenBoxes
from maskwise.images import read_image
from maskwise.results import Faces

Rgb = NDArray[np.uint8]

SIZES_HW = [(1, 1), (1, 900), (900, 1), (7, 300), (2, 30_000), (30_000, 2), (33, 31), (480, 640)]
LOOKING = [(name, mode) for name, mode in product(DETECTORS, MODES) if name != "whole"]


@pytest.fixture(scope="module", params=[*product(DETECTORS, MODES), ("given", "")], ids="-".join)
def detector(request: pytest.FixtureRequest) -> FaceDetector:
    name, mode = request.param
    if name == "given":
        return GivenBoxes([[0, 0, 1, 1], [-9, -9, 9, 9]])
    return open_detector(name, mode=mode)


def assert_same(one: Faces, other: Faces) -> None:
    assert one.to_dicts() == other.to_dicts()
    assert (one.xyxy == other.xyxy).all()
    assert (one.detector_score == other.detector_score).all()


def noise(size_hw: tuple[int, int], seed: int = 0) -> Rgb:
    return np.random.default_rng(seed).integers(0, 256, (*size_hw, 3), dtype=np.uint8)


@pytest.mark.parametrize("fill", ["grey", "noise"])
@pytest.mark.parametrize("size_hw", SIZES_HW, ids=str)
def test_boxes_lie_in_the_picture_the_surest_first_and_labels_are_unsure(
    detector: FaceDetector, size_hw: tuple[int, int], fill: str
) -> None:
    image_rgb = noise(size_hw) if fill == "noise" else np.full((*size_hw, 3), 128, dtype=np.uint8)
    faces = detector(image_rgb)
    height, width = size_hw
    assert (faces.xyxy >= 0).all()
    assert (faces.xyxy <= [width, height, width, height]).all()
    assert (faces.xyxy[:, :2] < faces.xyxy[:, 2:]).all()
    assert faces.xyxy.dtype == faces.detector_score.dtype == np.float32
    assert ((faces.detector_score >= 0) & (faces.detector_score <= 1)).all()
    assert (np.diff(faces.detector_score) <= 0).all()
    assert (faces.label == -1).all()
    assert faces.probability.shape == (len(faces), 0)
    assert set().union(*faces.quality) <= {"cut_off"}


def test_the_picture_is_left_as_it_was_and_answered_the_same_each_time(
    detector: FaceDetector,
) -> None:
    image_rgb = noise((200, 301))
    image_rgb.flags.writeable = False
    first = detector(image_rgb)
    assert (image_rgb == noise((200, 301))).all()
    assert_same(detector(image_rgb), first)


@pytest.mark.parametrize(
    "view",
    [
        pytest.param(np.s_[:, ::-1], id="mirrored"),
        pytest.param(np.s_[::2, ::3], id="every second row"),
        pytest.param(np.s_[:, :, ::-1], id="channels turned"),
    ],
)
def test_how_a_picture_lies_in_memory_makes_no_difference(
    detector: FaceDetector, view: tuple[slice, ...]
) -> None:
    image_rgb = noise((200, 301))[view]
    assert not image_rgb.flags.c_contiguous
    assert_same(detector(image_rgb), detector(image_rgb.copy(order="C")))


def test_a_large_picture_is_taken(detector: FaceDetector) -> None:
    assert len(detector(np.full((3000, 4000, 3), 128, dtype=np.uint8))) <= 2


@pytest.mark.parametrize("size_hw", SIZES_HW, ids=str)
@pytest.mark.parametrize(("name", "mode"), LOOKING)
def test_where_there_is_no_face_none_is_found(
    name: str, mode: str, size_hw: tuple[int, int]
) -> None:
    assert len(open_detector(name, mode=mode)(np.full((*size_hw, 3), 128, dtype=np.uint8))) == 0


@pytest.fixture(scope="module")
def street(real_data: Path) -> list[tuple[Rgb, NDArray[np.float64]]]:
    """A few pictures of people, each with the boxes of its faces."""
    coco = json.loads((real_data / "scenes" / "annotations_coco_train.json").read_text())
    boxes: dict[int, list[list[float]]] = {}
    for face in coco["annotations"]:
        left, top, width, height = face["bbox"]
        boxes.setdefault(face["image_id"], []).append([left, top, left + width, top + height])
    folder = real_data / "scenes" / "images"
    return [
        (read_image(folder / Path(image["file_name"]).name), np.array(boxes[image["id"]]))
        for image in coco["images"][::60]
        if image["id"] in boxes
    ]


@pytest.mark.real
@pytest.mark.parametrize(("name", "mode"), LOOKING)
def test_faces_are_found_where_they_are_and_threads_may_share_the_detector(
    street: list[tuple[Rgb, NDArray[np.float64]]], name: str, mode: str
) -> None:
    detector = open_detector(name, mode=mode)
    answers = [detector(image_rgb) for image_rgb, _ in street]
    with ThreadPoolExecutor(4) as threads:
        for one, other in zip(
            answers, threads.map(detector, [picture for picture, _ in street]), strict=True
        ):
            assert_same(one, other)
    n_faces = n_found = n_false = 0
    for faces, (_, truth_xyxy) in zip(answers, street, strict=True):
        match = match_faces(faces.detector_score, faces.xyxy, truth_xyxy, SizeRange(20))
        n_faces += match.is_judged.sum()
        n_found += (match.face >= 0).sum()
        n_false += match.is_false.sum()
    assert n_faces > 40
    assert n_found / n_faces > 0.7
    assert n_false / n_found < 0.35


@pytest.mark.real
@pytest.mark.parametrize(("name", "mode"), LOOKING)
def test_a_face_that_fills_its_picture_is_found(real_data: Path, name: str, mode: str) -> None:
    detector = open_detector(name, mode=mode)
    paths = sorted((real_data / "faces" / "with_mask").glob("chandrikadeb7__*"))[::50]
    found = [len(detector(read_image(path))) > 0 for path in paths]
    assert np.mean(found) > 0.8


def test_unknown_names_and_modes_are_answered_with_the_known() -> None:
    with pytest.raises(InvalidInput, match="must be one of whole, yunet, centerface"):
        open_detector("nobody")
    for name in DETECTORS:
        with pytest.raises(InvalidInput, match=r"fast, balanced, thorough\. Received: 'quick'"):
            open_detector(name, mode="quick")
