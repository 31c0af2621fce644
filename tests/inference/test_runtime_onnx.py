import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto as Kind
from onnx import helper

from maskwise.errors import BadBundle
from maskwise.inference.runtime_onnx import OnnxSession

SHAPE = (8, 6)


def network(
    *,
    n_classes: int = 2,
    batch: int | str = "n",
    kind: int = Kind.FLOAT,
    last: str = "Softmax",
    domain: str = "",
) -> onnx.ModelProto:
    """A network whose first class is the more probable the brighter the picture is."""
    weights = np.zeros((3 * SHAPE[0] * SHAPE[1], n_classes), np.float32)
    weights[:, 0] = 0.05
    graph = helper.make_graph(
        [
            helper.make_node("Cast", ["face"], ["float"], to=Kind.FLOAT),
            helper.make_node("Flatten", ["float"], ["flat"]),
            helper.make_node("MatMul", ["flat", "weights"], ["score"]),
            helper.make_node(last, ["score"], ["probability"], domain=domain),
        ],
        "network",
        [helper.make_tensor_value_info("face", kind, [batch, *SHAPE, 3])],
        [helper.make_tensor_value_info("probability", Kind.FLOAT, [batch, n_classes])],
        [onnx.numpy_helper.from_array(weights, "weights")],
    )
    opsets = [helper.make_opsetid("", 17), *([helper.make_opsetid(domain, 1)] if domain else [])]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def open_bytes(content: bytes) -> OnnxSession:
    return OnnxSession([content], size_hw=SHAPE, n_classes=2)


def refusal(content: bytes) -> str:
    with pytest.raises(BadBundle) as refused:
        open_bytes(content)
    message = str(refused.value)
    assert message.isprintable()
    assert len(message) < 500
    return message


def test_runs_what_fits() -> None:
    session = open_bytes(network().SerializeToString())
    dark, bright = session.run(np.stack([np.zeros((*SHAPE, 3)), np.ones((*SHAPE, 3))], dtype="f4"))
    assert dark.tolist() == [0.5, 0.5]
    assert bright[0] > 0.99


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        pytest.param(network(n_classes=3), r"into \(n, 2\). It turns .* \(n, 3\)", id="classes"),
        pytest.param(network(batch=1), r"It turns \(1, 8, 6, 3\)", id="fixed batch"),
        pytest.param(network(kind=Kind.UINT8), "cannot be loaded", id="type of input"),
        pytest.param(network(last="Relu"), "must give 2 probabilities", id="no probabilities"),
        pytest.param(network(last="Run", domain="evil"), "cannot be loaded", id="custom operator"),
    ],
)
def test_refuses_what_does_not_fit(model: onnx.ModelProto, reason: str) -> None:
    with pytest.raises(BadBundle, match=reason):
        open_bytes(model.SerializeToString())


def test_refuses_another_size() -> None:
    with pytest.raises(BadBundle, match=r"\(n, 16, 16, 3\) into \(n, 2\). It turns \(n, 8, 6, 3\)"):
        OnnxSession([network().SerializeToString()], size_hw=(16, 16), n_classes=2)


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda content: b"", id="empty"),
        pytest.param(lambda content: content[:-1], id="cut off by a byte"),
        pytest.param(lambda content: content[: len(content) // 2], id="cut in half"),
        pytest.param(lambda content: np.random.default_rng(0).bytes(5000), id="random"),
        pytest.param(lambda content: b"\x80\x04\x95cos\nsystem\n", id="pickle"),
    ],
)
def test_refuses_broken_bytes(spoil: Callable[[bytes], bytes]) -> None:
    assert "ONNX model cannot be loaded" in refusal(spoil(network().SerializeToString()))


def test_says_nothing_on_stdout(capfd: pytest.CaptureFixture[str]) -> None:
    refusal(network().SerializeToString().replace(b"Softmax", b"\xff\xfe\xfdtmax"))
    assert capfd.readouterr() == ("", "")


def test_refuses_more_or_less_than_one_file() -> None:
    content = network().SerializeToString()
    for contents in ([], [content, content]):
        with pytest.raises(BadBundle):
            OnnxSession(contents, size_hw=SHAPE, n_classes=2)


@pytest.fixture
def weights_beside(tmp_path: Path) -> Iterator[Path]:
    """The weights of `network` as a file in the current folder."""
    path = tmp_path / "weights.bin"
    path.write_bytes(network().graph.initializer[0].raw_data)
    before = Path.cwd()
    os.chdir(tmp_path)
    yield path
    os.chdir(before)


@pytest.mark.parametrize("form", ["{name}", "./{name}", "{path}", "../{folder}/{name}"])
def test_reads_no_weights_from_other_files(weights_beside: Path, form: str) -> None:
    path = weights_beside
    model = network()
    (weights,) = model.graph.initializer
    n_bytes = len(weights.raw_data)
    weights.ClearField("raw_data")
    weights.data_location = Kind.EXTERNAL
    location = form.format(name=path.name, path=path, folder=path.parent.name)
    for key, value in (("location", location), ("length", str(n_bytes))):
        entry = weights.external_data.add()
        entry.key, entry.value = key, value
    content = model.SerializeToString()
    assert "cannot be loaded" in refusal(content)
    assert [each.name for each in path.parent.iterdir()] == [path.name]
