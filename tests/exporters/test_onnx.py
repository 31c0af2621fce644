from collections import Counter
from pathlib import Path

import keras
import numpy as np
import onnx
import pytest

from maskwise.exporters.onnx import to_int8_onnx, to_onnx
from maskwise.model.networks import build_network

pytestmark = pytest.mark.train


@pytest.fixture(params=["model.onnx", "model.int8.onnx"])
def model(request: pytest.FixtureRequest, tiny_bundle: Path) -> onnx.ModelProto:
    return onnx.load_from_string((tiny_bundle / request.param).read_bytes())


def edges(value: onnx.ValueInfoProto) -> list[int | str]:
    return [edge.dim_param or edge.dim_value for edge in value.type.tensor_type.shape.dim]


def test_others_find_their_way(model: onnx.ModelProto) -> None:
    onnx.checker.check_model(model, full_check=True)
    (given,), (found,) = model.graph.input, model.graph.output
    assert (given.name, edges(given)) == ("face", ["n", 128, 128, 3])
    assert (found.name, edges(found)) == ("probability", ["n", 2])


def test_all_is_in_the_one_file(model: onnx.ModelProto) -> None:
    for weights in model.graph.initializer:
        assert weights.data_location == onnx.TensorProto.DEFAULT
        assert not weights.external_data


def test_only_the_operators_of_the_standard_are_used(model: onnx.ModelProto) -> None:
    assert {node.domain for node in model.graph.node} <= {"", "ai.onnx"}


def test_integers_end_before_the_last_layer(tiny_bundle: Path) -> None:
    model = onnx.load_from_string((tiny_bundle / "model.int8.onnx").read_bytes())
    weights = {each.name: each.data_type for each in model.graph.initializer}
    made_by = {output: node for node in model.graph.node for output in node.output}
    multiplications = [node for node in model.graph.node if node.op_type in ("MatMul", "Gemm")]
    *others, last = multiplications
    assert len(others) == 2
    assert weights[last.input[1]] == onnx.TensorProto.FLOAT
    for node in others:
        integers = made_by[node.input[1]]
        assert integers.op_type == "DequantizeLinear"
        assert weights[integers.input[0]] == onnx.TensorProto.INT8
    assert model.graph.node[-1].op_type == "Softmax"


def test_integers_end_before_each_of_several_last_layers() -> None:
    face = keras.Input((8, 8, 3))
    hidden = keras.layers.Dense(8, activation="relu")(keras.layers.Flatten()(face))
    heads = [keras.layers.Dense(1, activation="sigmoid")(hidden), keras.layers.Dense(4)(hidden)]
    network = keras.Model(face, keras.layers.Concatenate()(heads))
    faces = np.random.default_rng(0).random((20, 8, 8, 3), dtype=np.float32)
    model = onnx.load_from_string(to_int8_onnx(network, faces))
    made_in_integers = {
        node.output[0] for node in model.graph.node if node.op_type == "DequantizeLinear"
    }
    multiplications = [node for node in model.graph.node if node.op_type in ("MatMul", "Gemm")]
    in_integers = [node.input[1] in made_in_integers for node in multiplications]
    assert in_integers == [True, False, False]


def test_normalisations_become_part_of_the_convolutions() -> None:
    network = build_network("efficientnet_lite0", (32, 32), n_classes=2, seed=0)
    nodes = onnx.load_from_string(to_onnx(network)).graph.node
    kinds = Counter(node.op_type for node in nodes)
    assert kinds["Conv"] == 49
    assert kinds["BatchNormalization"] == 0
    assert kinds["Mul"] == 1  # of the pixels, at the start
