"""Page: the page for everybody, what it decides with, and the API to be tried out."""

from fastapi import FastAPI, Response
from fastapi.responses import PlainTextResponse
from starlette.routing import Match, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from maskwise.service.browser import NO_PAGE, PAGE, has_page
from maskwise.service.guard import KEY_PATHS, OPEN_PATHS
from maskwise.service.problem import Problem
from maskwise.service.service import Service


class _Page(Mount):
    """All that the API has not: there, a wrong method is to be told as such."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        path = scope["path"]
        if path in OPEN_PATHS or path.startswith(KEY_PATHS):
            return Match.NONE, {}
        return super().matches(scope)


def add_page(app: FastAPI, service: Service) -> None:
    """Add the page to an application; it takes all paths that nothing else has."""

    @app.get("/model/{name}", include_in_schema=False)
    async def give_model(name: str) -> Response:
        """A file of what a browser needs to decide by itself."""
        content = service.browser_files.get(name)
        if content is None:
            raise Problem(404, "A browser cannot decide by itself with this model.")
        kind = "application/json" if name.endswith(".json") else "application/octet-stream"
        return Response(content, media_type=kind)

    if has_page():
        app.router.routes.append(_Page("/", StaticFiles(directory=PAGE, html=True)))
    else:
        app.add_api_route("/", lambda: PlainTextResponse(NO_PAGE, 404), include_in_schema=False)
