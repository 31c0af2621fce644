"""Open inference: the paths of the Open Inference Protocol, version 2."""

import json
from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from maskwise import __version__
from maskwise.service.problem import Problem
from maskwise.service.schemas import (
    InferenceAnswer,
    Live,
    ModelMetadata,
    ProtocolError,
    ProtocolServer,
    Ready,
)
from maskwise.service.service import Service
from maskwise.service.workers.job import Job
from maskwise.service.workers.tensors import INPUT, metadata

_JSON_BYTES: Final = "Inference-Header-Content-Length"
_PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": ProtocolError}
    for status in (400, 401, 403, 404, 408, 413, 415, 422, 429, 503)
}
_NOT_READY: Final[dict[int | str, dict[str, Any]]] = {503: {"model": Ready}}
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["inputs"],
                    "properties": {
                        "id": {"type": "string"},
                        "inputs": {
                            "type": "array",
                            "minItems": 1,
                            "maxItems": 1,
                            "items": {"$ref": "#/components/schemas/Tensor"},
                        },
                        "outputs": {"type": "array", "items": {"type": "object"}},
                        "parameters": {"type": "object"},
                    },
                },
                "example": {
                    "inputs": [
                        {
                            **{"name": INPUT, "datatype": "UINT8", "shape": [1, 2, 2, 3]},
                            "data": [120, 96, 80, 122, 97, 82, 119, 95, 80, 121, 97, 81],
                        }
                    ]
                },
            }
        },
    }
}


def routes(service: Service) -> APIRouter:
    """The paths."""
    router = APIRouter(prefix="/v2", tags=["open inference protocol"], responses=_PROBLEMS)

    def about(name: str, version: str | None = None) -> Mapping[str, Any]:
        known = service.crew.about
        if name != known["name"] or version not in (None, known["version"]):
            raise Problem(
                404,
                f"There is no such model; there is {known['name']}, version {known['version']}.",
            )
        return known

    @router.get("", response_model=ProtocolServer)
    async def tell_server() -> Mapping[str, Any]:
        """What this server is."""
        return {"name": "maskwise", "version": __version__, "extensions": ["binary_tensor_data"]}

    @router.get("/health/live", response_model=Live)
    async def tell_live() -> Mapping[str, bool]:
        """Whether the process is up."""
        return {"live": True}

    @router.get("/health/ready", response_model=Ready, responses=_NOT_READY)
    async def tell_ready() -> Response:
        """Whether it can decide."""
        return _ready(not service.why_not_ready, "ready")

    @router.get("/models/{name}", response_model=ModelMetadata)
    @router.get("/models/{name}/versions/{version}", response_model=ModelMetadata)
    async def tell_model(name: str, version: str | None = None) -> Mapping[str, Any]:
        """What goes into the model, and what comes out."""
        return metadata(about(name, version))

    @router.get("/models/{name}/ready", response_model=Ready, responses=_NOT_READY)
    @router.get(
        "/models/{name}/versions/{version}/ready", response_model=Ready, responses=_NOT_READY
    )
    async def tell_model_ready(name: str, version: str | None = None) -> Response:
        """Whether the model can decide."""
        return _ready(not service.why_not_ready, "ready", name=about(name, version)["name"])

    @router.post("/models/{name}/infer", response_model=InferenceAnswer, openapi_extra=_BODY)
    @router.post(
        "/models/{name}/versions/{version}/infer",
        response_model=InferenceAnswer,
        openapi_extra=_BODY,
    )
    async def infer(request: Request, name: str, version: str | None = None) -> Response:
        """Decide on cut out faces."""
        about(name, version)
        service.require_room()
        with service.uploads.kept() as upload:
            body = await upload.read(request)
            job = Job("infer", body, json_bytes=_json_bytes(request, body))
            (answer,) = await service.ask(request, [job])
        if answer.status != 200:
            raise Problem(answer.status, answer.body["message"])
        if not answer.content:
            return JSONResponse(answer.body)
        head = json.dumps(answer.body).encode("ascii")
        return Response(
            head + answer.content,
            media_type="application/octet-stream",
            headers={_JSON_BYTES: str(len(head))},
        )

    return router


def _json_bytes(request: Request, body: bytes) -> int | None:
    given = request.headers.get(_JSON_BYTES)
    if given is None:
        return None
    if not given.isdecimal() or int(given) > len(body):
        raise Problem(
            400,
            f"{_JSON_BYTES} must be at most the length of the body, {len(body)}. "
            f"Received: {given:.20}.",
        )
    return int(given)


def _ready(is_ready: bool, word: str, **fields: Any) -> JSONResponse:
    return JSONResponse({**fields, word: is_ready}, 200 if is_ready else 503)
