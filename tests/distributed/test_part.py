"""The pictures of a part."""

import io
import tarfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from collections_drawn import BUCKET, draw_folder, draw_shard, draw_table, encode, serving_http
from maskwise.distributed.collection import Collection
from maskwise.distributed.part import Encoded, read_part
from maskwise.distributed.unit import PICTURE, ROWS, SHARD, Unit
from maskwise.errors import StoreFailed
from maskwise.images import MAX_BYTES


@pytest.mark.parametrize("start", [0, 3])
def test_pictures_come_in_order_from_wherever(tmp_path: Path, s3: Any, start: int) -> None:
    draw_folder(tmp_path, 40)
    for path in tmp_path.iterdir():
        s3.put_object(Bucket=BUCKET, Key=f"part/{path.name}", Body=path.read_bytes())
    with serving_http(tmp_path) as web:
        for folder in (str(tmp_path), web, f"s3://{BUCKET}/part"):
            names = [f"{folder}/{number:05d}.png" for number in range(40)]
            read = list(read_part([Unit(PICTURE, name) for name in names], start))
            expected = [Encoded(name, encode(number)) for number, name in enumerate(names)]
            assert read == expected[start:]


def test_one_that_is_gone_or_too_large_costs_one_entry(tmp_path: Path) -> None:
    draw_folder(tmp_path, 3)
    (tmp_path / "00001.png").unlink()
    (tmp_path / "00002.png").write_bytes(b"\0" * (MAX_BYTES + 10))
    units = [Unit(PICTURE, f"{tmp_path}/0000{number}.png") for number in range(3)]
    first, second, third = read_part(units)
    assert first.content == encode(0)
    assert second.content is None
    assert "00001.png: there is no such file" in second.error
    assert len(third.content or b"") == MAX_BYTES + 1


def test_a_url_that_makes_no_sense_costs_one_entry() -> None:
    units = [Unit(PICTURE, "https://user:s3cret@host/a.png"), Unit(PICTURE, "ftp://host/a.png")]
    for encoded in read_part(units):
        assert encoded.content is None
        assert "s3cret" not in encoded.error


@pytest.mark.parametrize("start", [0, 4])
def test_a_shard_gives_its_pictures(tmp_path: Path, s3: Any, start: int) -> None:
    path = draw_shard(tmp_path / "a.tar", 6)
    s3.put_object(Bucket=BUCKET, Key="a.tar", Body=path.read_bytes())
    with serving_http(tmp_path) as web:
        for address in (str(path), f"{web}/a.tar", f"s3://{BUCKET}/a.tar"):
            expected = [Encoded(f"{address}/{n}.png", encode(n)) for n in range(6)]
            assert list(read_part([Unit(SHARD, address)], start)) == expected[start:]


def test_a_shard_holds_no_links_and_nothing_hidden(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as shard:
        link = tarfile.TarInfo("link.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        shard.addfile(link)
        for name in (".a.png", "._b/b.png", "./c/d.png"):
            member = tarfile.TarInfo(name)
            member.size = 1
            shard.addfile(member, io.BytesIO(b"1"))
    assert list(read_part([Unit(SHARD, str(path))])) == [Encoded(f"{path}/./c/d.png", b"1")]


def test_a_shard_that_breaks_off_tells_so_behind_what_it_gave(tmp_path: Path) -> None:
    path = draw_shard(tmp_path / "a.tar", 6)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2 - 300])
    *whole, last = read_part([Unit(SHARD, str(path))])
    assert 1 <= len(whole) < 6
    assert [encoded.content for encoded in whole] == [encode(n) for n in range(len(whole))]
    assert f"a.tar: the shard is damaged behind {len(whole)} pictures" in last.error
    path.unlink()
    (gone,) = read_part([Unit(SHARD, str(path))])
    assert "no such file" in gone.error


@pytest.mark.parametrize("start", [0, 30])
def test_rows_give_their_pictures(tmp_path: Path, s3: Any, start: int) -> None:
    path = draw_table(tmp_path / "a.parquet", 150, rows_a_group=100)
    s3.put_object(Bucket=BUCKET, Key="a.parquet", Body=path.read_bytes())
    for address in (str(path), f"s3://{BUCKET}/a.parquet"):
        expected = [Encoded(f"{address}#{n}", encode(n)) for n in range(100, 150)]
        assert list(read_part([Unit(ROWS, address, 1)], start)) == expected[start:]


def test_a_parquet_behind_http(tmp_path: Path) -> None:
    draw_table(tmp_path / "a.parquet", 3)
    with serving_http(tmp_path) as web:
        read = list(read_part([Unit(ROWS, f"{web}/a.parquet")]))
    assert [encoded.content for encoded in read] == [encode(n) for n in range(3)]


def test_rows_that_hold_nothing_or_were_changed(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"jpg": pa.array([encode(0), None], pa.binary())}), path)
    full, empty = read_part([Unit(ROWS, str(path))])
    assert full == Encoded(f"{path}#0", encode(0))
    assert empty == Encoded(f"{path}#1", None, f"{path}#1: the row holds no picture")
    (changed,) = read_part([Unit(ROWS, str(path), 5)])
    assert "was changed since it was listed" in changed.error
    content = path.read_bytes()
    path.write_bytes(content[:4] + b"\xff" * 40 + content[44:])
    broken = list(read_part([Unit(ROWS, str(path))]))
    assert "the Parquet is damaged" in broken[-1].error


def test_a_store_at_fault_is_not_the_fault_of_a_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    with pytest.raises(StoreFailed, match="cannot be reached"):
        list(read_part([Unit(PICTURE, "s3://unreachable/a.png")]))


def test_a_collection_is_read_as_it_was_listed(tmp_path: Path) -> None:
    draw_folder(tmp_path / "a", 5)
    units = list(Collection(str(tmp_path)).units())
    assert [encoded.content for encoded in read_part(units)] == [encode(n) for n in range(5)]
