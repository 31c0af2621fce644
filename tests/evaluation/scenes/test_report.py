import json
from pathlib import Path

import numpy as np
import pytest

from maskwise.evaluation.scenes.faults import Faults
from maskwise.evaluation.scenes.metrics import measure_scenes
from maskwise.evaluation.scenes.report import SECTIONS, SceneReport
from maskwise.evaluation.scenes.scene import Scene
from maskwise.labels import WITH_MASK, WITHOUT_MASK
from maskwise.results import Faces
from reader import Reader
from reports import THUMBNAIL

EVIL = "scenes/<script>alert(1)</script>|\u202e.jpg"


def scene(*truth: int, called: int | None) -> Scene:
    """Faces in a row, of which all are found and called the same, or none is found."""
    boxes = np.array([[50 * n, 0, 50 * n + 40, 40] for n in range(len(truth))], dtype=np.float32)
    n = 0 if called is None else len(truth)
    return Scene(
        boxes.reshape(-1, 4),
        np.array(truth, dtype=np.int64),
        Faces(
            boxes.reshape(-1, 4)[:n],
            np.full(n, 0.9, dtype=np.float32),
            np.full((n, 2), 0.5, dtype=np.float32),
            np.full(n, called or 0, dtype=np.int64),
        ),
    )


@pytest.fixture(scope="module")
def report() -> SceneReport:
    scenes = [
        *(scene(WITH_MASK, WITH_MASK, called=WITH_MASK) for _ in range(6)),
        *(scene(WITHOUT_MASK, called=WITHOUT_MASK) for _ in range(5)),
        scene(WITHOUT_MASK, called=WITH_MASK),
        scene(WITH_MASK, WITHOUT_MASK, called=None),
    ]
    return SceneReport(
        title="reference with yunet on street|day",
        created="2026-11-25T02:09:45+00:00",
        facts={"Judged on": EVIL},
        metrics=measure_scenes(scenes),
        faults=(Faults(EVIL, 2, 1, 0, 0, THUMBNAIL), Faults("b.jpg", 0, 0, 1, 0)),
        notes=("Left out: 3 pictures. Try `maskwise evaluate`.",),
    )


def test_the_page_says_what_was_found_missed_and_misnamed(report: SceneReport) -> None:
    reader = Reader(report.to_html())
    assert "Found 18 of 20 faces, named 17 rightly" in reader.text
    assert [tag["id"] for tag in reader.all("section")] == list(SECTIONS)
    assert "mask 13 " in reader.text
    assert "no mask 7 " in reader.text
    assert "mask worn wrongly 0" not in reader.text, "classes without a face are left out"
    assert "32 to 63 px 20" in reader.text
    assert "Left out: 3 pictures." in reader.text
    assert "no thumbnail" in reader.text
    assert sum(tag["src"].startswith("data:image/jpeg") for tag in reader.all("img")) == 1


def test_names_of_files_fool_nobody(report: SceneReport) -> None:
    page, markdown = report.to_html(), report.to_markdown()
    assert "<script" not in page
    assert "scenes/<script>alert(1)</script>" in Reader(page).text
    assert "\u202e" not in page + markdown
    rows = [line for line in markdown.splitlines() if line.startswith("| `scenes/")]
    assert len(rows) == 1
    assert rows[0].count(" | ") == 4


def test_the_markdown_has_the_same_figures(report: SceneReport) -> None:
    markdown = report.to_markdown()
    assert "**Found 18 of 20 faces, named 17 rightly**, on 13 whole pictures." in markdown
    assert "| mask | 13 | 0.852 [" in markdown
    assert "> Left out: 3 pictures. Try `maskwise evaluate`." in markdown


def test_the_files_are_written_and_read_back(report: SceneReport, tmp_path: Path) -> None:
    paths = report.write(tmp_path / "new" / "folder")
    assert [path.name for path in paths] == ["scenes.json", "scenes.md", "scenes.html"]
    values = json.loads(paths[0].read_text(encoding="utf-8"))
    assert values["metrics"]["overall"]["found"] == 18
    assert values["worst_pictures"][0] == {
        "path": EVIL,
        "missed": 2,
        "displaced": 1,
        "misnamed": 0,
        "false_alarms": 0,
    }


def test_nothing_to_judge_is_said_so() -> None:
    empty = SceneReport(title="t", created="c", facts={}, metrics=measure_scenes([]))
    assert "No faces to judge on" in Reader(empty.to_html()).text
    assert "no face was missed or misnamed" in Reader(empty.to_html()).text
    assert "**No faces to judge on.**" in empty.to_markdown()
