import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskwise.errors import OutputFailed
from maskwise.evaluation.metrics import measure
from maskwise.evaluation.report import Report
from reports import hostile_report


@pytest.fixture
def report() -> Report:
    return hostile_report()


def read_strictly(text: str) -> Any:
    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


def test_json_is_strict_and_complete(report: Report) -> None:
    text = report.to_json()
    values = read_strictly(text)
    assert text.isascii()
    assert list(values) == [
        "format_version", "title", "created", "facts", "notes", "metrics", "decision_rule",
        "selective", "strict", "coverage_risk", "slices", "robustness", "history",
        "worst_mistakes",
    ]  # fmt: skip
    assert values["metrics"] == report.metrics.to_dict()
    assert [epoch["val_loss"] for epoch in values["history"]] == [None, 0.6, None]
    assert values["history"][2]["loss"] is None
    assert values["worst_mistakes"][0] == {
        "path": "with_mask/<script>alert(1)</script>.jpg",
        "box_xyxy": None,
        "truth": "with_mask",
        "answer": "without_mask",
        "probability": {"without_mask": 0.65, "with_mask": 0.35},
    }


def test_names_survive_json_whatever_their_bytes(report: Report) -> None:
    values = read_strictly(report.to_json())
    assert [each["path"] for each in values["worst_mistakes"]] == [
        each.path for each in report.mistakes
    ]


def test_markdown_shows_values_with_intervals(report: Report) -> None:
    lines = report.to_markdown().splitlines()
    assert lines[0] == r"# reference on \<b\>faces\</b\>"
    assert lines[2].startswith("**Right on 34 of 40 new pictures**: 85.0 % (95 % interval 70.9 to")
    assert lines[4] == r"> Try `maskwise evaluate RUN DATA` \& \<see\>."
    assert any(line.startswith("| Accuracy | 0.850 [0.709, 0.929] | Of all pict") for line in lines)
    assert "| Truth | no mask | mask |" in lines
    assert "| no mask | 16 | 4 |" in lines
    assert "| 1 | 0.700 | \N{EN DASH} | 50.0 % | 50.0 % |" in lines


def test_markdown_tables_are_whole(report: Report) -> None:
    """Each block of table lines has one heading and the same number of cells in each row."""
    blocks = [block.splitlines() for block in report.to_markdown().split("\n\n")]
    tables = [block for block in blocks if block[0].startswith("|")]
    assert len(tables) == 8
    for table in tables:
        cells = {line.replace(r"\|", "").count("|") for line in table}
        assert len(cells) == 1
        assert set(table[1]) <= set("|-:")


def test_markdown_shows_hostile_names_as_code(report: Report) -> None:
    markdown = report.to_markdown()
    assert "`with_mask/<script>alert(1)</script>.jpg`" in markdown
    assert r'``without_mask/"onload=x\u202egpj.\x1b[31m\udcff`\|.jpg``' in markdown
    assert r"/data/\\udcff\|\<i\>faces\</i\>\\u202e" in markdown
    markdown.encode("utf-8")


def test_write(report: Report, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    paths = report.write(folder)
    assert [path.name for path in paths] == ["metrics.json", "report.md", "report.html"]
    assert sorted(folder.iterdir()) == sorted(paths)
    first = [path.read_bytes() for path in paths]
    assert [path.read_bytes() for path in report.write(folder)] == first
    assert first[0].decode() == report.to_json()
    assert first[1].decode() == report.to_markdown() + "\n"
    assert first[2].decode() == report.to_html()


def test_write_where_it_cannot(report: Report, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputFailed, match="Could not write"):
        report.write(tmp_path / "file")


def test_undefined_figures_are_dashes_and_nulls(report: Report) -> None:
    nothing = measure(np.zeros(0, dtype=np.int64), np.zeros((0, 2), dtype=np.float32))
    empty = replace(report, metrics=nothing, history=(), mistakes=())
    assert "| Accuracy | \N{EN DASH} |" in empty.to_markdown()
    assert "**No pictures to judge on.**" in empty.to_markdown()
    assert "How it learnt" not in empty.to_markdown()
    assert read_strictly(empty.to_json())["metrics"]["accuracy"]["value"] is None
