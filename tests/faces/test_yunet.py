from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from maskwise.faces.search import Search
from maskwise.faces.yunet import FaceMarker, FaceScorer, YuNet
from maskwise.images import read_image
from maskwise.preprocess import PreprocessSpec

SURE = Search((960, 256), min_score=0.7)


@pytest.mark.parametrize(
    "size_hw", [(1, 1), (7, 300), (30, 256), (2, 3000), (3000, 2), (480, 640)], ids=str
)
def test_where_there_is_no_face_none_is_found(size_hw: tuple[int, int]) -> None:
    grey = np.full((*size_hw, 3), 128, dtype=np.uint8)
    assert len(YuNet(SURE)(grey)) == 0
    assert FaceScorer()(grey) < 0.3


def real_faces(real_data: Path, n: int) -> list[NDArray[np.uint8]]:
    paths = sorted((real_data / "faces" / "without_mask").glob("chandrikadeb7__*"))
    return [read_image(path) for path in paths[:n]]


@pytest.mark.real
def test_real_faces_are_found_inside_the_picture(real_data: Path) -> None:
    find = YuNet(SURE)
    n_found = 0
    for image_rgb in real_faces(real_data, 40):
        faces = find(image_rgb)
        height, width = image_rgb.shape[:2]
        assert (faces.xyxy >= 0).all()
        assert (faces.xyxy <= [width, height, width, height]).all()
        assert (faces.xyxy[:, :2] < faces.xyxy[:, 2:]).all()
        assert (faces.detector_score >= 0.7).all()
        n_found += len(faces) > 0
    assert n_found >= 36


@pytest.mark.real
def test_threads_may_share_it(real_data: Path) -> None:
    score = FaceScorer()
    pictures = real_faces(real_data, 24)
    alone = [score(picture) for picture in pictures]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(score, pictures)) == alone


@pytest.mark.real
def test_pictures_with_a_face_score_above_those_without(real_data: Path) -> None:
    score = FaceScorer()
    assert np.mean([score(picture) >= 0.3 for picture in real_faces(real_data, 60)]) >= 0.95
    (wall,) = (real_data / "dirty").glob("non_face_without_mask__*")
    assert score(read_image(wall)) < 0.3


def test_where_there_is_no_face_nothing_is_marked() -> None:
    assert np.isnan(FaceMarker()(np.full((50, 50, 3), 128, dtype=np.uint8))).all()


@pytest.mark.real
def test_eyes_nose_and_mouth_are_marked_where_they_are(real_data: Path) -> None:
    mark, spec = FaceMarker(), PreprocessSpec(size_hw=(168, 168), crop_margin=0.4)
    find, n_marked = YuNet(SURE), 0
    for image_rgb in real_faces(real_data, 40):
        for box_xyxy in find(image_rgb).xyxy[:1].astype(float).tolist():
            marks = mark(spec.resize(spec.crop(image_rgb, tuple(box_xyxy))))
            if np.isfinite(marks).all():
                n_marked += 1
                left_eye, right_eye, nose, left_corner, right_corner = marks
                assert left_eye[0] < right_eye[0] + 2
                assert max(left_eye[1], right_eye[1]) < nose[1] + 5
                assert nose[1] < max(left_corner[1], right_corner[1])
                assert (np.abs(marks.mean(axis=0) - 84) < 40).all()
    assert n_marked >= 30
