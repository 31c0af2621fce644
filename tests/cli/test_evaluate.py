import json
from pathlib import Path

import pytest

from commands import maskwise, maskwise_process
from pictures import fill_class_folders

pytestmark = pytest.mark.train


def test_the_summary_goes_to_stdout_and_the_files_into_the_run(
    tiny_run: Path, tmp_path: Path
) -> None:
    out = tmp_path / "report"
    done = maskwise_process("evaluate", tiny_run, "--out", out)
    assert done.returncode == 0, done.stderr
    assert done.stdout == (out / "report.md").read_text(encoding="utf-8")
    assert {path.name for path in out.iterdir()} == {"metrics.json", "report.md", "report.html"}
    assert "report.html" in done.stderr


def test_programs_get_json(tiny_run: Path, tmp_path: Path) -> None:
    other = fill_class_folders(tmp_path / "elsewhere", per_class=5, first_seed=500)
    done = maskwise("evaluate", tiny_run, other, "--json", "--out", tmp_path / "report")
    assert done.returncode == 0
    assert json.loads(done.stdout)["metrics"]["n"] == 10


def test_a_bundle_is_judged_and_stays_as_it_is(tiny_bundle: Path, tmp_path: Path) -> None:
    fill_class_folders(tmp_path / "elsewhere", per_class=5, first_seed=500)
    before = sorted(path.name for path in tiny_bundle.iterdir())
    done = maskwise("evaluate", tiny_bundle, "elsewhere", "--no-robustness", cwd=tmp_path)
    assert done.returncode == 0
    assert (tmp_path / "on-elsewhere" / "report.md").is_file()
    assert sorted(path.name for path in tiny_bundle.iterdir()) == before


def test_other_pictures_may_come_in_any_format_and_under_any_names(
    tiny_run: Path, tmp_path: Path
) -> None:
    data = fill_class_folders(tmp_path / "data", per_class=6, first_seed=900)
    (data / "with_mask").rename(data / "Maske")
    done = maskwise(
        *("evaluate", tiny_run, data, "--out", tmp_path / "report"),
        *("--format", "folders", "--class", "Maske=with_mask", "--no-robustness"),
    )
    assert done.returncode == 0, done.stderr
    assert "of 12 new pictures" in done.stdout


def test_whole_pictures_are_judged_with_a_face_detector(tiny_run: Path, tmp_path: Path) -> None:
    scenes = fill_class_folders(tmp_path / "scenes", per_class=4, first_seed=900)
    names = [path.relative_to(scenes).as_posix() for path in sorted(scenes.rglob("*.png"))]
    rows = [f"{name},{name.split('/')[0]},2,1,46,39" for name in names]
    (scenes / "faces.csv").write_text("\n".join(["file,label,xmin,ymin,xmax,ymax", *rows]) + "\n")
    out = tmp_path / "report"
    command = ["evaluate", tiny_run, scenes / "faces.csv", "--faces", "whole", "--out", out]
    done = maskwise(*command)
    assert done.returncode == 0
    assert done.stdout == (out / "scenes.md").read_text(encoding="utf-8")
    assert "Found 8 of 8 faces" in done.stdout
    assert {path.name for path in out.iterdir()} == {"scenes.json", "scenes.md", "scenes.html"}
    done = maskwise(*command, "--min-size", "60", "--json")
    assert json.loads(done.stdout)["metrics"]["overall"]["support"] == 0


def test_a_face_detector_wants_pictures(tiny_run: Path) -> None:
    done = maskwise("evaluate", tiny_run, "--faces", "yunet")
    assert done.returncode == 2
    assert "name them as DATA" in done.stderr
