"""Page: the page for everybody, what it decides with, and the API to be tried out."""

from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI, Response
from fastapi.responses import PlainTextResponse
from starlette.staticfiles import StaticFiles

from maskwise.service.problem import Problem
from maskwise.service.service import Service

FOLDER = Path(str(files("maskwise.service"))) / "web"
"""What `make page` builds; the wheel holds it."""

_NOT_BUILT = "The page is not in this installation. In a clone, `make page` builds it.\n"


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

    if (FOLDER / "index.html").is_file():
        app.mount("/", StaticFiles(directory=FOLDER, html=True))
    else:
        app.add_api_route("/", lambda: PlainTextResponse(_NOT_BUILT, 404), include_in_schema=False)
