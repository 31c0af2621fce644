from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from maskwise.dataset.dataset import Dataset
from maskwise.errors import BadDataset, BadRun, InvalidInput
from maskwise.evaluation.scenes.judge import evaluate_scenes
from maskwise.images import read_image
from maskwise.inference.pipeline import MaskDetector
from maskwise.runs.run import Run
from pictures import draw_picture

pytestmark = pytest.mark.train

FACE = (2, 1, 46, 39)  # nearly all of a drawn picture of 48 x 40
CORNER = (2, 2, 12, 12)

Row = tuple[str, str, tuple[int, int, int, int]]


def write_scenes(folder: Path, rows: Sequence[Row]) -> Path:
    """Drawn pictures, as many as there are names, and their faces in a CSV file."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed, name in enumerate(sorted({name for name, *_ in rows})):
        draw_picture(700 + seed, masked="masked" in name).save(folder / name)
    lines = [f"{name},{label},{','.join(map(str, box))}" for name, label, box in rows]
    (folder / "faces.csv").write_text(
        "\n".join(["file,label,xmin,ymin,xmax,ymax", *lines]) + "\n", encoding="utf-8"
    )
    return folder / "faces.csv"


def some_scenes(folder: Path) -> Path:
    return write_scenes(
        folder,
        [
            *((f"masked{n}.png", "with_mask", FACE) for n in range(4)),
            *((f"bare{n}.png", "without_mask", FACE) for n in range(3)),
            ("bare0.png", "without_mask", CORNER),
        ],
    )


def test_faces_are_found_and_named_as_users_get_them(tiny_run: Path, tmp_path: Path) -> None:
    data = some_scenes(tmp_path)
    told: list[tuple[int, int]] = []
    report = evaluate_scenes(
        tiny_run, data, faces="whole", mode="fast", on_progress=lambda *step: told.append(step)
    )
    decide = MaskDetector.load(tiny_run, faces="whole")
    answers = {path.name: decide(read_image(path)).label[0] for path in tmp_path.glob("*.png")}
    right = sum(answer == name.startswith("masked") for name, answer in answers.items())
    overall = report.metrics.overall
    assert report.metrics.n == 7
    assert (overall.support, overall.found, overall.false_alarms) == (8, 7, 0)
    assert overall.right == right
    assert sum(each.misnamed for each in overall.per_class) == 7 - right
    assert told[-1] == (7, 7)
    assert report.notes == ()
    assert report.facts["Faces found by"] == "whole"
    assert report.facts["Mode"] == "fast"


def test_a_bundle_is_judged_by_its_own_rules(tiny_bundle: Path, tmp_path: Path) -> None:
    data = some_scenes(tmp_path)
    report = evaluate_scenes(tiny_bundle, data, faces="whole")
    decide = MaskDetector.load(tiny_bundle, faces="whole")
    answers = {path.name: decide(read_image(path)).label[0] for path in tmp_path.glob("*.png")}
    right = sum(answer == name.startswith("masked") for name, answer in answers.items())
    assert (report.metrics.overall.found, report.metrics.overall.right) == (7, right)
    assert any("model card" in note for note in report.notes)


def test_the_worst_pictures_come_first_and_are_drawn(tiny_run: Path, tmp_path: Path) -> None:
    rows = [("masked.png", "with_mask", FACE), ("bare.png", "without_mask", FACE)]
    rows += [("bare.png", "without_mask", (x, 2, x + 6, 8)) for x in (2, 12, 22)]
    report = evaluate_scenes(tiny_run, write_scenes(tmp_path, rows), faces="whole")
    first = report.faults[0]
    assert (first.path, first.missed) == ("bare.png", 3)
    assert read_image(first.picture_jpeg).shape == (40, 48, 3)
    totals = [faults.total for faults in report.faults]
    assert totals == sorted(totals, reverse=True)
    assert all(totals)


def test_classes_that_the_network_does_not_know_are_ignored(tiny_run: Path, tmp_path: Path) -> None:
    rows = [("masked.png", "with_mask", CORNER), ("masked.png", "incorrect", FACE)]
    report = evaluate_scenes(tiny_run, write_scenes(tmp_path, rows), faces="whole")
    overall = report.metrics.overall
    assert (overall.support, overall.found, overall.false_alarms) == (1, 0, 0)
    assert report.notes == ("Left out: 1 face of classes that the network does not know.",)


def test_pictures_without_a_face_count_for_their_false_alarms(
    tiny_run: Path, tmp_path: Path
) -> None:
    data = Dataset.open(some_scenes(tmp_path))
    draw_picture(99, masked=False).save(tmp_path / "wall.png")
    report = evaluate_scenes(tiny_run, replace(data, faceless=("wall.png",)), faces="whole")
    assert report.metrics.n == 8
    assert report.metrics.overall.false_alarms == 1
    assert report.faults[0].false_alarms + report.faults[1].false_alarms == 1


def test_small_faces_may_be_ignored(tiny_run: Path, tmp_path: Path) -> None:
    report = evaluate_scenes(tiny_run, some_scenes(tmp_path), faces="whole", min_size_px=20)
    assert (report.metrics.overall.support, report.metrics.overall.found) == (7, 7)
    assert not any(faults.missed for faults in report.faults)


def test_what_the_network_was_trained_on_is_left_out(
    tiny_run: Path, tiny_data: Path, tmp_path: Path
) -> None:
    csv = some_scenes(tmp_path)
    known = Run.open(tiny_run).read_split().train[0]
    (tmp_path / "known.png").write_bytes((tiny_data / known.path).read_bytes())
    csv.write_text(csv.read_text() + "known.png,with_mask,2,1,46,39\n")
    report = evaluate_scenes(tiny_run, csv, faces="whole")
    assert report.metrics.n == 7
    assert "byte for byte" in report.notes[0]


def test_faces_without_a_box_cannot_be_judged_so(tiny_run: Path, tiny_data: Path) -> None:
    with pytest.raises(BadDataset, match=r"has no box.*leave `--faces` out"):
        evaluate_scenes(tiny_run, tiny_data)


def test_wrong_input_is_told_before_any_picture_is_read(tiny_run: Path, tmp_path: Path) -> None:
    nowhere = Dataset(tmp_path / "gone", Dataset.open(some_scenes(tmp_path)).samples)
    with pytest.raises(InvalidInput, match="`faces` must be one of"):
        evaluate_scenes(tiny_run, nowhere, faces="nobody")
    with pytest.raises(InvalidInput, match="`mode` must be one of"):
        evaluate_scenes(tiny_run, nowhere, mode="lazy")
    with pytest.raises(InvalidInput, match="`min_px` must be at least 0"):
        evaluate_scenes(tiny_run, nowhere, min_size_px=-1)
    with pytest.raises(BadRun):
        evaluate_scenes(tmp_path / "no run", nowhere)
