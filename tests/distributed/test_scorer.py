"""Parts scored by processes that may be lost."""

import os
import signal
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

import workers
from collections_drawn import draw_folder, draw_shard, read_answers
from maskwise.distributed.answers import Totals, read_totals
from maskwise.distributed.collection import Collection
from maskwise.distributed.scorer import Abandoned, Scorer
from maskwise.errors import BadBundle, InvalidInput, OutputFailed, StoreFailed


def score(folder: Path, out: Path, load: Any = workers.load) -> Totals:
    scorer = Scorer(load, str(out / "answers"))
    try:
        return scorer.score(0, list(Collection(str(folder)).units()))
    finally:
        scorer.close()


def test_a_row_for_each_picture_and_each_face_and_totals_with_them(tmp_path: Path) -> None:
    folder = draw_folder(tmp_path / "in", 3)
    (folder / "00001.png").write_bytes(b"no picture")
    totals = score(folder, tmp_path)
    assert totals == Totals(3, 1, 2, {"without_mask": 2})
    assert read_totals(str(tmp_path / "answers"), 0) == totals
    rows = read_answers(tmp_path)
    assert [(row["row"], row["place"], row["face"]) for row in rows] == [
        ("picture", 0, None),
        ("face", 0, 1),
        ("picture", 1, None),
        ("picture", 2, None),
        ("face", 2, 1),
    ]
    picture, face, broken, *_ = rows
    assert (picture["source"], picture["width"], picture["height"], picture["faces"]) == (
        *(f"{folder}/00000.png", 16, 12),
        1,
    )
    assert [face[f"{edge}_{side}"] for side in ("min", "max") for edge in "xy"] == [0, 0, 16, 12]
    assert face["label"] == "without_mask"
    assert face["probability_without_mask"] + face["probability_with_mask"] == pytest.approx(1)
    assert face["probability_incorrect"] is None
    assert broken["error"].startswith(f"{folder}/00001.png: ")
    assert broken["faces"] is None


def test_a_picture_that_kills_costs_its_row_alone(tmp_path: Path) -> None:
    deadly = (0, 11, 12, 19)
    folder = draw_folder(tmp_path / "in", 20, deadly=deadly)
    totals = score(folder, tmp_path, workers.load_mortal)
    assert (totals.pictures, totals.errors, totals.faces) == (20, 4, 16)
    errors = {row["place"]: row["error"] for row in read_answers(tmp_path) if row["error"]}
    assert errors == {
        place: f"{folder}/{place:05d}.png: the process that read it died" for place in deadly
    }


def test_a_deadly_picture_in_a_shard(tmp_path: Path) -> None:
    path = draw_shard(tmp_path / "a.tar", 20, deadly=[9])
    totals = score(path, tmp_path, workers.load_mortal)
    assert (totals.pictures, totals.errors, totals.faces) == (20, 1, 19)
    (error,) = [row["error"] for row in read_answers(tmp_path) if row["error"]]
    assert error == f"{path}/9.png: the process that read it died"


def test_killing_the_process_changes_nothing(tmp_path: Path) -> None:
    folder = draw_folder(tmp_path / "in", 60)
    score(folder, tmp_path / "undisturbed")
    scorer = Scorer(workers.load_slow, str(tmp_path / "disturbed" / "answers"))
    running = Thread(
        target=lambda: scorer.score(0, list(Collection(str(folder)).units())), daemon=True
    )
    running.start()
    killed: set[int] = set()
    while running.is_alive():
        pid = scorer.pid
        if pid and pid not in killed and len(killed) < 3:
            running.join(1.5)  # it has begun to work
            os.kill(pid, signal.SIGKILL)
            killed.add(pid)
        running.join(0.05)
    scorer.close()
    assert killed
    assert read_answers(tmp_path / "disturbed") == read_answers(tmp_path / "undisturbed")


def test_a_model_that_cannot_be_used_is_no_fault_of_pictures(tmp_path: Path) -> None:
    folder = draw_folder(tmp_path / "in", 2)
    with pytest.raises(BadBundle, match="`model` is none"):
        score(folder, tmp_path, workers.load_nothing)
    with pytest.raises(BadBundle, match="process that loads the model died 3 times"):
        score(folder, tmp_path, workers.die)
    assert not (tmp_path / "answers").exists()


def test_a_store_at_fault_stops_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    (tmp_path / "list.txt").write_text("s3://unreachable/a.png\n")
    units = list(Collection(str(tmp_path / "list.txt"), allow_url=True).units())
    scorer = Scorer(workers.load, str(tmp_path / "answers"))
    with pytest.raises(StoreFailed, match="cannot be reached"):
        scorer.score(0, units)
    scorer.close()


def test_answers_that_cannot_be_written(tmp_path: Path) -> None:
    folder = draw_folder(tmp_path / "in", 1)
    (tmp_path / "answers").write_bytes(b"")
    with pytest.raises(OutputFailed, match="Could not write"):
        score(folder, tmp_path)


def test_one_that_is_abandoned_ends_at_once(tmp_path: Path) -> None:
    folder = draw_folder(tmp_path / "in", 60)
    scorer = Scorer(workers.load_slow, str(tmp_path / "answers"))
    raised: list[BaseException] = []

    def run() -> None:
        try:
            scorer.score(0, list(Collection(str(folder)).units()))
        except Abandoned as error:
            raised.append(error)

    running = Thread(target=run)
    running.start()
    while not scorer.pid:
        running.join(0.05)
    scorer.abandon()
    running.join(10)
    scorer.close()
    assert raised
    assert not (tmp_path / "answers").exists()


def test_answers_that_are_damaged_are_named(tmp_path: Path) -> None:
    score(draw_folder(tmp_path / "in", 1), tmp_path)
    path = tmp_path / "answers" / "000000" / "000000000.parquet"
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(InvalidInput, match=r"000000000\.parquet is missing or damaged"):
        read_totals(str(tmp_path / "answers"), 0)
