import re
from base64 import b64decode
from dataclasses import replace

import numpy as np
import pytest

from maskwise.evaluation.metrics import measure
from maskwise.evaluation.page import SECTIONS
from maskwise.evaluation.report import Report
from maskwise.evaluation.wording import FIGURES
from maskwise.inference.decision import DecisionRule
from reader import Reader
from reports import hostile_report


@pytest.fixture
def report() -> Report:
    return hostile_report()


def test_page_asks_nobody_for_anything(report: Report) -> None:
    page = report.to_html()
    reader = Reader(page)
    for tag, attributes in reader.tags:
        assert tag not in {"script", "iframe", "object", "embed", "base", "form"}
        for name, value in attributes.items():
            assert not name.startswith("on")
            if name in {"src", "href", "xlink:href", "action", "srcset", "poster", "data"}:
                assert value.startswith(("#", "data:"))
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", page))
    assert "@import" not in page
    policy = [each["content"] for each in reader.all("meta") if "http-equiv" in each]
    assert policy == ["default-src 'none'; img-src data:; style-src 'unsafe-inline'"]


def test_hostile_names_are_legible_and_harmless(report: Report) -> None:
    page = report.to_html()
    text = Reader(page).text
    assert "with_mask/<script>alert(1)</script>.jpg" in text
    assert r'without_mask/"onload=x\u202egpj.\x1b[31m\udcff`|.jpg' in text
    assert "without_mask/äöü 顔.jpg" in text
    assert r"/data/\udcff|<i>faces</i>\u202e" in text
    assert "reference on <b>faces</b>" in text
    assert "<script" not in page
    assert "<see>" not in page
    page.encode("utf-8")
    assert all(character.isprintable() or character in "\n\u00a0\u202f" for character in page)


def test_thumbnails_lie_in_the_page(report: Report) -> None:
    images = list(Reader(report.to_html()).all("img"))
    assert len(images) == 3  # of the first mistake also its heat
    for image in images:
        kind, content = image["src"].split(",")
        assert kind == "data:image/jpeg;base64"
        assert b64decode(content) == report.mistakes[0].thumbnail_jpeg
        assert image["alt"]


def test_page_says_the_result_first_and_then_everything(report: Report) -> None:
    reader = Reader(report.to_html())
    assert re.search(
        r"Right on 34 of 40 new pictures 85\.0 % of the answers are right", reader.text
    )
    assert re.search(r"within 70\.9 to 92\.9 % \(95 % interval\)", reader.text)
    places = [reader.text.index(f" {title} ", 200) for title in SECTIONS.values()]
    assert places == sorted(places)
    for figure in FIGURES:
        assert figure.meaning in reader.text
    assert "maskwise evaluate RUN DATA" in reader.text
    assert "4 of 20 “no mask” were called “mask”." in reader.text
    assert "6 answers were wrong. Here are 3, the worst first." in reader.text


def test_page_can_be_read_without_seeing_it(report: Report) -> None:
    reader = Reader(report.to_html())
    assert next(reader.all("html"))["lang"] == "en"
    assert [tag for tag, _ in reader.tags].count("h1") == 1
    charts = list(reader.all("svg"))
    assert len(charts) == 9
    assert all(svg["role"] == "img" and svg["aria-label"] for svg in charts)
    assert all("scope" in header for header in reader.all("th"))
    ids = [attributes["id"] for _, attributes in reader.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = {link["href"].removeprefix("#") for link in reader.all("a")}
    assert targets == set(SECTIONS) <= set(ids)


def test_page_tells_how_far_to_trust_an_answer(report: Report) -> None:
    text = Reader(report.to_html()).text
    assert (
        "on pictures that the training only watched (30 independent ones; temperature 1.30)" in text
    )
    assert "Answers below a probability of 0.7 are unsure" in text
    assert "Here 36 of 40 pictures were answered (90.0 %), and 0.0 % of these" in text
    always = Reader(replace(report, rule=DecisionRule()).to_html()).text
    assert "Every picture is answered; maskwise calibrate RUN --max-error 0.02" in always
    inherited = DecisionRule(min_probability=0.9)
    as_before = Reader(replace(report, rule=inherited).to_html()).text
    assert "below a probability of 0.9 are unsure" in as_before
    assert "as with the network that it went on from; no rate of errors is promised" in as_before
    assert "Every picture is answered" not in as_before
    broken = replace(report.rule, guaranteed=False, min_probability=1.0)
    held = Reader(replace(report, rule=broken).to_html()).text
    assert "could not be promised from the validation pictures, so all is answered unsure" in held


def test_page_parts_the_pictures_and_names_of_sources_do_no_harm(report: Report) -> None:
    page = report.to_html()
    text = Reader(page).text
    assert "By source" in text
    assert "<b>web</b> 27" in text
    assert "<b>web</b>" not in page
    assert "\u202e" not in page
    markdown = report.to_markdown()
    assert r"| source | \<b\>web\</b\> | 27 |" in markdown
    assert r"a\|b" in markdown


def test_page_shows_what_worse_pictures_cost(report: Report) -> None:
    text = Reader(report.to_html()).text
    assert "40 of the pictures were made worse in eight ways" in text
    assert "always the commonest class would be right on 50.0 %" in text
    left_out = replace(report, robustness=None, slices=(), selective=None, coverage_risk=None)
    assert "Not measured." in Reader(left_out.to_html()).text
    assert "Nothing is known of the pictures" in Reader(left_out.to_html()).text


def test_page_is_the_same_bytes_every_time(report: Report) -> None:
    assert report.to_html() == report.to_html()


def test_page_without_mistakes_history_or_notes(report: Report) -> None:
    label = np.array([0, 1] * 60)
    perfect = measure(label, np.eye(2, dtype=np.float32)[label])
    text = Reader(
        replace(report, metrics=perfect, mistakes=(), history=(), notes=()).to_html()
    ).text
    assert "Right on 120 of 120 new pictures" in text
    assert "Every answer is right" in text
    assert "None: every answer was right." in text
    assert "No epochs are on record." in text
    assert "no interval: no mistake to learn it from" in text
    assert "Keep in mind" not in text


def test_page_never_rounds_to_perfect(report: Report) -> None:
    label = np.array([0, 1] * 2000)
    answer = label.copy()
    answer[0] = 1
    nearly = measure(label, np.eye(2, dtype=np.float32)[answer])
    text = Reader(replace(report, metrics=nearly, mistakes=()).to_html()).text
    assert "Right on 3 999 of 4 000 new pictures >99.9 % of" in text
    assert "About 99 of every 100 answers" in text
    assert "1 answer was wrong. No pictures of them" not in text
    assert "100.0 %" not in text.split("Key figures")[0]


@pytest.mark.parametrize("n", [0, 1, 5])
def test_page_of_what_is_undefined(report: Report, n: int) -> None:
    one_kind = measure(np.zeros(n, dtype=np.int64), np.full((n, 2), 0.5, dtype=np.float32))
    text = Reader(replace(report, metrics=one_kind, mistakes=()).to_html()).text
    assert "not defined on these pictures" in text
    assert "the curves need some with and some without mask" in text
    assert {0: "No pictures to judge on", 1: "Right on 1 of 1 new picture ", 5: "5 new pictures"}[
        n
    ] in text
    assert "nan" not in text.lower().replace("maskwise", "")
    assert "None " not in text.replace("None: every", "")
