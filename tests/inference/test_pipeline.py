from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from maskwise.errors import BadRun, InvalidInput
from maskwise.inference.pipeline import MaskDetector

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def detector(tiny_run: Path) -> MaskDetector:
    return MaskDetector.load(tiny_run, faces="whole")


def test_a_whole_picture_is_one_face(detector: MaskDetector, noise_rgb: NDArray[np.uint8]) -> None:
    faces = detector(noise_rgb)
    assert faces.xyxy.tolist() == [[0, 0, 50, 30]]
    assert faces.probability.shape == (1, 2)
    assert faces.label[0] == faces.probability[0].argmax()


def test_the_answer_is_what_the_network_says_of_the_preprocessed_picture(
    detector: MaskDetector, tiny_run: Path, noise_rgb: NDArray[np.uint8]
) -> None:
    from maskwise.inference.runtime_keras import KerasSession
    from maskwise.runs.run import Run

    run = Run.open(tiny_run)
    expected = KerasSession.load(run).run(run.recipe.preprocess(noise_rgb)[None])
    assert detector(noise_rgb).probability == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    "image",
    [
        pytest.param(np.zeros((5, 5), dtype=np.uint8), id="grey"),
        pytest.param(np.zeros((5, 5, 4), dtype=np.uint8), id="alpha"),
        pytest.param(np.zeros((5, 5, 3)), id="float"),
        pytest.param(np.zeros((0, 5, 3), dtype=np.uint8), id="empty"),
        pytest.param("face.jpg", id="a path"),
    ],
)
def test_what_is_no_rgb_picture_is_refused(
    detector: MaskDetector, image: NDArray[np.uint8]
) -> None:
    with pytest.raises(InvalidInput, match=r"`image_rgb` must be an RGB picture.*read_image"):
        detector(image)


def test_unknown_ways_to_find_faces_are_refused(tiny_run: Path) -> None:
    with pytest.raises(InvalidInput, match=r"must be one of whole, yunet\. Received: 'magic'"):
        MaskDetector.load(tiny_run, faces="magic")


def test_a_folder_without_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadRun, match="holds no run"):
        MaskDetector.load(tmp_path)
