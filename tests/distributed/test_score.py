"""A collection becomes a folder of answers, however often it is cut off."""

import json
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import workers
from collections_drawn import BUCKET, draw_folder, draw_shard, files_below, read_answers
from maskwise.distributed.answers import Totals
from maskwise.distributed.detection import Detection
from maskwise.distributed.here import score_here
from maskwise.distributed.score import Scoring
from maskwise.distributed.scorer import Scorer
from maskwise.errors import InvalidInput, OutputFailed

DETECTION = Detection(model=None, model_sha256="0" * 64)


def begin(source: Path | str, out: Path | str, **options: Any) -> Scoring:
    return Scoring.begin(str(source), str(out), DETECTION, **options)


def work(
    scoring: Scoring, parts: Iterable[int] | None = None, load: Any = workers.load, n: int = 2
) -> list[Totals]:
    new_scorer = partial(Scorer, load, scoring.answers)
    wanted = scoring.undone() if parts is None else parts
    return list(score_here(wanted, scoring.plan, new_scorer, n))


def test_the_manifest_tells_what_was_asked_and_what_came_of_it(tmp_path: Path) -> None:
    draw_folder(tmp_path / "in", 130)
    draw_shard(tmp_path / "in" / "a.tar", 10)
    (tmp_path / "in" / "00007.png").write_bytes(b"no picture")
    listed: list[int] = []
    scoring = begin(tmp_path / "in", tmp_path / "out", on_listed=listed.append)
    assert listed[-1] == 131
    assert scoring.undone() == [0, 1, 2, 3]
    assert sum(work(scoring), Totals()) == scoring.finish()
    assert scoring.undone() == []
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    totals = manifest["totals"]
    assert (totals["pictures"], totals["errors"], totals["faces"]) == (140, 1, 139)
    assert sum(totals["labels"].values()) == 139
    assert manifest["source"] == str(tmp_path / "in")
    assert manifest["columns"]["source"] == "string"
    files = pq.read_table(tmp_path / "out" / "files.parquet").to_pylist()
    assert [(tmp_path / "out" / row["file"]).is_file() for row in files] == [True] * 4
    assert sum(row["rows"] for row in files) == len(read_answers(tmp_path / "out")) == 279
    sources = [row["source"] for row in read_answers(tmp_path / "out") if row["row"] == "picture"]
    assert len(set(sources)) == 140


def test_one_that_was_cut_off_ends_with_the_same_bytes(tmp_path: Path) -> None:
    draw_folder(tmp_path / "in", 200)
    whole = begin(tmp_path / "in", tmp_path / "out")
    work(whole)
    whole.finish()
    expected = files_below(tmp_path / "out")

    cut = begin(tmp_path / "in", tmp_path / "cut")
    work(cut, [2], n=1)
    (tmp_path / "in" / "00150.png").rename(tmp_path / "in" / "later.png")  # has its answer already
    (tmp_path / "in" / "00001.png.partial").write_bytes(b"left behind")
    (tmp_path / "cut" / "answers" / "000000" / "000000001.parquet.partial").write_bytes(b"PAR1")
    again = begin(tmp_path / "in", tmp_path / "cut")
    assert again.undone() == [0, 1, 3]
    work(again)
    again.finish()
    assert files_below(tmp_path / "cut") == expected


def test_pictures_that_vanished_cost_their_rows(tmp_path: Path) -> None:
    draw_folder(tmp_path / "in", 3)
    scoring = begin(tmp_path / "in", tmp_path / "out")
    (tmp_path / "in" / "00001.png").unlink()
    assert work(scoring) == [Totals(3, 1, 2, {"without_mask": 2})]
    (error,) = [row["error"] for row in read_answers(tmp_path / "out") if row["error"]]
    assert error == f"{tmp_path}/in/00001.png: there is no such file"


def test_from_a_bucket_into_a_bucket(tmp_path: Path, s3: Any) -> None:
    draw_folder(tmp_path / "in", 70)
    for path in (tmp_path / "in").iterdir():
        s3.put_object(Bucket=BUCKET, Key=f"{tmp_path.name}/in/{path.name}", Body=path.read_bytes())
    place = f"s3://{BUCKET}/{tmp_path.name}"
    scoring = begin(f"{place}/in/", f"{place}/out/")
    work(scoring)
    totals = scoring.finish()
    assert (totals.pictures, totals.errors) == (70, 0)
    assert begin(f"{place}/in", f"{place}/out").undone() == []
    local = begin(tmp_path / "in", tmp_path / "out")
    work(local)
    answers = s3.get_object(
        Bucket=BUCKET, Key=f"{tmp_path.name}/out/answers/000000/000000001.parquet"
    )
    (tmp_path / "b.parquet").write_bytes(answers["Body"].read())
    in_bucket = pq.read_table(tmp_path / "b.parquet").drop(["source"])
    assert in_bucket.equals(
        pq.read_table(tmp_path / "out/answers/000000/000000001.parquet").drop(["source"])
    )


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    draw_folder(tmp_path / "in", 2)
    draw_folder(tmp_path / "other", 2)
    begin(tmp_path / "in", tmp_path / "out")
    before = files_below(tmp_path / "out")
    with pytest.raises(InvalidInput, match="belongs to another scoring: source differ"):
        begin(tmp_path / "other", tmp_path / "out")
    other = Detection(model=None, model_sha256="1" * 64, strict=True)
    with pytest.raises(InvalidInput, match="model_sha256, strict differ"):
        Scoring.begin(str(tmp_path / "in"), str(tmp_path / "out"), other)
    assert files_below(tmp_path / "out") == before
    with pytest.raises(InvalidInput, match="which holds other files"):
        begin(tmp_path / "in", tmp_path / "other")
    with pytest.raises(InvalidInput, match="must lie outside of the source"):
        begin(tmp_path / "in", tmp_path / "in" / "out")
    (tmp_path / "out" / "job.json").write_text("[]")
    with pytest.raises(InvalidInput, match="is damaged"):
        begin(tmp_path / "in", tmp_path / "out")


def test_a_source_that_holds_nothing_leaves_nothing_behind(tmp_path: Path, s3: Any) -> None:
    draw_folder(tmp_path / "in", 0)
    with pytest.raises(InvalidInput, match="holds none"):
        begin(tmp_path / "in", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_listing_that_was_cut_off_begins_anew(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("".join(f"{n}.png\n" for n in range(64_000)) + "s3://a/b\n")
    with pytest.raises(InvalidInput, match="--allow-url"):
        begin(tmp_path / "list.txt", tmp_path / "out")
    assert begin(tmp_path / "list.txt", tmp_path / "out", allow_url=True).plan.n_units == 64_001


def test_a_bucket_that_does_not_exist(tmp_path: Path, s3: Any) -> None:
    draw_folder(tmp_path / "in", 1)
    with pytest.raises(OutputFailed, match="no such bucket"):
        begin(tmp_path / "in", "s3://none/out")


def test_an_error_ends_all_processes(tmp_path: Path) -> None:
    draw_folder(tmp_path / "in", 200)
    scoring = begin(tmp_path / "in", tmp_path / "out")
    (tmp_path / "out" / "answers").write_bytes(b"")
    made: list[Scorer] = []

    def new_scorer() -> Scorer:
        made.append(Scorer(workers.load, scoring.answers))
        return made[-1]

    with pytest.raises(Exception, match="Could not write"):
        list(score_here(scoring.undone(), scoring.plan, new_scorer, 2))
    assert [scorer.pid for scorer in made] == [None, None]


def test_answers_that_are_missing_in_the_end_are_named(tmp_path: Path) -> None:
    draw_folder(tmp_path / "in", 2)
    scoring = begin(tmp_path / "in", tmp_path / "out")
    with pytest.raises(InvalidInput, match=r"000000000\.parquet is missing or damaged"):
        scoring.finish()
    assert not (tmp_path / "out" / "manifest.json").exists()
