"""Which pictures are scored together."""

from pathlib import Path
from typing import Any

import pytest

from collections_drawn import BUCKET
from maskwise.distributed.plan import Plan
from maskwise.distributed.unit import PICTURE, ROWS, SHARD, Unit
from maskwise.errors import InvalidInput


def test_pictures_together_and_what_holds_many_alone(tmp_path: Path) -> None:
    pictures = [Unit(PICTURE, f"/{number}.png") for number in range(100)]
    shards = [Unit(SHARD, "/a.tar"), Unit(ROWS, "/b.parquet", 7)]
    plan = Plan.write(str(tmp_path), [*pictures[:70], *shards, *pictures[70:]])
    parts = [plan.read(part) for part in range(plan.n_parts)]
    assert parts == [pictures[:64], pictures[64:70], [shards[0]], [shards[1]], pictures[70:]]
    assert plan.n_units == 102


def test_parts_grow_with_the_collection(tmp_path: Path) -> None:
    n = 64_000 + 128 * 10 + 1
    plan = Plan.write(str(tmp_path), (Unit(PICTURE, str(number)) for number in range(n)))
    assert plan.n_parts == 1000 + 11
    assert [len(plan.read(part)) for part in (0, 999, 1000, 1009, 1010)] == [64, 64, 128, 128, 1]
    assert [int(plan.read(part)[0].address) for part in (999, 1000)] == [63_936, 64_000]


def test_names_that_are_not_utf_8_and_a_bucket(s3: Any) -> None:
    unit = Unit(PICTURE, b"/a\xff\n.png".decode("utf-8", "surrogateescape"))
    plan = Plan.write(f"s3://{BUCKET}/plan", [unit])
    assert plan.read(0) == [unit]


def test_one_that_is_damaged_is_named(tmp_path: Path) -> None:
    plan = Plan.write(str(tmp_path), [Unit(PICTURE, "/a.png")])
    (tmp_path / "000000.parquet").write_bytes(b"PAR1")
    with pytest.raises(InvalidInput, match=r"000000\.parquet is damaged"):
        plan.read(0)
