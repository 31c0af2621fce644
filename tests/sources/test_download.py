"""Downloading, from a server on this machine that behaves as badly as it likes."""

import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from maskwise.errors import InvalidInput, UnreadableImage
from maskwise.images import MAX_BYTES
from maskwise.sources.addresses import Address
from maskwise.sources.download import download
from server import Answer, answer, drip, redirect, serving

fetch = partial(download, is_allowed=lambda address: True, time_limit_s=5)


def fetched(given: Answer, **options: Any) -> bytes:
    with serving(lambda target: given) as server:
        return fetch(f"http://127.0.0.1:{server.port}/a.jpg", **options)


def chunked(*chunks: bytes) -> bytes:
    body = b"".join(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n" for chunk in chunks)
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body + b"0\r\n\r\n"


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(answer(b"picture"), id="of known length"),
        pytest.param(b"HTTP/1.0 200 OK\r\n\r\npicture", id="until the end"),
        pytest.param(chunked(b"pic", b"ture"), id="in chunks"),
        pytest.param(answer(b"picture", headers={"Content-Type": "text/html"}), id="as a page"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" + answer(b"picture"), id="after a while"),
        pytest.param([answer(b"pic")[:-3], b"", b"pic"], id="in pieces"),
    ],
)
def test_what_lies_there_is_fetched(given: Answer) -> None:
    assert fetched(given) in (b"picture", b"pic")


def test_nothing_but_the_request_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    with serving(lambda target: answer(b"")) as server:
        fetch(f"http://127.0.0.1:{server.port}/ü b.jpg?c=1#d".replace(" ", "%20"))
    head, *headers = server.requests[0].decode("ascii").split("\r\n")
    assert head == "GET /%C3%BC%20b.jpg?c=1 HTTP/1.1"
    assert [header.split(":")[0] for header in headers if header] == [
        *("Host", "User-Agent", "Accept", "Accept-Encoding", "Connection"),
    ]
    assert headers[0] == f"Host: 127.0.0.1:{server.port}"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed(status: int) -> None:
    places = {"/a": redirect("b", f"{status} x"), "/b": redirect("/c?d"), "/c?d": answer(b"ok")}
    with serving(places.__getitem__) as server:
        assert fetch(f"http://127.0.0.1:{server.port}/a") == b"ok"


def test_redirects_are_followed_three_times() -> None:
    def respond(target: str) -> bytes:
        n_left = int(target[1:])
        return redirect(f"/{n_left - 1}") if n_left else answer(b"ok")

    with serving(respond) as server:
        assert fetch(f"http://127.0.0.1:{server.port}/3") == b"ok"
        with pytest.raises(UnreadableImage, match="leads on more than 3 times"):
            fetch(f"http://127.0.0.1:{server.port}/4")


def lookup(addresses: dict[str, list[str]], asked: list[str]) -> Callable[..., list[Any]]:
    def getaddrinfo(host: str, port: int, **options: Any) -> list[Any]:
        asked.append(host)
        found = addresses.get(host)
        if found is None:
            raise socket.gaierror(-2, "Name or service not known")
        return [
            (family, socket.SOCK_STREAM, 6, "", (address, port, *more))
            for address in found
            for family, more in [
                (socket.AF_INET6, (0, 0)) if ":" in address else (socket.AF_INET, ())
            ]
        ]

    return getaddrinfo


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "2130706433",
        "0x7f.1",
        "0",
        "169.254.169.254",
        "[::ffff:7f00:1]",
    ],
)
def test_addresses_that_are_not_public_are_not_connected_to(host: str) -> None:
    with serving(lambda target: answer(b"secret")) as server:
        with pytest.raises(UnreadableImage, match=r"address that is not public|host is not known"):
            download(f"http://{host}:{server.port}/")
        assert not server.requests


@pytest.mark.parametrize(
    "addresses", [["10.0.0.1"], ["1.1.1.1", "127.0.0.1"], ["64:ff9b::7f00:1"], ["fd00::1"]]
)
def test_names_that_lead_to_one_are_refused_without_saying_where(
    addresses: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lookup({"a.example": addresses}, []))
    monkeypatch.setattr(socket.socket, "connect", None)
    with pytest.raises(UnreadableImage, match="address that is not public") as caught:
        download("https://a.example/")
    assert not [address for address in addresses if address in str(caught.value)]


def test_the_address_that_was_checked_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    checked: list[str] = []

    def is_allowed(address: Address) -> bool:
        checked.append(str(address))
        return True

    monkeypatch.setattr(socket, "getaddrinfo", lookup({"a.example": ["127.0.0.1"]}, asked))
    with serving(lambda target: answer(b"ok")) as server:
        assert download(f"http://a.example:{server.port}/", is_allowed=is_allowed) == b"ok"
    assert (asked, checked) == (["a.example"], ["127.0.0.1"])
    assert f"\r\nHost: a.example:{server.port}\r\n".encode() in server.requests[0]


def test_every_redirect_is_checked_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    addresses = {"good.example": ["127.0.0.1"], "bad.example": ["127.0.0.2"]}
    monkeypatch.setattr(socket, "getaddrinfo", lookup(addresses, []))

    def read(location: str) -> bytes:
        with serving(lambda target: redirect(location)) as server:
            return download(
                f"http://good.example:{server.port}/?key=secret",
                is_allowed=lambda address: str(address) == "127.0.0.1",
            )

    for location, reason in (
        ("http://bad.example/", "not public"),
        ("//bad.example/", "not public"),
        ("http://none.example/", "not known"),
        ("file:///etc/passwd", "must begin with http"),
        ("http://user:secret@good.example/", "no user name"),
        ("http://[::1", "makes no sense"),
    ):
        with pytest.raises(UnreadableImage, match=reason) as caught:
            read(location)
        assert "secret" not in str(caught.value)


def test_a_host_without_address_is_told() -> None:
    with pytest.raises(UnreadableImage, match=r"^http://a\.\./b\?\.\.\.: its host is not known$"):
        fetch("http://a../b?key=secret")


def test_another_address_is_tried_where_one_is_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    both = {"a.example": ["::1", "127.0.0.1"]}
    monkeypatch.setattr(socket, "getaddrinfo", lookup(both, []))
    with serving(lambda target: answer(b"ok")) as server:  # which listens on one of them
        port = server.port
        assert fetch(f"http://a.example:{port}/") == b"ok"
    with pytest.raises(UnreadableImage, match="refused"):
        fetch(f"http://a.example:{port}/")


@pytest.mark.parametrize("status", ["204 No Content", "206 Partial", "304 No", "404 <b>", "500 x"])
def test_other_answers_are_told_by_their_number(status: str) -> None:
    with pytest.raises(UnreadableImage, match=f"the server answers {status[:3]}$"):
        fetched(answer(b"", status=status))


LARGEST = answer(bytes(MAX_BYTES))
ENDLESS = b"HTTP/1.1 200 OK\r\n"


def zeros() -> Iterator[bytes]:
    while True:
        yield bytes(2**20)


def after(head: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    yield from rest


def test_the_largest_picture_is_fetched() -> None:
    assert len(fetched(LARGEST)) == MAX_BYTES


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(lambda: answer(b"", headers={"Content-Length": str(2**40)}), id="claimed"),
        pytest.param(lambda: answer(bytes(MAX_BYTES + 1)), id="sent"),
        pytest.param(lambda: after(ENDLESS + b"\r\n", zeros()), id="endless"),
        pytest.param(
            lambda: after(ENDLESS + b"Content-Length: -5\r\n\r\n", zeros()), id="negative length"
        ),
        pytest.param(
            lambda: after(ENDLESS + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n", zeros()),
            id="a chunk without end",
        ),
        pytest.param(lambda: chunked(*[bytes(2**20)] * 21), id="many chunks"),
    ],
)
def test_more_is_refused(given: Callable[[], Answer]) -> None:
    with pytest.raises(UnreadableImage, match="more than 20 MiB"):
        fetched(given())


def test_a_length_that_is_a_lie_brings_no_more_than_it_says() -> None:
    assert fetched(answer(b"picture and more", headers={"Content-Length": "7"})) == b"picture"
    assert fetched(answer(b"pic", headers={"Content-Length": "7"})) == b"pic"


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(b"", id="silence"),
        pytest.param(b"SSH-2.0-x\r\n", id="another protocol"),
        pytest.param(b"HTTP/1.1 abc\r\n\r\n", id="no status"),
        pytest.param(ENDLESS + b"a: b\r\n" * 200 + b"\r\n", id="many headers"),
        pytest.param(ENDLESS + b"a: " + b"b" * 2**17 + b"\r\n\r\n", id="a long header"),
        pytest.param(ENDLESS + b"Transfer-Encoding: chunked\r\n\r\n-5\r\n", id="negative chunk"),
        pytest.param(ENDLESS + b"Transfer-Encoding: chunked\r\n\r\nx\r\n", id="no chunk"),
    ],
)
def test_what_is_no_proper_http_is_refused(given: bytes) -> None:
    with pytest.raises(
        UnreadableImage, match=r"/a\.jpg: (the answer is no proper|Connection|Remote end)"
    ):
        fetched(given)


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(lambda: drip(b"HTTP/1.1 100 Continue\r\n\r\n"), id="the status"),
        pytest.param(lambda: after(ENDLESS, drip(b"a: b\r\n", pause_s=0.1)), id="the headers"),
        pytest.param(lambda: after(ENDLESS + b"\r\n", drip(b"a")), id="the content"),
        pytest.param(
            lambda: after(ENDLESS + b"Transfer-Encoding: chunked\r\n\r\n", drip(b"1\r\na\r\n")),
            id="the chunks",
        ),
    ],
)
def test_dripping_ends_at_the_time_limit(given: Callable[[], Iterator[bytes]]) -> None:
    with pytest.raises(UnreadableImage, match=r"it takes longer than 0\.3 s"):
        fetched(given(), time_limit_s=0.3)


def test_redirects_share_the_time_limit() -> None:
    with (
        serving(lambda target: after(b"H", drip(b"T"))) as slow,
        serving(lambda target: redirect(f"http://127.0.0.1:{slow.port}/")) as server,
        pytest.raises(UnreadableImage, match="longer than"),
    ):
        fetch(f"http://127.0.0.1:{server.port}/", time_limit_s=0.3)


def test_nobody_waits_for_names_and_handshakes_either(monkeypatch: pytest.MonkeyPatch) -> None:
    silent = socket.create_server(("127.0.0.1", 0))
    with silent, pytest.raises(UnreadableImage, match="longer than"):
        fetch(f"https://127.0.0.1:{silent.getsockname()[1]}/", time_limit_s=0.3)

    answered = Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: answered.wait(5) and [])
    with pytest.raises(UnreadableImage, match="longer than"):
        fetch("http://a.example/", time_limit_s=0.1)
    answered.set()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for `good.example` and its key, in one file."""
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=good.example"
    names = ["-addext", "subjectAltName=DNS:good.example"]
    try:
        made = subprocess.run(
            [*command.split(), *names, "-keyout", "-", "-out", "-"], capture_output=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("openssl is needed to make a certificate")
    path.write_bytes(made.stdout)
    return path


@pytest.fixture
def secure(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """The side of the server; two names lead to this machine."""
    addresses = {"good.example": ["127.0.0.1"], "other.example": ["127.0.0.1"]}
    monkeypatch.setattr(socket, "getaddrinfo", lookup(addresses, []))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_certificates_must_be_trusted_and_valid_for_the_host(
    secure: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(lambda target: answer(b"ok"), secure) as server:
        with pytest.raises(UnreadableImage, match="the certificate is not valid: self-signed"):
            fetch(f"https://good.example:{server.port}/")
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert fetch(f"https://good.example:{server.port}/") == b"ok"
        with pytest.raises(UnreadableImage, match=r"not valid: Hostname mismatch.*other\.example"):
            fetch(f"https://other.example:{server.port}/")
    assert len(server.requests) == 1


def test_no_way_leads_from_https_to_http(
    secure: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with (
        serving(lambda target: redirect("http://good.example/"), secure) as server,
        pytest.raises(UnreadableImage, match="from https to http"),
    ):
        fetch(f"https://good.example:{server.port}/")


def test_dripping_over_tls_ends_too(
    secure: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with (
        serving(lambda target: after(ENDLESS + b"\r\n", drip(b"a")), secure) as server,
        pytest.raises(UnreadableImage, match="longer than"),
    ):
        fetch(f"https://good.example:{server.port}/", time_limit_s=0.5)


def test_what_is_no_url_to_fetch_is_invalid_input() -> None:
    for url in ("ftp://example.org/a", "http://user:secret@example.org/", "a.jpg"):
        with pytest.raises(InvalidInput) as caught:
            download(url)
        assert "secret" not in str(caught.value)
