from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from maskwise.errors import BadBundle
from maskwise.inference.bundle import Bundle
from maskwise.inference.runtime_openvino import OpenVinoSession

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def contents(tiny_bundle: Path) -> tuple[bytes, ...]:
    bundle = Bundle.open(tiny_bundle)
    return bundle.read(bundle.find("openvino", "int8"))


@pytest.mark.parametrize(
    ("size_hw", "n_classes"), [((64, 64), 2), ((128, 128), 3)], ids=["size", "classes"]
)
def test_refuses_what_does_not_fit(
    contents: tuple[bytes, ...], size_hw: tuple[int, int], n_classes: int
) -> None:
    with pytest.raises(BadBundle, match=r"It turns \(n, 128, 128, 3\) into \(n, 2\)"):
        OpenVinoSession(contents, size_hw=size_hw, n_classes=n_classes)


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda graph, weights: (b"", weights), id="empty"),
        pytest.param(lambda graph, weights: (graph[: len(graph) // 2], weights), id="cut graph"),
        pytest.param(
            lambda graph, weights: (graph, weights[: len(weights) // 2]), id="cut weights"
        ),
        pytest.param(lambda graph, weights: (graph, b""), id="no weights"),
        pytest.param(
            lambda graph, weights: (np.random.default_rng(0).bytes(5000), weights), id="random"
        ),
        pytest.param(
            lambda graph, weights: (graph.replace(b'type="SoftMax"', b'type="Run"'), weights),
            id="custom operator",
        ),
        pytest.param(lambda graph, weights: (graph,), id="one file"),
    ],
)
def test_refuses_broken_bytes(
    contents: tuple[bytes, ...], spoil: Callable[[bytes, bytes], tuple[bytes, ...]]
) -> None:
    with pytest.raises(BadBundle, match="OpenVINO model cannot be loaded") as refused:
        OpenVinoSession(spoil(*contents), size_hw=(128, 128), n_classes=2)
    assert str(refused.value).isprintable()


def test_reads_no_other_format(tiny_bundle: Path) -> None:
    bundle = Bundle.open(tiny_bundle)
    (onnx,) = bundle.read(bundle.find("onnx", "fp32"))
    with pytest.raises(BadBundle, match="its graph is not XML"):
        OpenVinoSession([onnx, b""], size_hw=(128, 128), n_classes=2)
