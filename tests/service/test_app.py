"""What the service answers, path by path."""

import base64
import json
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from maskwise.images import decode_image
from maskwise.service.uploads import MAX_PICTURES, MAX_REQUEST_BYTES
from maskwise.service.workers.crew import Crew
from pictures import draw_picture
from services import KEY, serving


def encoded(*, masked: bool = True, format: str = "png", seed: int = 1) -> bytes:
    file = BytesIO()
    draw_picture(seed, masked=masked).save(file, format)
    return file.getvalue()


def labels(answer: Any) -> list[str]:
    return [
        face["label"] for result in answer.json()["results"] for face in result.get("faces", ())
    ]


@pytest.mark.parametrize("format", ["png", "jpeg", "webp"])
def test_a_picture_may_be_the_body(client: TestClient, format: str) -> None:
    answer = client.post(
        "/v1/detect", content=encoded(format=format), headers={"Content-Type": f"image/{format}"}
    )
    assert answer.status_code == 200
    (result,) = answer.json()["results"]
    assert (result["width"], result["height"]) == (48, 40)
    assert result["faces"][0]["label"] == "with_mask"
    assert sum(result["faces"][0]["probability"].values()) == pytest.approx(1, abs=1e-5)
    assert answer.json()["model"] == {"name": "brightness", "version": "3", "sha256": "3".zfill(64)}
    assert answer.headers["x-request-id"] == answer.json()["request_id"]


def test_as_curl_sends_it_without_being_told_a_type(client: TestClient) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert labels(client.post("/v1/detect", content=encoded(), headers=headers)) == ["with_mask"]


def test_pictures_may_be_parts(client: TestClient) -> None:
    files = [("file", ("x.png", encoded(masked=n == 1), "image/png")) for n in range(3)]
    answer = client.post("/v1/detect", files=files)
    assert labels(answer) == ["without_mask", "with_mask", "without_mask"]


def test_no_part_is_ever_put_on_a_disk(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def open_none(*_: object, **__: object) -> None:
        raise AssertionError("a file was opened")

    monkeypatch.setattr("tempfile.TemporaryFile", open_none)  # where large parts would go
    answer = client.post("/v1/detect", files=[("file", ("x", encoded() + bytes(5 * 2**20)))] * 3)
    assert len(answer.json()["results"]) == 3


def test_pictures_may_be_base64(client: TestClient) -> None:
    texts = [base64.b64encode(encoded(masked=n == 0)).decode() for n in range(2)]
    texts[1] = "data:image/png;base64," + texts[1]
    answer = client.post("/v1/detect", json={"images": texts})
    assert labels(answer) == ["with_mask", "without_mask"]


def test_one_that_cannot_be_read_costs_only_itself(client: TestClient) -> None:
    files = [("file", ("x", content)) for content in (encoded(), b"GIF89a...", encoded()[:200])]
    answer = client.post("/v1/detect", files=files)
    assert answer.status_code == 200
    first, gif, cut = answer.json()["results"]
    assert first["faces"][0]["label"] == "with_mask"
    assert gif["error"]["code"] == "unsupported_format"
    assert "a GIF" in gif["error"]["message"]
    assert cut["error"]["code"] == "unreadable"


@pytest.mark.parametrize(
    ("body", "kind", "status", "told"),
    [
        (b"GIF89a" + bytes(20), "image/gif", 415, "this is a GIF"),
        (b"", "image/png", 422, "the file is empty"),
        (b"hello", "text/plain", 415, "No picture was received, but text/plain"),
        (b"", "", 415, "a body of no kind"),
        (b"{", "application/json", 400, "must be JSON"),
        (b"[" * 100_000, "application/json", 400, "must be JSON"),
        (b"[]", "application/json", 422, "and nothing else"),
        (b'{"images": []}', "application/json", 422, "There is no picture in it"),
        (b'{"images": [1]}', "application/json", 422, "`images` must be a list of strings"),
        (b'{"images": ["%"]}', "application/json", 422, "`images[0]` must be base64"),
        (b'{"images": "x"}', "application/json", 422, "`images` must be a list of strings"),
        (b"x", "multipart/form-data", 400, "Missing boundary"),
        (b"x", "multipart/form-data; boundary=b", 400, "cannot be read"),
        (b"--b\r\n\r\nx\r\n--b--\r\n", "multipart/form-data; boundary=b", 400, "cannot be read"),
        (b"--b--\r\n", "multipart/form-data; boundary=b", 422, "There is no picture in it"),
        (
            b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nx\r\n--b--\r\n',
            "multipart/form-data; boundary=b",
            422,
            "must be files",
        ),
    ],
)
def test_what_is_no_picture_is_told(
    client: TestClient, body: bytes, kind: str, status: int, told: str
) -> None:
    answer = client.post("/v1/detect", content=body, headers={"Content-Type": kind} if kind else {})
    assert answer.status_code == status
    error = answer.json()["error"]
    assert told in error["message"]
    assert error["request_id"] == answer.headers["x-request-id"]


def test_too_many_and_too_large_are_refused(client: TestClient) -> None:
    files = [("file", ("x", b"x"))] * (MAX_PICTURES + 1)
    assert client.post("/v1/detect", files=files).status_code == 413
    texts = ["eA=="] * (MAX_PICTURES + 1)
    assert client.post("/v1/detect", json={"images": texts}).status_code == 413
    headers = {"Content-Type": "image/png"}
    large = client.post("/v1/detect", content=bytes(MAX_REQUEST_BYTES + 1), headers=headers)
    assert large.status_code == 413

    def stream() -> Iterator[bytes]:  # without a length
        for _ in range(65):
            yield bytes(2**20)

    assert client.post("/v1/detect", content=stream(), headers=headers).status_code == 413
    single = client.post("/v1/detect", content=b"\xff\xd8\xff" + bytes(21 * 2**20), headers=headers)
    assert single.status_code == 413
    assert "20 MiB" in single.json()["error"]["message"]
    zipped = {"Content-Type": "image/png", "Content-Encoding": "gzip"}
    assert client.post("/v1/detect", content=b"x", headers=zipped).status_code == 415


@pytest.mark.parametrize("value", ["nan", "inf", "-1", "1.01", "1e309", "x", ""])
def test_a_limit_that_makes_no_sense_is_refused(client: TestClient, value: str) -> None:
    answer = client.post(f"/v1/detect?min_probability={value}", content=encoded())
    assert answer.status_code == 422
    assert "`min_probability`" in answer.json()["error"]["message"]


def test_a_limit_makes_answers_unsure(client: TestClient) -> None:
    answer = client.post("/v1/detect?min_probability=0.99", content=encoded())
    assert labels(answer) == ["unsure"]


def test_a_picture_comes_back_with_its_answers(client: TestClient) -> None:
    picture = np.full((120, 160, 3), 250, np.uint8)
    picture[::2] = 0
    file = BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "secret"
    Image.fromarray(picture).save(file, "jpeg", exif=exif)
    for blur in (False, True):
        answer = client.post(f"/v1/detect/annotated?blur={blur}", content=file.getvalue())
        assert answer.headers["content-type"] == "image/jpeg"
        assert b"secret" not in answer.content
        drawn = decode_image(answer.content)
        assert drawn.shape == (480, 640, 3)  # small ones are enlarged, so that words can be read
        contrast = np.ptp(drawn[240:400, 320].astype(int))
        assert (contrast < 60) == blur
    two = [("file", ("x", encoded()))] * 2
    assert client.post("/v1/detect/annotated", files=two).status_code == 422


def test_the_model_tells_of_itself(client: TestClient) -> None:
    about = client.get("/v1/model").json()
    assert about["labels"] == ["without_mask", "with_mask"]
    assert about["card"] == "# brightness\n"


def test_it_is_up_and_ready(client: TestClient) -> None:
    for path in ("/healthz", "/readyz", "/v2/health/live", "/v2/health/ready"):
        assert client.get(path).status_code == 200


def test_nothing_is_there_under_other_paths(client: TestClient) -> None:
    assert client.get("/v1/nothing").json()["error"]["code"] == "not_found"
    assert client.get("/v1/detect").json()["error"]["code"] == "method_not_allowed"
    assert client.get("/v2/models/other").json() == {
        "error": "There is no such model; there is brightness, version 3."
    }


def test_what_happened_is_counted(client: TestClient) -> None:
    client.post("/v1/detect", content=encoded())
    client.post("/v1/detect", content=b"GIF89a")
    text = client.get("/metrics").text
    assert 'maskwise_requests_total{method="POST",path="/v1/detect",status="200"} 1.0' in text
    assert 'maskwise_requests_total{method="POST",path="/v1/detect",status="415"} 1.0' in text
    assert 'maskwise_pictures_total{status="200"} 1.0' in text
    assert "maskwise_faces_total 1.0" in text
    assert 'maskwise_stage_seconds_count{stage="queue"}' in text
    assert "maskwise_queue_pictures 0.0" in text
    assert "maskwise_workers 1.0" in text
    assert 'maskwise_model{name="brightness"' in text


def test_the_log_tells_of_each_request_and_of_no_picture(crew: Crew) -> None:
    with serving(crew) as (client, lines):
        client.post(
            "/v1/detect?min_probability=0.5",
            files=[("file", ("maria.png", encoded(), "image/png"))],
            headers={"X-Request-ID": "one-2_3.4"},
        )
        client.get("/readyz")
    (line,) = map(json.loads, lines.getvalue().splitlines())
    assert (
        line.items()
        >= {
            **{"event": "request", "request_id": "one-2_3.4", "method": "POST"},
            **{"path": "/v1/detect", "status": 200, "pictures": 1, "faces": 1},
        }.items()
    )
    assert "maria" not in lines.getvalue()
    assert "mask" not in lines.getvalue()


def test_a_request_id_that_could_break_a_line_is_replaced(crew: Crew) -> None:
    with serving(crew) as (client, _):
        answer = client.get("/v1/model", headers={"X-Request-ID": "a b" * 30})
    assert " " not in answer.headers["x-request-id"]


def test_only_keys_open(crew: Crew) -> None:
    with serving(crew, keys=f"door:{KEY}") as (client, lines):
        for path in ("/v1/model", "/metrics", "/v2/models/brightness"):
            refused = client.get(path)
            assert refused.status_code == 401
            assert refused.headers["www-authenticate"] == "Bearer"
            wrong = client.get(path, headers={"X-API-Key": KEY[:-1]})
            assert wrong.status_code == 401
            assert client.get(path, headers={"X-API-Key": KEY}).status_code == 200
            bearer = client.get(path, headers={"Authorization": f"Bearer {KEY}"})
            assert bearer.status_code == 200
        assert client.get("/healthz").status_code == 200
        assert client.get("/readyz").status_code == 200
    assert KEY not in lines.getvalue()
    assert '"key": "door"' in lines.getvalue()


def test_a_key_that_asks_too_often_must_wait(crew: Crew) -> None:
    keys = f"door:{KEY},desk:{KEY}x"
    with serving(crew, keys=keys, per_s=0.1) as (client, _):
        answers = [client.get("/v1/model", headers={"X-API-Key": KEY}) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert 8 <= int(answers[2].headers["retry-after"]) <= 11
        other = client.get("/v1/model", headers={"X-API-Key": f"{KEY}x"})
        assert other.status_code == 200


def test_pages_of_others_cannot_ask(crew: Crew) -> None:
    with serving(crew, only_local=True) as (client, _):
        client.base_url = "http://localhost:8000"
        assert client.get("/v1/model").status_code == 200
        own = {"Origin": "http://localhost:8000"}
        assert client.get("/v1/model", headers=own).status_code == 200
        foreign = {"Origin": "http://evil.example"}
        assert client.get("/v1/model", headers=foreign).status_code == 403
        assert client.get("/v1/model", headers={"Origin": "null"}).status_code == 403
        rebound = {"Host": "evil.example:8000"}
        assert client.get("/v1/model", headers=rebound).status_code == 403


@pytest.mark.parametrize("host", ["[", "", "a b", "[::1", "localhost:x"])
def test_a_host_that_is_none_is_refused(crew: Crew, host: str) -> None:
    with serving(crew, only_local=True) as (client, _):
        answer = client.get("/v1/model", headers={"Host": host, "Origin": f"http://{host}"})
        assert answer.status_code in (200, 403)
        assert (answer.status_code == 200) == host.startswith("localhost")


def test_taking_out_the_last_key_opens_nothing(crew: Crew, tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(f"door:{KEY}\n")
    with serving(crew, keys_path=path) as (client, lines):
        headers = {"X-API-Key": KEY}
        assert client.get("/v1/model", headers=headers).status_code == 200
        path.write_text("")
        time.sleep(1.1)
        assert client.get("/v1/model", headers=headers).status_code == 401
        assert client.get("/v1/model").status_code == 401
        path.unlink()
        time.sleep(1.1)
        assert client.get("/v1/model").status_code == 401
    assert "keys_unreadable" in lines.getvalue()


def test_browsers_are_told_to_be_careful(client: TestClient) -> None:
    headers = client.get("/v1/model").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "access-control-allow-origin" not in headers
