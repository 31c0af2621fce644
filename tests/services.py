"""Services: one in this process, which answers by how bright a picture is, and the real one."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO, StringIO
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import uvicorn
from PIL import Image
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from deciders import load_decider
from maskwise.dataset.drawn import draw_face
from maskwise.service.app import make_app
from maskwise.service.connection import Connection
from maskwise.service.keys import Keys
from maskwise.service.log import Log
from maskwise.service.metrics import Metrics
from maskwise.service.rate import RateLimit
from maskwise.service.service import Service
from maskwise.service.uploads import Uploads
from maskwise.service.workers.crew import Crew
from maskwise.service.workers.hand import Load

KEY = "door-key-0123456789"


def draw_street() -> bytes:
    """A photo with two drawn faces that are found."""
    picture = np.full((400, 800, 3), 128, np.uint8)
    for place, label in enumerate((0, 1)):
        face = draw_face(label, seed=3, index=place)
        picture[80 : 80 + face.shape[0], 80 + 350 * place :][:, : face.shape[1]] = face
    file = BytesIO()
    Image.fromarray(picture).save(file, "jpeg", quality=90)
    return file.getvalue()


def open_crew(load: Load = load_decider) -> Crew:
    def hear(event: str, **_: Any) -> None:
        assert event != "worker_refused"

    return Crew(load, workers=1, max_waiting=16, deadline_s=10, tell=hear)


def open_service(crew: Crew) -> Service:
    uploads, metrics = Uploads(), Metrics()
    metrics.watch(crew, uploads)
    return Service(crew, uploads, metrics)


def app_of(
    crew: Crew,
    lines: StringIO,
    *,
    keys: str = "",
    keys_path: Path | None = None,
    per_s: float = 0,
    only_local: bool = False,
) -> ASGIApp:
    return make_app(
        open_service(crew),
        keys=Keys(keys_path, keys),
        rate=RateLimit(per_s, burst=2),
        log=Log(lines),
        only_local=only_local,
    )


@contextmanager
def serving(crew: Crew, **told: Any) -> Iterator[tuple[TestClient, StringIO]]:
    lines = StringIO()
    with TestClient(app_of(crew, lines, **told)) as client:
        yield client, lines


@contextmanager
def running(load: Load = load_decider, *, keys: str = "") -> Iterator[str]:
    """Serve on a free port, by a thread; yields where."""
    crew = open_crew(load)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(
            app_of(crew, StringIO(), keys=keys), http=Connection, log_config=None, lifespan="off"
        )
    )
    thread = Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        crew.close()
        listener.close()


@contextmanager
def serve(
    *options: str, log: int = subprocess.DEVNULL, **environment: str
) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A service on a free port, and where it is; its log goes to `log`."""
    process = subprocess.Popen(
        [sys.executable, "-m", "maskwise", "serve", "--port", "0", "--workers", "1", *options],
        stdout=log,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    try:
        assert process.stderr is not None
        said = process.stderr.readline()
        assert said.startswith("Serving at http://"), said + process.stderr.read()
        yield said.split()[-1], process
    finally:
        process.kill()
        process.communicate()
