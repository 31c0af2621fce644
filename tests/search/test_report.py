import json
import math
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from maskwise.runs.recipe import RECIPES
from maskwise.search.report import SECTIONS, SearchReport
from maskwise.search.space import space_around, values_of
from maskwise.search.trial import Trial
from reader import Reader

REFERENCE = RECIPES["reference"]
SPACE = space_around(REFERENCE)


def a_trial(number: int, *losses: float, is_finished: bool = True, **values: Any) -> Trial:
    history: list[Mapping[str, float]] = [
        {"epoch": epoch, "val_loss": loss, "val_accuracy": 0.9, "seconds": 2.0}
        for epoch, loss in enumerate(losses, start=1)
    ]
    return Trial(
        number,
        Path("out") / "trials" / f"{number:04d}",
        {**values_of(REFERENCE, SPACE), **values},
        tuple(history),
        is_finished,
    )


@pytest.fixture
def report() -> SearchReport:
    """Of four trials the second is the best: the third was stopped, the fourth has diverged."""
    return SearchReport(
        title="Recipe reference on <b>faces</b>, seed 0",
        created="2026-01-02T03:04:05+00:00",
        facts={"Data": "/data/\udcff|<i>faces</i>\u202e"},
        recipe=REFERENCE,
        seed=0,
        space=SPACE,
        n_validation=200,
        n_groups=100,
        n_test=300,
        n_asked=5,
        trials=(
            a_trial(1, 0.5, 0.4),
            a_trial(2, 0.6, 0.30001, learning_rate=0.00234567, mirror=True),
            a_trial(3, 0.2, is_finished=False),
            a_trial(4, 0.5, math.nan, is_finished=False),
        ),
    )


def test_the_best_is_a_finished_trial_with_the_least_last_loss(report: SearchReport) -> None:
    assert report.best is report.trials[1]
    equals = (a_trial(1, 0.1, 0.4), a_trial(2, 0.4, 0.4))
    assert replace(report, trials=equals).best is equals[0]
    assert replace(report, trials=report.trials[2:]).best is None


def test_the_table_has_a_row_for_each_trial_and_marks_the_best(report: SearchReport) -> None:
    rows = [line for line in report.to_markdown().splitlines() if re.match(r"\| \d", line)]
    assert rows == [
        "| 1 | 0.001 | 32 | 0 | no | 0.4 | 0.900 [0.826, 0.945] | 2 | 4 |",
        "| 2 (best) | 0.00235 | 32 | 0 | yes | 0.3 | 0.900 [0.826, 0.945] | 2 | 4 |",
        "| 3 | 0.001 | 32 | 0 | no | 0.2 | 0.900 [0.826, 0.945] | 1 (stopped) | 2 |",
        "| 4 | 0.001 | 32 | 0 | no | \N{EN DASH} | 0.900 [0.826, 0.945] | 2 (stopped) | 4 |",
    ]


def test_it_says_what_its_figures_are_not(report: SearchReport) -> None:
    for text in (report.to_markdown(), Reader(report.to_html()).text):
        assert "of the 200 pictures of the validation side" in text
        assert "they chose the best of 4 trials: its figures flatter it" in text
        assert "Nobody looked at the 300 pictures of the test side" in text
        assert "maskwise evaluate out/trials/0002" in text
        assert "4 of 5 trials are done" in text
    done = replace(report, n_asked=4)
    assert "trials are done" not in done.to_markdown()


def test_programs_get_all_of_it_as_strict_json(report: SearchReport, tmp_path: Path) -> None:
    paths = report.write(tmp_path / "out")
    assert [path.name for path in paths] == ["tune.json", "tune.md", "tune.html"]
    kept = json.loads(paths[0].read_text(), parse_constant=pytest.fail)
    assert kept["best"] == 2
    assert kept["space"]["batch_size"] == {"values": [16, 32, 64]}
    assert kept["trials"][1] == {
        "number": 2,
        "run": "trials/0002",
        "values": {
            "learning_rate": 0.00234567,
            "batch_size": 32,
            "weight_decay": 0.0,
            "mirror": True,
        },
        "validation_loss": 0.30001,
        "validation_accuracy": 0.9,
        "epochs": 2,
        "is_finished": True,
        "seconds": 4.0,
    }
    assert kept["trials"][3]["validation_loss"] is None


def test_the_page_shows_a_chart_for_each_field_and_names_do_no_harm(report: SearchReport) -> None:
    page = report.to_html()
    reader = Reader(page)
    assert len([each for each in reader.all("svg") if each.get("role") == "img"]) == 1 + len(SPACE)
    assert [each["id"] for each in reader.all("section")] == list(SECTIONS)
    assert r"/data/\udcff|<i>faces</i>\u202e" in reader.text
    assert "on <b>faces</b>" in reader.text
    assert "pictures, so handle" not in reader.text  # as it holds none
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", page))


@pytest.mark.parametrize("n", [0, 1])
def test_a_search_that_has_just_begun(report: SearchReport, n: int) -> None:
    begun = replace(report, trials=report.trials[:n])
    said = "No trial was better than the recipe as it is" if n else "No trial is finished yet"
    assert said in begun.to_markdown()
    assert said in Reader(begun.to_html()).text
