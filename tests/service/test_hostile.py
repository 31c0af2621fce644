"""Hostile and dirty files cost the service nothing but an answer."""

import csv
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from services import serve
from spawned import spawned_by

pytestmark = pytest.mark.real

MAX_SECONDS = 10  # of any, on a machine that runs other tests beside
MAX_MB_MORE = 350


@pytest.fixture(scope="module")
def service() -> Iterator[tuple[httpx.Client, int]]:
    with serve() as (url, process), httpx.Client(base_url=url, timeout=30) as client:
        (worker,) = spawned_by(process)
        yield client, worker


def ask(client: httpx.Client, path: Path) -> httpx.Response:
    return client.post("/v1/detect", content=path.read_bytes(), headers={"Content-Type": "image/*"})


def memory_mb(pid: int, kind: str) -> float:
    """What a process holds now (`VmRSS`), or held at most (`VmHWM`)."""
    (line,) = (
        line
        for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        if line.startswith(f"{kind}:")
    )
    return int(line.split()[1]) / 1024


def faces_of(answer: httpx.Response) -> Any:
    return answer.json()["results"][0]["faces"]


def test_each_file_is_accepted_or_refused_as_expected(
    real_data: Path, service: tuple[httpx.Client, int]
) -> None:
    client, worker = service
    good = real_data / "hostile" / "ok_base.png"
    first = faces_of(ask(client, good))
    before_mb = memory_mb(worker, "VmHWM")
    wrong = []
    with (real_data / "hostile" / "expected.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        began_s = time.monotonic()
        answer = ask(client, real_data / "hostile" / row["file"])
        outcome = "accept" if answer.status_code == 200 else "reject"
        is_right = answer.status_code < 500 and row["expect"] in (outcome, "either")
        if outcome == "reject":
            is_right &= bool(answer.json()["error"]["message"])
        if not is_right or time.monotonic() - began_s > MAX_SECONDS:
            wrong.append((row["file"], row["expect"], answer.status_code, answer.text[:200]))
    assert wrong == []
    assert (
        memory_mb(worker, "VmHWM") - before_mb < MAX_MB_MORE
    )  # and so it is the same process still
    assert faces_of(ask(client, good)) == first


def test_dirty_files_are_answered(real_data: Path, service: tuple[httpx.Client, int]) -> None:
    client, _ = service
    for path in sorted((real_data / "dirty").iterdir()):
        answer = ask(client, path)
        assert answer.status_code in (200, 413, 415, 422), path.name
        assert path.name not in answer.text


def test_memory_stays_where_it_is(real_data: Path, service: tuple[httpx.Client, int]) -> None:
    client, worker = service
    held_mb = []
    for _ in range(2):
        for path in sorted((real_data / "dirty").iterdir()):
            ask(client, path)
        for path in sorted((real_data / "hostile").glob("*.*")):
            ask(client, path)
        held_mb.append(memory_mb(worker, "VmRSS"))
    assert held_mb[-1] < 1.05 * held_mb[0], held_mb
