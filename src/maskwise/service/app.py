"""App: the whole service as one ASGI application."""

from typing import Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp

from maskwise import __version__
from maskwise.service.guard import Guard, respond
from maskwise.service.keys import Keys
from maskwise.service.log import Log
from maskwise.service.problem import Problem
from maskwise.service.rate import RateLimit
from maskwise.service.routes import open_inference, pictures, status
from maskwise.service.routes.page import add_page
from maskwise.service.service import Service

_CLIENT_LEFT: Final = 499


def make_app(
    service: Service, *, keys: Keys, rate: RateLimit, log: Log, only_local: bool
) -> ASGIApp:
    """The service, behind its guard.

    Args:
        service: What the paths share.
        keys: Who may ask; without any, everybody may.
        rate: How often each may.
        log: Gets a line for each request.
        only_local: Whether the service is only for this machine.
    """
    return Guard(
        make_paths(service),
        keys=keys,
        rate=rate,
        metrics=service.metrics,
        log=log,
        only_local=only_local,
    )


def make_paths(service: Service) -> FastAPI:
    """All paths, and how problems are told."""
    app = FastAPI(
        title="maskwise",
        version=__version__,
        summary="For every face of a picture: a mask, no mask, or one that is worn wrongly.",
        docs_url=None,  # it would load scripts from elsewhere; the page brings its own
        redoc_url=None,
    )
    for part in (pictures, open_inference, status):
        router = part.routes(service)
        for route in router.routes:
            if isinstance(route, APIRoute):  # else what people read were names of functions
                route.summary = route.description.partition("\n")[0].rstrip(".")
        app.include_router(router)
    add_page(app, service)
    for kind in (Problem, RequestValidationError, HTTPException, ClientDisconnect):
        app.add_exception_handler(kind, _tell)
    return app


async def _tell(request: Request, error: Exception) -> Response:
    """Answer with what went wrong."""
    match error:
        case Problem():
            problem = error
        case RequestValidationError():
            problem = _invalid(error)
        case HTTPException():
            problem = Problem(error.status_code, f"{error.detail}.", error.headers)
        case _:
            return Response(status_code=_CLIENT_LEFT)  # which nobody will read
    return respond(problem, request.scope)


def _invalid(error: RequestValidationError) -> Problem:
    """The first thing that is wrong, in a sentence."""
    first = error.errors()[0]
    name = str(first["loc"][-1])
    return Problem(422, f"`{name}`: {first['msg']}. Received: {first.get('input')!r:.60}.")
