"""What people name as their pictures becomes units."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from collections_drawn import BUCKET, draw_folder, draw_shard, draw_table, encode, serving_http
from maskwise.distributed.collection import Collection
from maskwise.distributed.stores.store import to_address
from maskwise.distributed.unit import PICTURE, ROWS, SHARD, Unit
from maskwise.errors import InvalidInput


def units(address: Path | str, **options: Any) -> list[Unit]:
    return list(Collection(to_address(str(address)), **options).units())


def test_a_folder_gives_pictures_shards_and_rows_and_nothing_else(tmp_path: Path) -> None:
    draw_folder(tmp_path / "b", 2)
    draw_shard(tmp_path / "a.tar", 3)
    draw_table(tmp_path / "c.parquet", 250)
    (tmp_path / "notes.txt").write_text("b/00000.png")
    assert units(tmp_path) == [
        Unit(SHARD, f"{tmp_path}/a.tar"),
        Unit(PICTURE, f"{tmp_path}/b/00000.png"),
        Unit(PICTURE, f"{tmp_path}/b/00001.png"),
        *(Unit(ROWS, f"{tmp_path}/c.parquet", row_group) for row_group in range(3)),
    ]


def test_a_name_that_is_not_utf_8(tmp_path: Path) -> None:
    name = b"a\xff.png".decode("utf-8", "surrogateescape")
    (tmp_path / name).write_bytes(encode(0))
    assert units(tmp_path) == [Unit(PICTURE, f"{tmp_path}/{name}")]


@pytest.mark.parametrize("form", ["csv", "txt", "parquet"])
def test_a_list_names_pictures_beside_it(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"list.{form}"
    if form == "csv":
        path.write_text('\ufefflabel,path\n1,"a, b.png"\n2,../c.png\n')
    elif form == "txt":
        path.write_text("# mine\na, b.png\n\n../c.png\n")
    else:
        pq.write_table(pa.table({"label": [1, 2], "path": ["a, b.png", "../c.png"]}), path)
    expected = [f"{tmp_path}/a, b.png", f"{tmp_path}/../c.png"]
    assert [unit.address for unit in units(path)] == expected


def test_a_list_in_a_bucket_names_what_lies_there(s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="lists/all.csv", Body=b"path\na.png\n/b.png\n")
    assert [unit.address for unit in units(f"s3://{BUCKET}/lists/all.csv")] == [
        f"s3://{BUCKET}/lists/a.png",
        f"s3://{BUCKET}/b.png",
    ]


def test_a_list_behind_http(tmp_path: Path) -> None:
    (tmp_path / "all.txt").write_text("a.png\n")
    with serving_http(tmp_path) as web:
        assert units(f"{web}/all.txt") == [Unit(PICTURE, f"{web}/a.png")]
        with pytest.raises(InvalidInput, match="must be a folder that can be listed"):
            units(f"{web}/photos/")


def test_a_list_leads_elsewhere_only_if_that_is_allowed(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("url\nhttps://example.org/a.png?key=secret\n")
    with pytest.raises(InvalidInput, match="only fetched with `--allow-url`") as caught:
        units(path)
    assert "secret" not in str(caught.value)
    (unit,) = units(path, allow_url=True)
    assert unit.address == "https://example.org/a.png?key=secret"


def test_what_is_no_collection_is_refused(tmp_path: Path, s3: Any) -> None:
    draw_folder(tmp_path / "empty", 0)
    (tmp_path / "a.zip").write_bytes(b"")
    (tmp_path / "a.csv").write_text("name,label\na,1\n")
    (tmp_path / "b.csv").write_bytes(b"path\n\xff.png\n")
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    pq.write_table(pa.table({"label": [1]}), tmp_path / "b.parquet")
    pq.write_table(pa.table({"path": [1]}), tmp_path / "c.parquet")
    for name, reason in (
        ("empty", "which holds none"),
        ("a.zip", "must be a folder that can be listed"),
        ("a.csv", "must name a column path, url"),
        ("b.csv", "must be a text in UTF-8"),
        ("a.parquet", "no Parquet that can be read"),
        ("b.parquet", "must have a column of pictures"),
        ("c.parquet", "must have a column of pictures"),
        ("gone.csv", "no such file"),
        ("gone.parquet", "no such file"),
        ("gone", "must be a folder"),
    ):
        with pytest.raises(InvalidInput, match=reason):
            units(tmp_path / name)
    with pytest.raises(InvalidInput, match="must be a folder"):
        units(f"s3://{BUCKET}/nowhere")
