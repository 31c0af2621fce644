"""Tensors: requests and answers of the Open Inference Protocol, version 2, on cut out faces.

Source: kserve/open-inference-protocol, specification/protocol/inference_rest.md, and the extension
for binary tensors of the Triton inference server (docs/protocol/extension_binary_data.md).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from maskwise.errors import InvalidInput
from maskwise.results import Faces

INPUT: Final = "face_rgb"
OUTPUTS: Final[Mapping[str, str]] = {"probability": "FP32", "label": "INT64"}
MAX_FACES: Final = 256
MAX_SIDE_PX: Final = 1024

_LARGEST: Final = 255
_LARGEST_SHAPE: Final = (MAX_FACES, MAX_SIDE_PX, MAX_SIDE_PX, 3)
_DTYPES: Final[Mapping[str, np.dtype[Any]]] = {"FP32": np.dtype("<f4"), "INT64": np.dtype("<i8")}


def metadata(about: Mapping[str, Any]) -> Mapping[str, Any]:
    """What `GET /v2/models/NAME` tells of a model.

    Args:
        about: The model, as `Decider.about` has it.
    """
    return {
        "name": about["name"],
        "versions": [about["version"]],
        "platform": "onnxruntime_onnx",
        "inputs": [{"name": INPUT, "datatype": "UINT8", "shape": [-1, -1, -1, 3]}],
        "outputs": [
            {"name": "probability", "datatype": "FP32", "shape": [-1, len(about["labels"])]},
            {"name": "label", "datatype": "INT64", "shape": [-1]},
        ],
    }


@dataclass(frozen=True, slots=True)
class Inference:
    """A request.

    Attributes:
        faces_rgb: Pictures of one face each, RGB uint8 `(n, h, w, 3)`.
        id: What the client calls it; None for nothing.
        outputs: What is asked for, in order, and whether as binary.
    """

    faces_rgb: NDArray[np.uint8]
    id: str | None
    outputs: tuple[tuple[str, bool], ...]

    @classmethod
    def parse(cls, content: bytes, json_bytes: int | None) -> Self:
        """Read a request.

        Args:
            content: The body.
            json_bytes: Of it at its beginning, that are JSON; None: all.

        Raises:
            InvalidInput: It breaks the protocol, or asks for what this model has not.
        """
        head, tensors = content[:json_bytes], content[len(content[:json_bytes]) :]
        request = _parse_json(head)
        inputs = _list_of_objects(request, "inputs")
        if len(inputs) != 1 or inputs[0].get("name") != INPUT:
            names = ", ".join(str(each.get("name"))[:40] for each in inputs[:4]) or "none"
            raise InvalidInput(f"`inputs` must be one tensor named {INPUT}. Received: {names}.")
        given_id = request.get("id")
        if not isinstance(given_id, str | None):
            raise InvalidInput(f"`id` must be a string. Received: {given_id!r:.40}.")
        faces_rgb = _read_tensor(inputs[0], tensors)
        return cls(faces_rgb, given_id, tuple(_asked(request)))

    def answer(
        self, faces: Sequence[Faces], about: Mapping[str, Any]
    ) -> tuple[Mapping[str, Any], bytes]:
        """The body of the answer: JSON, and binary tensors that follow it.

        Args:
            faces: What was decided on each picture, one face each.
            about: The model.
        """
        values: Mapping[str, NDArray[Any]] = {
            "probability": np.concatenate([each.probability for each in faces]),
            "label": np.concatenate([each.label for each in faces]),
        }
        outputs, blobs = [], []
        for name, is_binary in self.outputs:
            datatype = OUTPUTS[name]
            value = values[name].astype(_DTYPES[datatype])
            output: dict[str, Any] = {
                "name": name,
                "datatype": datatype,
                "shape": list(value.shape),
            }
            if is_binary:
                blobs.append(value.tobytes())
                output["parameters"] = {"binary_data_size": len(blobs[-1])}
            else:
                output["data"] = value.ravel().tolist()
            outputs.append(output)
        body = {
            "model_name": about["name"],
            "model_version": about["version"],
            **({} if self.id is None else {"id": self.id}),
            "outputs": outputs,
        }
        return body, b"".join(blobs)


def _parse_json(head: bytes) -> Mapping[str, Any]:
    try:
        request = json.loads(head, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"The request must be JSON: {error}.") from error
    if not isinstance(request, dict):
        raise InvalidInput(f"The request must be an object. Received: {type(request).__name__}.")
    return request


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _list_of_objects(request: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    values = request.get(name, [])
    if not isinstance(values, list) or not all(isinstance(each, dict) for each in values):
        raise InvalidInput(f"`{name}` must be a list of objects. Received: {values!r:.40}.")
    return values


def _read_tensor(tensor: Mapping[str, Any], tensors: bytes) -> NDArray[np.uint8]:
    if tensor.get("datatype") != "UINT8":
        raise InvalidInput(
            f"`datatype` of {INPUT} must be UINT8. Received: {tensor.get('datatype')!r:.40}."
        )
    shape = tensor.get("shape")
    if not (
        isinstance(shape, list)
        and len(shape) == len(_LARGEST_SHAPE)
        and all(
            type(n) is int and 1 <= n <= most for n, most in zip(shape, _LARGEST_SHAPE, strict=True)
        )
        and shape[3] == _LARGEST_SHAPE[3]
    ):
        raise InvalidInput(
            f"`shape` of {INPUT} must be [n, height, width, 3], with n to {MAX_FACES} and sides to "
            f"{MAX_SIDE_PX}. Received: {shape!r:.60}."
        )
    size = _parameters(tensor).get("binary_data_size")
    n_values = int(np.prod(shape))
    if size is None:
        values = _flat(tensor.get("data"))
    elif size != len(tensors):
        raise InvalidInput(
            f"`binary_data_size` of {INPUT} must be what follows the JSON, {len(tensors)} bytes. "
            f"Received: {size!r:.40}."
        )
    else:
        values = np.frombuffer(tensors, np.uint8)
    if values.size != n_values:
        raise InvalidInput(
            f"`data` of {INPUT} must have {n_values} values for its shape. Received: {values.size}."
        )
    return values.reshape(shape)


def _flat(data: object) -> NDArray[np.uint8]:
    """Values as JSON has them, nested or not."""
    try:
        values = np.array(data).ravel()
    except (ValueError, OverflowError, RecursionError) as error:
        raise InvalidInput(f"`data` of {INPUT} must be lists of the same lengths.") from error
    if values.dtype.kind not in "iu" or not ((values >= 0) & (values <= _LARGEST)).all():
        raise InvalidInput(f"`data` of {INPUT} must be whole numbers of 0 to {_LARGEST}.")
    return values.astype(np.uint8)


def _asked(request: Mapping[str, Any]) -> list[tuple[str, bool]]:
    is_binary = bool(_parameters(request).get("binary_data_output", False))
    asked = _list_of_objects(request, "outputs") or [{"name": name} for name in OUTPUTS]
    names = [each.get("name") for each in asked]
    if len({*map(str, names)}) < len(names) or not {*map(str, names)} <= OUTPUTS.keys():
        raise InvalidInput(
            f"`outputs` must be of {', '.join(OUTPUTS)}, each once. Received: {names!r:.80}."
        )
    return [(each["name"], bool(_parameters(each).get("binary_data", is_binary))) for each in asked]


def _parameters(of: Mapping[str, Any]) -> Mapping[str, Any]:
    found = of.get("parameters", {})
    if not isinstance(found, dict):
        raise InvalidInput(f"`parameters` must be an object. Received: {found!r:.40}.")
    return found
