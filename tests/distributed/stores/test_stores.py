"""What every store does, and what each does when it is at fault."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from collections_drawn import BUCKET, serving_http
from maskwise.distributed.stores.bucket import Bucket
from maskwise.distributed.stores.store import join, open_store, to_address
from maskwise.errors import InvalidInput, OutputFailed, StoreFailed, UnreadableImage


@pytest.fixture(params=["disk", "s3"])
def folder(request: pytest.FixtureRequest, tmp_path: Path, s3: Any) -> str:
    return f"s3://{BUCKET}/{tmp_path.name}" if request.param == "s3" else str(tmp_path)


def test_what_is_written_is_read(folder: str) -> None:
    store, address = open_store(folder), join(folder, "new/a.bin")
    store.write(address, b"12345")
    assert store.read(address, max_bytes=100) == b"12345"
    assert store.read(address, max_bytes=3) == b"123"
    store.write(address, b"6")
    with store.open(address) as file:
        assert file.read() == b"6"


def test_files_are_listed_folder_by_folder_without_hidden_ones(folder: str) -> None:
    store = open_store(folder)
    names = ["b/2 #x?.png", "b/10.png", "a.png", "c/d/e.png", ".hidden/f.png", "b/.g.png"]
    for name in names:
        store.write(join(folder, name), b"1")
    assert list(store.walk(folder)) == [
        join(folder, name) for name in ("a.png", "b/10.png", "b/2 #x?.png", "c/d/e.png")
    ]
    assert store.is_folder(join(folder, "b"))
    assert not store.is_folder(join(folder, "a.png"))
    assert not store.is_folder(join(folder, "nowhere"))


def test_a_file_that_is_not_there_costs_only_itself(folder: str) -> None:
    address = join(folder, "gone.png")
    with pytest.raises(UnreadableImage, match=r"gone\.png: .*no such file"):
        open_store(folder).read(address, max_bytes=1)
    with pytest.raises(UnreadableImage, match=r"gone\.png: .*no such file"):
        open_store(folder).open(address)


def test_a_file_where_a_folder_should_be_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    with pytest.raises(OutputFailed, match="Could not write"):
        open_store(str(tmp_path)).write(str(tmp_path / "a" / "b"), b"1")


def test_a_pipe_is_not_waited_at(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(UnreadableImage):
        open_store(str(tmp_path)).read(str(tmp_path / "a.png"), max_bytes=1)


def test_links_lead_to_no_other_folder(tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "out"
    for folder in (inside, outside):
        folder.mkdir()
        (folder / "a.png").write_bytes(b"1")
    (inside / "b.png").symlink_to(inside / "a.png")
    (inside / "c.png").symlink_to(outside / "a.png")
    (inside / "d").symlink_to(outside)
    found = open_store(str(inside)).walk(str(inside))
    assert list(found) == [str(inside / "a.png"), str(inside / "b.png")]


def test_a_bucket_that_does_not_exist(s3: Any) -> None:
    with pytest.raises(StoreFailed, match=r"^s3://none: there is no such bucket or folder\.$"):
        list(open_store("s3://none/a").walk("s3://none/a"))
    with pytest.raises(OutputFailed, match="s3://none/a: there is no such bucket"):
        open_store("s3://none/a").write("s3://none/a", b"1")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("AWS Error ACCESS_DENIED during ListObjectsV2 operation: key", "credentials are missing"),
        ("AWS Error NETWORK_CONNECTION during HeadBucket", "cannot be reached"),
        ("AWS Error SLOW_DOWN: please", "SLOW_DOWN"),
    ],
)
def test_a_store_at_fault_says_so_in_one_line(s3: Any, said: str, told: str) -> None:
    bucket = Bucket(BUCKET)

    def fail(*_: Any, **__: Any) -> Any:
        raise OSError(f"{said}\nand more")

    class Broken:
        get_file_info = open_output_stream = staticmethod(fail)

    bucket._files = Broken()
    with pytest.raises(StoreFailed, match=told) as caught:
        bucket.is_folder(f"s3://{BUCKET}/a")
    assert "\n" not in str(caught.value)
    with pytest.raises(OutputFailed, match=told):
        bucket.write(f"s3://{BUCKET}/a", b"1")


def test_a_store_that_nobody_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(StoreFailed, match="cannot be reached; AWS_ENDPOINT_URL"):
        Bucket("any").is_folder("s3://any/a")


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "a.png").write_bytes(b"12345")
    with serving_http(tmp_path) as address:
        yield address


def test_http_reads_and_does_nothing_else(web: str) -> None:
    store = open_store(web)
    assert store.read(f"{web}/a.png", max_bytes=3) == b"123"
    with store.open(f"{web}/a.png") as file:
        assert file.read() == b"12345"
    assert not store.is_folder(web)
    with pytest.raises(StoreFailed, match="cannot be listed"):
        list(store.walk(web))
    with pytest.raises(OutputFailed, match="Nothing can be written"):
        store.write(f"{web}/b.png", b"1")


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("{web}/gone.png?key=secret", "there is no such file"),
        ("http://127.0.0.1:9/a.png?key=secret", "it cannot be fetched"),
    ],
)
def test_http_tells_what_is_wrong_and_no_secret(web: str, address: str, reason: str) -> None:
    for ask in _ways():
        with pytest.raises(UnreadableImage, match=reason) as caught:
            ask(address.format(web=web))
        assert "secret" not in str(caught.value)


def _ways() -> list[Callable[[str], Any]]:
    def read(address: str) -> bytes:
        return open_store(address).read(address, max_bytes=1)

    def open_it(address: str) -> Any:
        return open_store(address).open(address)

    return [read, open_it]


def test_addresses() -> None:
    assert to_address("photos") == str(Path("photos").absolute())
    assert to_address("s3://bucket/photos/") == "s3://bucket/photos"
    assert join("/data/lists", "/other/a.jpg") == "/other/a.jpg"
    assert join("s3://bucket/lists", "a.jpg") == "s3://bucket/lists/a.jpg"
    assert join("s3://bucket/lists", "s3://other/a.jpg") == "s3://other/a.jpg"
    assert join("s3://bucket/lists", "../../../a.jpg") == "s3://bucket/a.jpg"
    for bad in ("", "s3://", "s3:///"):
        with pytest.raises(InvalidInput, match="A place must be a path"):
            to_address(bad)
    with pytest.raises(InvalidInput, match="must be a path, or begin with s3://"):
        open_store("ftp://host/a")
