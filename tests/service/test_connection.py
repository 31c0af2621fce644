"""Clients that are slow, or never come to an end, cost only their own connection."""

import contextlib
import http.client
import socket
import time
from collections.abc import Iterator
from io import BytesIO

import httpx2 as httpx
import pytest

from deciders import slow
from maskwise.service.connection import MAX_HEAD_BYTES
from pictures import draw_picture
from services import running

HEAD = b"POST /v1/detect HTTP/1.1\r\nHost: localhost\r\n"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running() as url:
        yield url


@contextlib.contextmanager
def connected(url: str) -> Iterator[socket.socket]:
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        yield connection


def read_all(connection: socket.socket) -> bytes:
    """What comes until it is closed."""
    received = b""
    with contextlib.suppress(ConnectionError):
        while part := connection.recv(65536):
            received += part
    return received


def test_who_says_nothing_is_sent_away(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("maskwise.service.connection.HEAD_S", 0.3)
    with connected(url) as silent:
        began_s = time.monotonic()
        assert read_all(silent) == b""
        assert 0.2 < time.monotonic() - began_s < 5


def test_who_sends_a_head_byte_by_byte_is_sent_away(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("maskwise.service.connection.HEAD_S", 0.5)

    def drip(connection: socket.socket) -> None:
        for _ in range(100):
            connection.sendall(b"G")
            time.sleep(0.05)

    with connected(url) as slow, pytest.raises(ConnectionError):
        drip(slow)


def test_a_head_that_never_ends_is_refused(url: str) -> None:

    def send_without_end(connection: socket.socket) -> None:
        for _ in range(1000):
            connection.sendall(b"X-Filler: " + b"a" * 10_000 + b"\r\n")

    with connected(url) as endless, pytest.raises(ConnectionError):
        send_without_end(endless)
    with connected(url) as patient:
        patient.sendall(HEAD)
        time.sleep(0.1)
        patient.sendall(b"X: " + b"a" * (MAX_HEAD_BYTES + 1))
        assert read_all(patient).startswith(b"HTTP/1.1 431")


def test_a_large_body_is_no_large_head(url: str) -> None:
    body = bytes(4 * MAX_HEAD_BYTES)
    with httpx.Client() as client:
        for _ in range(3):  # over one connection
            answer = client.post(f"{url}/v1/detect", content=body)
            assert answer.status_code == 415


def test_a_body_that_comes_too_slowly_is_given_up(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("maskwise.service.uploads.READ_S", 0.3)
    with connected(url) as slow:
        slow.sendall(HEAD + b"Content-Length: 1000\r\n\r\nab")
        slow.settimeout(10)
        assert slow.recv(65536).startswith(b"HTTP/1.1 408")


def test_a_connection_may_rest_between_two_requests(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("maskwise.service.connection.HEAD_S", 0.3)
    connection = http.client.HTTPConnection(url.removeprefix("http://"))
    with contextlib.closing(connection):
        connection.connect()
        first = connection.sock
        for _ in range(2):
            connection.request("GET", "/healthz")
            assert connection.getresponse().read() == b'{"status":"ok"}'
            time.sleep(0.6)
        assert connection.sock is first  # else it would have been opened anew


def test_who_expects_to_be_told_to_go_on_is(url: str) -> None:
    with connected(url) as connection:
        connection.sendall(HEAD + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 100")
        connection.sendall(b"abc")
        assert connection.recv(65536).startswith(b"HTTP/1.1 415")


def test_who_leaves_is_not_worked_for() -> None:
    file = BytesIO()
    draw_picture(1, masked=True).save(file, "png")
    picture = file.getvalue()
    with running(slow(1.0)) as url:
        with contextlib.ExitStack() as stack:
            for _ in range(12):  # twelve seconds of work
                waiting = stack.enter_context(connected(url))
                waiting.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(picture) + picture)
            with httpx.Client(base_url=url) as client:
                until_s = time.monotonic() + 10
                while "requests_in_flight 13.0" not in client.get("/metrics").text:
                    assert time.monotonic() < until_s
        began_s = time.monotonic()
        answer = httpx.post(f"{url}/v1/detect", content=picture, timeout=30)
        assert answer.status_code == 200
        assert time.monotonic() - began_s < 9


def test_many_who_are_silent_keep_nobody_out(url: str) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(300):
            stack.enter_context(connected(url))
        assert httpx.get(f"{url}/healthz").status_code == 200


def test_bytes_that_no_address_has_are_refused(url: str) -> None:
    with connected(url) as connection:
        connection.sendall(b"GET /\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 400")
