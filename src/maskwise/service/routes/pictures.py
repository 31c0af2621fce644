"""Pictures: the paths that decide on pictures."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from maskwise.service.problem import CODES, Problem
from maskwise.service.schemas import Detection, Error
from maskwise.service.service import Service
from maskwise.service.uploads import MAX_PICTURES
from maskwise.service.workers.job import Answer, Job

MinProbability = Annotated[
    float,
    Query(
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="Answers that are less sure become *unsure*. The model has a limit of its own, "
        "which this can only raise.",
    ),
]
_PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": Error} for status in (400, 401, 403, 408, 413, 415, 422, 429, 503)
}
_BINARY: Final = {"schema": {"type": "string", "format": "binary"}}


def _body(*, most: int) -> dict[str, Any]:
    """How OpenAPI tells that pictures can come in three ways."""
    files = {"type": "array", "maxItems": most, "items": {"type": "string", "format": "binary"}}
    texts = {"type": "array", "maxItems": most, "items": {"type": "string", "format": "byte"}}
    return {
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "required": ["file"],
                        "properties": {"file": files},
                    }
                },
                "image/jpeg": _BINARY,
                "image/png": _BINARY,
                "image/webp": _BINARY,
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["images"],
                        "additionalProperties": False,
                        "properties": {"images": {**texts, "minItems": 1}},
                    }
                },
            },
        }
    }


def routes(service: Service) -> APIRouter:
    """The paths."""
    router = APIRouter(tags=["pictures"], responses=_PROBLEMS)

    @router.post("/v1/detect", response_model=Detection, openapi_extra=_body(most=MAX_PICTURES))
    async def detect(request: Request, min_probability: MinProbability = 0.0) -> Response:
        """Find the faces of one or many pictures, and say what each wears.

        A picture that cannot be read costs only itself: it has an `error` in its place. If none
        can be read, neither can the request.
        """
        service.require_room()
        with service.uploads.kept() as upload:
            pictures = await upload.read_pictures(request)
            jobs = [Job("detect", picture, min_probability) for picture in pictures]
            answers = await service.ask(request, jobs)
        _require_any(answers)
        return JSONResponse(
            {
                "request_id": request.state.request_id,
                "model": next(answer.model for answer in answers if answer.model),
                "results": [_result(answer) for answer in answers],
            }
        )

    @router.post(
        "/v1/detect/annotated",
        response_class=Response,
        responses={200: {"content": {"image/jpeg": _BINARY}}},
        openapi_extra=_body(most=1),
    )
    async def annotate(
        request: Request,
        min_probability: MinProbability = 0.0,
        blur: Annotated[bool, Query(description="Make faces unrecognisable.")] = False,
    ) -> Response:
        """Draw the answers on a picture: a JPEG comes back, without any metadata."""
        service.require_room()
        with service.uploads.kept() as upload:
            pictures = await upload.read_pictures(request)
            if len(pictures) > 1:
                raise Problem(
                    422, f"One picture can be annotated at a time. Received: {len(pictures)}."
                )
            job = Job("annotate", pictures[0], min_probability, is_blurred=blur)
            answers = await service.ask(request, [job])
        _require_any(answers)
        model = answers[0].model
        return Response(
            answers[0].content,
            media_type="image/jpeg",
            headers={"X-Maskwise-Model": f"{model['name']} {model['version']} {model['sha256']}"},
        )

    return router


def _require_any(answers: list[Answer]) -> None:
    if all(answer.status != 200 for answer in answers):
        raise Problem(answers[0].status, answers[0].body["message"])


def _result(answer: Answer) -> Mapping[str, Any]:
    if answer.status == 200:
        return answer.body
    return {"error": {"code": CODES[answer.status], "message": answer.body["message"]}}
