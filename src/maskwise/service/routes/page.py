"""Page: the page for everybody, what it decides with, and the API to be tried out."""

from fastapi import FastAPI, Response
from fastapi.responses import PlainTextResponse
from starlette.staticfiles import StaticFiles

from maskwise.service.browser import NO_PAGE, PAGE, has_page
from maskwise.service.problem import Problem
from maskwise.service.service import Service


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
        app.mount("/", StaticFiles(directory=PAGE, html=True))
    else:
        app.add_api_route("/", lambda: PlainTextResponse(NO_PAGE, 404), include_in_schema=False)
