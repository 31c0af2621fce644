"""Status: the paths that tell how the service does, and with which model."""

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from maskwise.service.metrics import CONTENT_TYPE
from maskwise.service.schemas import Error, Health, ModelCard
from maskwise.service.service import Service


def routes(service: Service) -> APIRouter:
    """The paths."""
    router = APIRouter(tags=["status"])

    @router.get("/healthz", response_model=Health)
    async def tell_health() -> Response:
        """Whether the process is up; the model is not asked."""
        return JSONResponse({"status": "ok"})

    @router.get("/readyz", response_model=Health, responses={503: {"model": Health}})
    async def tell_ready() -> Response:
        """Whether pictures can be decided on at the moment."""
        reason = service.why_not_ready
        if reason:
            return JSONResponse({"status": "not_ready", "reason": reason}, 503)
        return JSONResponse({"status": "ok"})

    @router.get("/v1/model", response_model=ModelCard, responses={401: {"model": Error}})
    async def tell_model() -> Response:
        """Which model decides, how it was chosen when it answers, and its card."""
        return JSONResponse(dict(service.crew.about))

    @router.get("/metrics", response_class=Response, responses={401: {"model": Error}})
    async def tell_metrics() -> Response:
        """What happened so far, for Prometheus."""
        return Response(service.metrics.to_text(), media_type=CONTENT_TYPE)

    return router
