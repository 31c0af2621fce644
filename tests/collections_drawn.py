"""Collections of small pictures, and where they lie, for tests of what scores them."""

import io
import os
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from PIL import Image

BUCKET = "pictures"


def encode(number: int, *, height: int = 12) -> bytes:
    """A small picture, bright if the number is odd; each number has another one."""
    level = (200 if number % 2 else 20) + number % 40
    content = io.BytesIO()
    Image.new("RGB", (16, height), (level, level, number % 256)).save(content, "PNG")
    return content.getvalue()


def draw_folder(folder: Path, n: int, *, deadly: Sequence[int] = ()) -> Path:
    """A folder of `n` pictures; `load_mortal` dies of those that are `deadly`."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(n):
        height = 7 if number in deadly else 12
        (folder / f"{number:05d}.png").write_bytes(encode(number, height=height))
    return folder


def draw_shard(path: Path, n: int, *, deadly: Sequence[int] = ()) -> Path:
    """A TAR as WebDataset has it: pictures with a file of JSON each."""
    with tarfile.open(path, "w") as shard:
        for number in range(n):
            picture = encode(number, height=7 if number in deadly else 12)
            for name, content in ((f"{number}.json", b"{}"), (f"{number}.png", picture)):
                member = tarfile.TarInfo(name)
                member.size = len(content)
                shard.addfile(member, io.BytesIO(content))
    return path


def draw_table(path: Path, n: int, *, rows_a_group: int = 100) -> Path:
    """A Parquet of pictures as Hugging Face has it."""
    images = [{"bytes": encode(number), "path": None} for number in range(n)]
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    table = pa.table({"image": pa.array(images, kind), "label": list(range(n))})
    pq.write_table(table, path, row_group_size=rows_a_group)
    return path


def read_answers(out: Path) -> list[dict[str, Any]]:
    """All rows of a finished scoring, in order."""
    rows: list[dict[str, Any]] = ds.dataset(out / "answers").to_table().to_pylist()
    return sorted(rows, key=lambda row: (row["part"], row["place"], row["face"] or 0))


def files_below(folder: Path) -> dict[str, bytes]:
    """The files of a folder and what they hold, but for what was asked, which names folders."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@contextmanager
def serving_s3() -> Iterator[Any]:
    """A real server that speaks S3, with an empty bucket; yields a client of it."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    says = {
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": "us-east-1",
    }
    before = {name: os.environ.get(name) for name in says}
    os.environ.update(says)
    try:
        client = boto3.client("s3", endpoint_url=address, region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client
    finally:
        server.stop()
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def serving_http(folder: Path) -> Iterator[str]:
    """A server of the files in a folder; yields its address."""
    handler = partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass
