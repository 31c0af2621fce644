from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from maskwise.errors import InvalidInput
from maskwise.preprocess import PreprocessSpec


def test_the_defaults_are_the_reference_system(noise_rgb: NDArray[np.uint8]) -> None:
    ready = PreprocessSpec()(noise_rgb)
    as_in_the_reference = np.array(Image.fromarray(noise_rgb).resize((128, 128))) / 255
    assert ready.dtype == np.float32
    assert ready.shape == (128, 128, 3)
    assert ready == pytest.approx(as_in_the_reference, abs=1e-7)


def test_height_comes_before_width(noise_rgb: NDArray[np.uint8]) -> None:
    assert PreprocessSpec(size_hw=(10, 20)).resize(noise_rgb).shape == (10, 20, 3)


def test_the_divisor_sets_the_range() -> None:
    white = np.full((4, 4, 3), 255, dtype=np.uint8)
    assert PreprocessSpec(divisor=51).scale(white).max() == 5


def test_survives_json() -> None:
    spec = PreprocessSpec(size_hw=(10, 20), resize_filter="bilinear")
    assert PreprocessSpec.from_dict(spec.to_dict()) == spec


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"size_hw": (0, 5)}, "size_hw", id="no height"),
        pytest.param({"divisor": 0.0}, "divisor", id="division by zero"),
        pytest.param({"divisor": float("nan")}, "divisor", id="not a number"),
        pytest.param({"resize_filter": "magic"}, "one of bilinear, bicubic", id="unknown filter"),
    ],
)
def test_wrong_values_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        PreprocessSpec(**change)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"colour_order": "bgr"}, id="other colour order"),
        pytest.param({"size_hw": "big"}, id="no size"),
        pytest.param({"flavour": 1}, id="unknown field"),
    ],
)
def test_a_foreign_description_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        PreprocessSpec.from_dict({**PreprocessSpec().to_dict(), **change})
