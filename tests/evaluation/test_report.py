import json
import os
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from maskwise.evaluation import charts
from maskwise.evaluation.metrics import Curve, measure
from maskwise.evaluation.page import render_page
from maskwise.evaluation.report import Mistake, Report
from maskwise.images import encode_image

HOSTILE = '<script>alert("x")</script>|\n\u202egpj.' + os.fsdecode(b"\xff")


def report() -> Report:
    label = np.array([0, 0, 1, 1, 1])
    masked = np.array([0.1, 0.9, 0.8, 0.7, 0.4], dtype=np.float32)
    thumbnail = encode_image(np.full((8, 8, 3), 99, dtype=np.uint8), format="jpeg")
    return Report(
        title="reference on photos",
        created="2026-01-02T03:04:05+00:00",
        facts={"Seed": "0", "Trained from": HOSTILE},
        metrics=measure(label, np.stack([1 - masked, masked], axis=1)),
        history=(
            {
                "epoch": 1,
                "loss": 0.7,
                "accuracy": 0.5,
                "val_loss": 0.6,
                "val_accuracy": 0.6,
                "seconds": 1.0,
            },
            {
                "epoch": 2,
                "loss": 0.5,
                "accuracy": 0.7,
                "val_loss": 0.5,
                "val_accuracy": 0.8,
                "seconds": 1.0,
            },
        ),
        mistakes=(Mistake(HOSTILE, 0, 1, (0.1, 0.9), thumbnail),),
        notes=("Do not believe `this` blindly.",),
    )


class Page(HTMLParser):
    """Collects what a browser would see of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [
            v or "" for k, v in attrs if k in ("src", "href", "xlink:href", "action")
        ]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_headline_says_it_in_one_sentence() -> None:
    assert report().headline.startswith(
        "Right on 3 of 5 pictures that it was not trained on: 60.0% (95 % interval 23.1% to 88.2%)"
    )


def test_markdown_holds_the_figures_and_survives_hostile_names() -> None:
    text = report().to_markdown()
    assert "| Accuracy | 0.600 [0.231, 0.882] |" in text
    assert "| **no mask** | 1 | 1 |" in text
    assert "\n> Do not believe" in text
    rows = [line for line in text.splitlines() if "script" in line]
    assert len(rows) == 2
    for row in rows:
        assert "<script" not in row.replace("\\<", "")
        assert "\u202e" not in row
    text.encode("utf-8")


def test_files_are_complete_and_json_is_strict(tmp_path: Path) -> None:
    paths = report().write(tmp_path / "new" / "folder")
    assert [path.name for path in paths] == ["metrics.json", "report.md", "report.html"]
    values = json.loads(paths[0].read_text(encoding="utf-8"), parse_constant=pytest.fail)
    assert values["metrics"]["accuracy"]["value"] == 0.6
    assert values["worst_mistakes"][0]["path"] == HOSTILE
    assert values["history"][1]["epoch"] == 2


def test_the_page_asks_nobody_and_runs_nothing() -> None:
    html = render_page(report())
    page = Page(html)
    assert "script" not in page.tags
    assert all(address.startswith(("data:image/jpeg;base64,", "#")) for address in page.addresses)
    assert not re.search(r"@import|url\((?!#)", html)
    assert "default-src 'none'" in html


def test_the_page_shows_names_harmlessly_and_legibly() -> None:
    page = Page(render_page(report()))
    assert '<script>alert("x")</script>' in page.text
    assert "\u202e" not in page.text
    assert r"\u202e" in page.text


def test_the_page_shows_what_matters() -> None:
    page = Page(render_page(report()))
    for words in (
        "60.0%",
        "Precision",
        "Worst mistakes",
        "Learning",
        "no mask",
        "Do not believe this",
    ):
        assert words in page.text
    assert page.tags.count("svg") == 4
    assert page.tags.count("img") == 1


def test_the_same_report_gives_the_same_bytes() -> None:
    assert render_page(report()) == render_page(report())


def test_without_mistakes_and_curves_it_still_reads() -> None:
    perfect = replace(
        report(), metrics=measure(np.array([1]), np.array([[0, 1]], np.float32)), mistakes=()
    )
    page = Page(render_page(perfect))
    assert "every answer was right" in page.text
    assert page.tags.count("svg") == 2
    assert "None." in perfect.to_markdown()


@pytest.mark.parametrize(
    "svg",
    [
        pytest.param(charts.draw_learning_curves(report().history[:1]), id="one epoch"),
        pytest.param(
            charts.draw_learning_curves([{**report().history[0], "loss": float("nan")}]), id="NaN"
        ),
        pytest.param(charts.draw_confusion([[3, 1, 0], [0, 0, 0], [0, 2, 9]]), id="three classes"),
        pytest.param(charts.draw_roc(Curve((0, 0, 1), (0, 1, 1))), id="roc"),
        pytest.param(
            charts.draw_precision_recall(Curve((0, 1), (1, 1))), id="precision and recall"
        ),
    ],
)
def test_charts_are_svg_in_the_colours_of_the_page(svg: str) -> None:
    assert ElementTree.fromstring(svg).tag.endswith("svg")
    assert "currentColor" in svg
    assert "#010203" not in svg
