"""A webhook gets signed JSON; what goes wrong is told without its secrets."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from maskwise.streams.sinks.delivery import NotDelivered
from maskwise.streams.sinks.webhook import sign, webhook


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server = self.server
        assert isinstance(server, Hook)
        server.got.append((self.path, dict(self.headers), body))
        self.send_response(server.status)
        if server.status == 302:
            self.send_header("Location", "/elsewhere")
        self.end_headers()

    do_GET = do_POST

    def log_message(self, *_: object) -> None:
        pass


class Hook(HTTPServer):
    status = 204

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.got: list[tuple[str, dict[str, str], bytes]] = []


@pytest.fixture
def hook() -> Iterator[Hook]:
    server = Hook()
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def url(hook: Hook) -> str:
    return f"http://127.0.0.1:{hook.server_port}/hook?token=hunter2"


def test_an_event_arrives_and_its_signature_can_be_checked(hook: Hook) -> None:
    webhook(url(hook), secret="s3cret", timeout_s=5)('{"event": "x"}')
    ((path, headers, body),) = hook.got
    assert path == "/hook?token=hunter2"
    assert json.loads(body) == {"event": "x"}
    assert headers["Content-Type"] == "application/json"
    stamp, digest = (part.split("=")[1] for part in headers["X-Maskwise-Signature"].split(","))
    expected = hmac.new(b"s3cret", stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert digest == expected


def test_a_name_and_password_in_the_url_are_sent_as_such(hook: Hook) -> None:
    place = f"http://me:hunter%402@127.0.0.1:{hook.server_port}/hook"
    webhook(place, secret=None, timeout_s=5)("{}")
    ((_, headers, _),) = hook.got
    assert headers["Authorization"] == "Basic " + base64.b64encode(b"me:hunter@2").decode()
    assert headers["Host"] == f"127.0.0.1:{hook.server_port}"


def test_without_a_secret_nothing_is_signed(hook: Hook) -> None:
    webhook(url(hook), secret=None, timeout_s=5)("{}")
    assert "X-Maskwise-Signature" not in hook.got[0][1]


def test_a_signature_hangs_on_time_body_and_secret() -> None:
    signatures = {
        sign(b"a", "s", 1.0),
        sign(b"b", "s", 1.0),
        sign(b"a", "t", 1.0),
        sign(b"a", "s", 2.0),
    }
    assert len(signatures) == 4


@pytest.mark.parametrize("status", [500, 404, 302])
def test_other_answers_are_no_delivery_and_lead_nowhere(hook: Hook, status: int) -> None:
    hook.status = status
    with pytest.raises(NotDelivered, match=f"answered {status}") as failed:
        webhook(url(hook), secret=None, timeout_s=5)("{}")
    assert "hunter2" not in str(failed.value)
    assert len(hook.got) == 1


def test_who_is_not_there_is_named_without_secrets() -> None:
    send = webhook("http://me:hunter2@127.0.0.1:9/x?token=hunter2", secret=None, timeout_s=1)
    with pytest.raises(NotDelivered) as failed:
        send("{}")
    assert "hunter2" not in str(failed.value)
    assert "127.0.0.1:9/x" in str(failed.value)
