"""The client asks as a user would, and says what went wrong."""

import json
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

import maskwise as mw
from maskwise.errors import InvalidInput, ServiceFailed, UnreadableImage
from maskwise.images import Readable
from maskwise.service.client import Client
from pictures import draw_picture
from server import Answer, answer, serving
from services import KEY, running


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running(keys=f"door:{KEY}") as url:
        yield url


@pytest.fixture
def client(url: str) -> Client:
    return Client(url, key=KEY)


def test_it_is_public() -> None:
    assert mw.Client is Client


def test_a_picture_may_come_as_anything_that_can_be_read(client: Client, tmp_path: Path) -> None:
    picture = draw_picture(1, masked=True)
    file = BytesIO()
    picture.save(file, "png")
    path = tmp_path / "a picture.png"
    path.write_bytes(file.getvalue())
    forms: list[Readable] = [path, str(path), file.getvalue(), picture, np.asarray(picture)]
    found = [client.detect(form) for form in forms]
    assert all(faces.label.tolist() == [1] for faces in found)
    assert {str(faces.probability.tolist()) for faces in found} == {
        str(found[0].probability.tolist())
    }


def test_many_are_answered_in_their_order(client: Client) -> None:
    pictures = (draw_picture(n, masked=n % 3 == 0) for n in range(20))
    found = client.detect_many(pictures)
    assert [int(faces.label[0]) for faces in found] == [int(n % 3 == 0) for n in range(20)]
    assert client.detect_many([]) == []


def test_a_limit_makes_answers_unsure(client: Client) -> None:
    assert client.detect(draw_picture(1, masked=True), min_probability=0.99).label.tolist() == [-1]


def test_a_picture_comes_back_with_its_answers(client: Client) -> None:
    drawn = client.annotate(draw_picture(1, masked=True), blur=True)
    assert drawn.dtype == np.uint8
    assert drawn.shape[2] == 3


def test_the_model_tells_of_itself(client: Client) -> None:
    assert client.model()["labels"] == ["without_mask", "with_mask"]


def test_what_is_no_picture_is_told(client: Client, tmp_path: Path) -> None:
    with pytest.raises(UnreadableImage, match="this is a GIF"):
        client.detect(b"GIF89a" + bytes(20))
    with pytest.raises(UnreadableImage, match="Picture 1: this is a GIF"):
        client.detect_many([draw_picture(1, masked=True), b"GIF89a" + bytes(20)])
    with pytest.raises(UnreadableImage, match="nothing: No such file"):
        client.detect(tmp_path / "nothing")


def test_a_wrong_key_is_told(url: str) -> None:
    with pytest.raises(ServiceFailed, match="A key is needed"):
        Client(url, key="wrong-key-0123456789").model()


def test_a_service_that_is_not_there_is_told() -> None:
    with pytest.raises(ServiceFailed, match=r"http://127.0.0.1:9 cannot be asked: .*refused"):
        Client("http://127.0.0.1:9").model()


def test_one_that_is_silent_is_given_up() -> None:
    def respond(_: str) -> Answer:
        time.sleep(1)
        return b""

    with serving(respond) as server, pytest.raises(ServiceFailed, match="cannot be asked"):
        Client(f"http://127.0.0.1:{server.port}", timeout_s=0.2).model()


def test_one_that_is_busy_is_asked_again() -> None:
    told: list[bytes] = [
        answer(b"{}", status="503 Service Unavailable", headers={"Retry-After": "0"}),
        answer(b"{}", status="429 Too Many Requests", headers={"Retry-After": "0"}),
        answer(json.dumps({"name": "x"}).encode()),
    ]
    with serving(lambda _: told.pop(0)) as server:
        assert Client(f"http://127.0.0.1:{server.port}").model() == {"name": "x"}


def test_one_that_stays_busy_is_given_up() -> None:
    busy = answer(
        json.dumps({"error": {"message": "Too many."}}).encode(),
        status="503 Service Unavailable",
        headers={"Retry-After": "5"},
    )
    with serving(lambda _: busy) as server, pytest.raises(ServiceFailed, match="Too many"):
        Client(f"http://127.0.0.1:{server.port}", timeout_s=2).model()


def test_an_answer_that_is_none_of_ours_is_told() -> None:
    with (
        serving(lambda _: answer(b"<html>")) as server,
        pytest.raises(ServiceFailed, match="no answer of maskwise"),
    ):
        Client(f"http://127.0.0.1:{server.port}").model()


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://x", "http://", "file:///etc"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput, match="`url` must begin with http"):
        Client(url)


def test_a_time_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(InvalidInput, match="`timeout_s` must be above 0"):
        Client(timeout_s=0)
