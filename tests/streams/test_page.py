"""The live page is for who knows the token, and shows no face unless that is wanted."""

import http.client
import json
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from looks import look
from maskwise.images import decode_image
from maskwise.labels import WITHOUT_MASK
from maskwise.streams.event import Event
from maskwise.streams.page import Page
from maskwise.streams.post import Seen


def watching() -> Any:
    noise = np.random.default_rng(0).integers(0, 255, (420, 420, 3), np.uint8)
    post = SimpleNamespace(
        camera=SimpleNamespace(health=SimpleNamespace(state="online")),
        last=Seen(noise, look((100, WITHOUT_MASK))),
        fps=5.0,
        delay_s=0.1,
        n_present=1,
        compliance=0.75,
    )
    return SimpleNamespace(posts={"door": post})


@pytest.fixture(params=[True, False], ids=["blurred", "clear"])
def page(request: pytest.FixtureRequest) -> Iterator[Page]:
    one = Page(watching(), port=0, token="t0ken", is_blurred=request.param)
    yield one
    one.close()


def ask(page: Page, path: str, **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", page.port, timeout=10)
    connection.request("GET", path, headers=headers)
    return connection.getresponse()


KNOWN = {"Cookie": "maskwise=t0ken"}


def test_the_token_is_exchanged_for_a_cookie(page: Page) -> None:
    answer = ask(page, "/?token=t0ken")
    assert (answer.status, answer.headers["Location"]) == (303, "/")
    assert answer.headers["Set-Cookie"].startswith("maskwise=t0ken; HttpOnly; SameSite=Strict")
    answer = ask(page, "/", **KNOWN)
    assert answer.status == 200
    assert b"<title>maskwise" in answer.read()


@pytest.mark.parametrize("path", ["/", "/status", "/camera/door", "/?token=wrong", "/nope"])
@pytest.mark.parametrize("cookie", ["", "maskwise=wrong", "maskwise=;;=\x01"])
def test_who_does_not_know_it_sees_nothing(page: Page, path: str, cookie: str) -> None:
    answer = ask(page, path, Cookie=cookie)
    assert answer.status == 401
    assert answer.read() == b"Unauthorized.\n"


def test_a_foreign_name_that_leads_here_is_refused(page: Page) -> None:
    assert ask(page, "/status", Host="evil.example", **KNOWN).status == 403
    assert ask(page, "/status", Host=f"localhost:{page.port}", **KNOWN).status == 200


def test_it_says_how_cameras_do_and_what_happened(page: Page) -> None:
    page.events.append(Event("person_without_mask", "door", {"person": 1}))
    said = json.loads(ask(page, "/status", **KNOWN).read())
    assert said["cameras"] == [
        {
            "name": "door",
            "state": "online",
            "fps": 5.0,
            "delay_s": 0.1,
            "people": 1,
            "masked": 0.75,
        }
    ]
    assert said["events"][0]["event"] == "person_without_mask"


def test_it_shows_live_pictures(page: Page) -> None:
    answer = ask(page, "/camera/door", **KNOWN)
    assert answer.headers["Content-Type"].startswith("multipart/x-mixed-replace")
    assert answer.readline() == b"--frame\r\n"
    answer.readline()
    length = int(answer.readline().split(b":")[1])
    answer.readline()
    face = decode_image(answer.read(length))[10:30, 110:130].astype(float)
    assert (face.std() < 40) == page.is_blurred


def test_what_is_not_there_is_not_found(page: Page) -> None:
    assert ask(page, "/camera/gate", **KNOWN).status == 404
    assert ask(page, "/../../etc/passwd", **KNOWN).status == 404


def test_every_answer_forbids_keeping_and_foreign_content(page: Page) -> None:
    for path in ("/", "/page.js", "/nope"):
        headers = ask(page, path, **KNOWN).headers
        assert headers["Cache-Control"] == "no-store"
        assert headers["Content-Security-Policy"].startswith("default-src 'self'")
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_it_listens_on_this_machine_only_and_makes_up_a_token() -> None:
    page = Page(watching(), port=0, token=None, is_blurred=True)
    other = Page(watching(), port=0, token=None, is_blurred=True)
    assert page._server.server_address[0] == "127.0.0.1"
    token, other_token = (each.url.split("=")[1] for each in (page, other))
    assert len(token) >= 20
    assert token != other_token
    page.close()
    other.close()


def test_nothing_of_it_comes_from_elsewhere() -> None:
    for name in ("page.html", "page.css", "page.js"):
        text = files("maskwise.streams").joinpath(name).read_text(encoding="utf-8")
        assert not re.search(r"https?://|//[a-z]+\.", text), Path(name)
