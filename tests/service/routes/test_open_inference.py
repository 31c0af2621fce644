"""The paths of the Open Inference Protocol, and that a client of others is content with them."""

import json
from typing import Any

import numpy as np
import pytest
import tritonclient.http as triton
from starlette.testclient import TestClient
from tritonclient.utils import InferenceServerException

from services import running


def infer(client: TestClient, **changes: Any) -> Any:
    pixels = np.full((2, 6, 5, 3), 250, np.uint8)
    pixels[1] = 10
    tensor = {"name": "face_rgb", "datatype": "UINT8", "shape": [2, 6, 5, 3]}
    request = {"id": "42", "inputs": [{**tensor, "data": pixels.ravel().tolist()}], **changes}
    return client.post("/v2/models/brightness/infer", json=request)


def test_cut_out_faces_are_decided_on_by_the_open_protocol(client: TestClient) -> None:
    answer = infer(client).json()
    assert (answer["id"], answer["model_name"], answer["model_version"]) == (
        "42",
        "brightness",
        "3",
    )
    probability, label = answer["outputs"]
    assert probability["shape"] == [2, 2]
    assert label == {"name": "label", "datatype": "INT64", "shape": [2], "data": [1, 0]}
    assert probability["data"][1] == pytest.approx(250 / 255, abs=1e-4)
    only = infer(client, outputs=[{"name": "label"}]).json()["outputs"]
    assert [output["name"] for output in only] == ["label"]
    meta = client.get("/v2/models/brightness/versions/3").json()
    assert meta["inputs"] == [{"name": "face_rgb", "datatype": "UINT8", "shape": [-1, -1, -1, 3]}]
    assert client.get("/v2/models/brightness/ready").status_code == 200
    assert client.get("/v2/models/brightness/versions/4/ready").status_code == 404
    assert client.get("/v2").json()["name"] == "maskwise"


def test_tensors_may_be_binary(client: TestClient) -> None:
    pixels = np.full((2, 6, 5, 3), 250, np.uint8).tobytes()
    tensor = {"name": "face_rgb", "datatype": "UINT8", "shape": [2, 6, 5, 3]}
    head = json.dumps(
        {
            "inputs": [{**tensor, "parameters": {"binary_data_size": len(pixels)}}],
            "parameters": {"binary_data_output": True},
        }
    ).encode()
    answer = client.post(
        "/v2/models/brightness/infer",
        content=head + pixels,
        headers={"Inference-Header-Content-Length": str(len(head))},
    )
    size = int(answer.headers["inference-header-content-length"])
    outputs = json.loads(answer.content[:size])["outputs"]
    assert [output["parameters"]["binary_data_size"] for output in outputs] == [16, 16]
    assert np.frombuffer(answer.content[size + 16 :], "<i8").tolist() == [1, 1]


@pytest.mark.parametrize(
    "changes",
    [
        {"inputs": []},
        {"inputs": 3},
        {"inputs": [{"name": "other"}]},
        {"inputs": [{"name": "face_rgb", "datatype": "FP32", "shape": [1, 2, 2, 3]}]},
        {"inputs": [{"name": "face_rgb", "datatype": "UINT8", "shape": [1, 2, 2, 4]}]},
        {"inputs": [{"name": "face_rgb", "datatype": "UINT8", "shape": [9999, 2, 2, 3]}]},
        {"inputs": [{"name": "face_rgb", "datatype": "UINT8", "shape": [1, 1, 1, 3]}]},
        {
            "inputs": [
                {"name": "face_rgb", "datatype": "UINT8", "shape": [1, 1, 1, 3], "data": [1, 2]}
            ]
        },
        {
            "inputs": [
                {
                    "name": "face_rgb",
                    "datatype": "UINT8",
                    "shape": [1, 1, 1, 3],
                    "data": [1, 2, 256],
                }
            ]
        },
        {
            "inputs": [
                {
                    "name": "face_rgb",
                    "datatype": "UINT8",
                    "shape": [1, 1, 1, 3],
                    "data": [1, 2, 0.5],
                }
            ]
        },
        {
            "inputs": [
                {"name": "face_rgb", "datatype": "UINT8", "shape": [1, 1, 1, 3], "data": [[1], 2]}
            ]
        },
        {
            "inputs": [
                {
                    "name": "face_rgb",
                    "datatype": "UINT8",
                    "shape": [1, 1, 1, 3],
                    "parameters": {"binary_data_size": 3},
                }
            ]
        },
        {"outputs": [{"name": "other"}]},
        {"outputs": [{"name": "label"}, {"name": "label"}]},
        {"parameters": 1},
        {"id": 7},
    ],
)
def test_what_breaks_the_protocol_is_told(client: TestClient, changes: dict[str, Any]) -> None:
    answer = infer(client, **changes)
    assert answer.status_code == 400
    assert isinstance(answer.json()["error"], str)


@pytest.mark.parametrize("is_binary", [True, False])
def test_an_existing_client_is_content(is_binary: bool) -> None:
    pixels = np.stack([np.full((6, 5, 3), value, np.uint8) for value in (250, 10)])
    with running() as url:
        client = triton.InferenceServerClient(url.removeprefix("http://"))
        assert client.is_server_live()
        assert client.is_server_ready()
        assert client.is_model_ready("brightness")
        assert not client.is_model_ready("other")
        described = client.get_model_metadata("brightness")["inputs"][0]
        tensor = triton.InferInput(described["name"], pixels.shape, described["datatype"])
        tensor.set_data_from_numpy(pixels, binary_data=is_binary)
        wanted = [
            triton.InferRequestedOutput(name, binary_data=is_binary)
            for name in ("probability", "label")
        ]
        answer = client.infer("brightness", [tensor], outputs=wanted, request_id="42")
        assert answer.get_response()["id"] == "42"
        assert answer.as_numpy("label").tolist() == [1, 0]
        np.testing.assert_allclose(answer.as_numpy("probability").sum(axis=1), 1, atol=1e-5)
        with pytest.raises(InferenceServerException, match="There is no such model"):
            client.infer("other", [tensor])
        client.close()
