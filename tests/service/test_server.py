"""The server as users run it: a process, ports, signals."""

import contextlib
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2 as httpx
import numpy as np
import pytest

from maskwise.images import read_image
from maskwise.inference.bundle import shipped_folder
from maskwise.inference.pipeline import MaskDetector
from maskwise.service.client import Client
from services import KEY, draw_street, serve
from spawned import spawned_by


def is_running(pid: int) -> bool:
    try:
        return ") Z" not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


def wait_for(what: Callable[[], object], within_s: float = 15) -> None:
    until_s = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < until_s, "it did not come true"
        time.sleep(0.02)


def seal_anew(bundle: Path) -> None:
    """Make the sums of a bundle right again."""
    names = sorted(path.name for path in bundle.iterdir() if path.name != "SHA256SUMS")
    sums = [
        f"{hashlib.sha256((bundle / name).read_bytes()).hexdigest()}  {name}\n" for name in names
    ]
    (bundle / "SHA256SUMS").write_text("".join(sums))


@pytest.fixture(scope="module")
def street() -> bytes:
    return draw_street()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serve() as (url, _):
        yield url


def test_the_shipped_model_answers_over_http_as_it_does_here(url: str, street: bytes) -> None:
    here = MaskDetector.load()(read_image(street))
    there = Client(url).detect(street)
    assert len(here) == 2
    assert there.label.tolist() == here.label.tolist()
    np.testing.assert_allclose(there.xyxy, here.xyxy, atol=0.006)
    np.testing.assert_allclose(there.probability, here.probability, atol=1e-5)


@pytest.mark.parametrize("to_workers_too", [False, True])
def test_what_was_accepted_is_answered_before_it_ends(street: bytes, to_workers_too: bool) -> None:
    files = [("file", ("x", street))] * 4
    with serve() as (url, process), ThreadPoolExecutor(4) as pool, httpx.Client() as http:
        asking = [
            pool.submit(http.post, f"{url}/v1/detect", files=files, timeout=30) for _ in range(4)
        ]
        wait_for(lambda: "requests_in_flight 5.0" in http.get(f"{url}/metrics").text)
        for worker in spawned_by(process) if to_workers_too else ():
            os.kill(worker, signal.SIGTERM)  # as a service manager that asks all processes
        process.send_signal(signal.SIGTERM)
        assert [each.result().status_code for each in asking] == [200] * 4
        assert process.wait(20) == 0


def test_ctrl_c_ends_it_as_interrupted() -> None:
    with serve() as (_, process):
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130


def test_a_worker_that_is_killed_is_replaced(street: bytes) -> None:
    with serve() as (url, process):
        (worker,) = spawned_by(process)
        os.kill(worker, signal.SIGKILL)
        assert httpx.post(f"{url}/v1/detect", content=street, timeout=30).status_code == 200
        assert spawned_by(process) != [worker]
        assert "maskwise_workers 1.0" in httpx.get(f"{url}/metrics").text


def test_workers_end_with_a_service_that_is_killed() -> None:
    with serve() as (_, process):
        (worker,) = spawned_by(process)
        process.kill()
        process.wait()
        wait_for(lambda: not is_running(worker))


def test_a_bundle_is_read_anew_and_a_bad_one_is_not(tmp_path: Path, street: bytes) -> None:
    bundle = tmp_path / "bundle"
    shutil.copytree(shipped_folder(), bundle)
    with serve("--model", str(bundle), log=subprocess.PIPE) as (url, process):

        def tell() -> Mapping[str, Any]:
            about: Mapping[str, Any] = httpx.get(f"{url}/v1/model").json()
            return about

        def next_event() -> Mapping[str, Any]:
            assert process.stdout is not None
            for line in process.stdout:
                told: Mapping[str, Any] = json.loads(line)
                if told["event"] != "request":
                    return told
            raise AssertionError

        first = tell()
        (bundle / "MODEL_CARD.md").write_text("# Another\n")
        process.send_signal(signal.SIGHUP)
        failed = next_event()
        assert failed["event"] == "reload_failed"
        assert "MODEL_CARD.md" in failed["reason"]
        assert tell() == first
        seal_anew(bundle)
        process.send_signal(signal.SIGHUP)
        assert next_event()["event"] == "reloaded"
        assert tell()["card"] == "# Another\n"
        assert tell()["sha256"] != first["sha256"]
        answer = httpx.post(f"{url}/v1/detect", content=street, timeout=30).json()
        assert answer["model"]["sha256"] == tell()["sha256"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--host", "0.0.0.0"], "keys are needed"),
        (["--host", "0.0.0.0", "--keys", "/nowhere"], "No such file"),
        (["--port", "70000"], "`port` must be 0 to 65535"),
        (["--workers", "0"], "`workers` must be 1 to 256"),
        (["--model", "/nowhere"], "/nowhere holds no bundle"),
        (["--mode", "slow"], "slow"),
        (["--rate", "-1"], "`rate` must be"),
    ],
)
def test_what_makes_no_sense_is_told_at_once(options: list[str], told: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "maskwise", "serve", "--port", "0", *options],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode in (1, 2)
    assert done.stderr.count("\n") == 1
    assert told in done.stderr


def test_a_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-m", "maskwise", "serve", "--port", port],
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 2
    assert "must be free to listen on" in done.stderr


def test_keys_may_come_from_the_environment_and_open_to_others(street: bytes) -> None:
    with serve("--host", "0.0.0.0", MASKWISE_KEYS=f"door:{KEY}") as (url, _):
        url = url.replace("0.0.0.0", "127.0.0.1")
        assert httpx.get(f"{url}/v1/model").status_code == 401
        assert len(Client(url, key=KEY).detect(street)) == 2


def test_what_was_asked_leaves_no_file(tmp_path: Path, street: bytes) -> None:
    with serve(TMPDIR=str(tmp_path), HOME=str(tmp_path)) as (url, process):
        large = street + bytes(3 * 2**20)
        files = [("file", ("maria.jpg", large))] * 3
        answer = httpx.post(f"{url}/v1/detect", files=files, timeout=30)
        assert len(answer.json()["results"]) == 3
        process.send_signal(signal.SIGTERM)
        process.wait(20)
    assert list(tmp_path.rglob("*")) == []


def test_hanging_up_in_the_middle_harms_nobody(url: str, street: bytes) -> None:
    host, port = url.removeprefix("http://").split(":")
    for cut in (20, 200, len(street) // 2):
        with socket.create_connection((host, int(port))) as connection:
            head = f"POST /v1/detect HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(street)}\r\n"
            connection.sendall((head + "Content-Type: image/jpeg\r\n\r\n").encode() + street[:cut])
    assert httpx.get(f"{url}/readyz").status_code == 200
    assert httpx.post(f"{url}/v1/detect", content=street, timeout=30).status_code == 200
    metrics = httpx.get(f"{url}/metrics").text
    assert "maskwise_upload_bytes 0.0" in metrics


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"POST /v1/detect HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"POST /v1/detect HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
        bytes(range(256)) * 8,
    ],
)
def test_what_is_no_http_is_answered_with_400_or_not_at_all(url: str, request_bytes: bytes) -> None:
    host, port = url.removeprefix("http://").split(":")
    answer = b""
    with (
        socket.create_connection((host, int(port)), timeout=20) as connection,
        contextlib.suppress(OSError),
    ):
        connection.sendall(request_bytes)
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(65536)
    assert not answer or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4"))
    assert httpx.get(f"{url}/healthz").status_code == 200
