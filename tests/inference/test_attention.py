import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from maskwise.errors import BadRun, InvalidInput
from maskwise.images import read_image
from maskwise.inference.attention import Explainer, Explanation, explain, illustrate, overlay
from maskwise.inference.decision import DecisionRule
from maskwise.inference.pipeline import MaskDetector
from maskwise.preprocess import PreprocessSpec
from maskwise.runs.run import Run
from pictures import draw_picture


@pytest.mark.train
def test_the_answer_is_the_one_that_users_get(tiny_run: Path, tiny_data: Path) -> None:
    detect = MaskDetector.load(tiny_run, faces="whole")
    explainer = Explainer.load(tiny_run)
    for picture in sorted(tiny_data.rglob("*.png"))[::8]:
        image_rgb = read_image(picture)
        explanation, faces = explainer(image_rgb), detect(image_rgb)
        assert explanation.label == faces.label[0]
        assert explanation.probability == pytest.approx(faces.probability[0], abs=1e-5)


@pytest.mark.train
def test_a_network_that_holds_back_does_so_here_too(tiny_run: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_run, tmp_path / "run")
    rule = DecisionRule(temperature=3.0, min_probability=1.0, max_error=0.05, n=4)
    Run.open(tmp_path / "run").write_decision(rule.to_dict())
    image_rgb = np.asarray(draw_picture(901, masked=True))
    explanation = explain(tmp_path / "run", image_rgb)
    faces = MaskDetector.load(tmp_path / "run", faces="whole")
    assert explanation.label == faces(image_rgb).label[0] == -1
    assert explanation.probability == pytest.approx(faces(image_rgb).probability[0], abs=1e-5)
    assert explanation.leaning == explanation.probability.argmax()
    assert illustrate(image_rgb, explanation).shape == (528, 1048, 3)


@pytest.mark.train
def test_heat_has_the_size_of_the_picture(tiny_run: Path) -> None:
    heat = explain(tiny_run, np.asarray(draw_picture(901, masked=True, size_hw=(90, 60)))).heat
    assert heat.shape == (90, 60)
    assert heat.dtype == np.float32
    assert heat.min() >= 0
    assert heat.max() == 1


@pytest.mark.train
def test_the_same_picture_gets_the_same_heat_at_any_size(tiny_run: Path) -> None:
    small = draw_picture(907, masked=True, size_hw=(64, 64))
    explainer = Explainer.load(tiny_run)
    heat = explainer(np.asarray(small)).heat
    large = explainer(np.asarray(small.resize((256, 256), resample=0))).heat
    assert large.reshape(64, 4, 64, 4).mean(axis=(1, 3)) == pytest.approx(heat, abs=0.25)


@pytest.mark.parametrize("size_hw", [(1, 1), (3, 400)], ids=str)
@pytest.mark.train
def test_pictures_of_any_shape_are_explained(tiny_run: Path, size_hw: tuple[int, int]) -> None:
    image_rgb = np.full((*size_hw, 3), 90, dtype=np.uint8)
    explanation = explain(tiny_run, image_rgb)
    assert explanation.heat.shape == size_hw
    assert illustrate(image_rgb, explanation).shape == (528, 1048, 3)


@pytest.mark.train
def test_what_is_no_picture_and_what_is_no_run_are_refused(tiny_run: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="`image_rgb` must be an RGB picture"):
        explain(tiny_run, np.zeros((5, 5), dtype=np.uint8))
    with pytest.raises(BadRun, match="holds no run"):
        Explainer.load(tmp_path)


class OneWarmCell:
    """A network that sees one cell of 4x4 as the mask; as many pixels lie beyond the outer ones."""

    centres_hw = (np.linspace(0.2, 0.8, 4), np.linspace(0.2, 0.8, 4))

    def __init__(self, warmth: float) -> None:
        self._warmth = warmth

    def run(self, batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        evidence = np.zeros((1, 4, 4), dtype=np.float32)
        evidence[0, 3, 1] = self._warmth
        return np.array([[0.25, 0.75]], dtype=np.float32), evidence


def test_cells_are_spread_from_their_middles() -> None:
    image_rgb = np.zeros((101, 51, 3), dtype=np.uint8)
    explanation = Explainer(OneWarmCell(7.0), PreprocessSpec())(image_rgb)  # type: ignore[arg-type]
    heat = explanation.heat
    assert explanation.label == 1
    assert heat.max() == 1
    # Row 3 lies at 0.8 of the height and stays flat to the edge; column 1 lies at 0.4 of the width.
    assert heat[81:, 20] == pytest.approx(np.ones(20), abs=0.03)
    assert heat[90].argmax() == 20
    assert heat[70, 20] == pytest.approx(0.5, abs=0.03)
    assert heat[90, 25] == pytest.approx(0.5, abs=0.03)
    assert not heat[:60].any()


def test_where_nothing_speaks_for_the_answer_all_is_cold() -> None:
    image_rgb = np.zeros((8, 9, 3), dtype=np.uint8)
    heat = Explainer(OneWarmCell(0.0), PreprocessSpec())(image_rgb).heat  # type: ignore[arg-type]
    assert np.array_equal(heat, np.zeros((8, 9)))


def test_heat_is_laid_over_the_picture_in_ever_brighter_colours() -> None:
    image_rgb = np.full((2, 256, 3), (200, 40, 90), dtype=np.uint8)
    heat = np.tile(np.linspace(0, 1, 256, dtype=np.float32), (2, 1))
    laid = overlay(image_rgb, heat)
    assert laid.shape == image_rgb.shape
    assert laid.dtype == np.uint8
    lightness = laid[0] @ [0.299, 0.587, 0.114]
    assert (np.diff(lightness) >= -0.7).all()  # but for rounding
    assert lightness[-1] > lightness[0] + 100
    assert (image_rgb == (200, 40, 90)).all()


def test_heat_of_another_picture_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"`heat` must have the size of the picture, \(4, 5\)"):
        overlay(np.zeros((4, 5, 3), dtype=np.uint8), np.zeros((5, 4), dtype=np.float32))


def test_the_picture_stands_beside_its_heat(noise_rgb: NDArray[np.uint8]) -> None:
    probability = np.array([0.1, 0.9], dtype=np.float32)
    cold = Explanation(probability, 1, np.zeros(noise_rgb.shape[:2], dtype=np.float32))
    warm = Explanation(probability, 1, np.ones(noise_rgb.shape[:2], dtype=np.float32))
    left, right = np.split(illustrate(noise_rgb, cold).astype(int), 2, axis=1)
    left_too, right_too = np.split(illustrate(noise_rgb, warm).astype(int), 2, axis=1)
    assert np.array_equal(left, left_too)
    assert right.mean() < right_too.mean()
