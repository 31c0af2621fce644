import json
from pathlib import Path

import pytest

from commands import maskwise, maskwise_process
from pictures import fill_class_folders


@pytest.mark.train
def test_the_verdict_goes_to_stdout_and_the_files_into_the_folder(
    tiny_run: Path, tmp_path: Path
) -> None:
    fill_class_folders(tmp_path / "elsewhere", per_class=5, first_seed=500)
    done = maskwise_process(
        *("compare", tiny_run, tiny_run, "--on", "elsewhere", "--out", "result"), cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "**No difference shown.** Of the same 10 pictures" in done.stdout
    assert "| Balanced accuracy |" in done.stdout
    assert done.stdout == (tmp_path / "result" / "comparison.md").read_text(encoding="utf-8")
    assert done.stderr.startswith("Wrote result/comparison.json, ")
    assert (tmp_path / "result" / "comparison.html").stat().st_size


@pytest.mark.train
def test_programs_get_json_and_nothing_is_written_unasked(tiny_run: Path, tmp_path: Path) -> None:
    fill_class_folders(tmp_path / "elsewhere", per_class=5, first_seed=500)
    before = sorted(tmp_path.rglob("*"))
    done = maskwise("compare", tiny_run, tiny_run, "--on", "elsewhere", "--json", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stderr == ""
    values = json.loads(done.stdout)
    assert values["metrics"]["n"] == 10
    assert values["metrics"]["mcnemar_p"] == 1
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("arguments", "code", "named"),
    [
        pytest.param(["a", "b"], 2, "--on", id="no pictures named"),
        pytest.param(["a", "--on", "c"], 2, "'b'", id="one run"),
        pytest.param(["a", "b", "--on", "c"], 1, "a holds no run", id="no run"),
    ],
)
def test_what_cannot_be_compared_is_one_line(
    arguments: list[str], code: int, named: str, tmp_path: Path
) -> None:
    done = maskwise("compare", *arguments, cwd=tmp_path)
    assert done.returncode == code
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert named in line
