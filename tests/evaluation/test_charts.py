import math
import re
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest

from maskwise.evaluation import charts
from maskwise.evaluation.calibration import CoverageRisk, coverage_risk, measure_selective
from maskwise.evaluation.corruptions import CORRUPTIONS
from maskwise.evaluation.metrics import Metrics, measure
from maskwise.evaluation.robustness import Robustness
from maskwise.intervals import Estimate, rate
from reports import some_metrics


@pytest.fixture
def metrics() -> Metrics:
    return some_metrics()


def some_risk() -> CoverageRisk:
    masked = np.linspace(0.05, 0.95, 40)
    label = (np.arange(40) % 7 > 2).astype(np.int64)
    return coverage_risk(label, np.stack([1 - masked, masked], axis=1).astype(np.float32))


LOSSES = (0.5, 0.3, None, 0.2)
FINISHED = (True, True, False, False)


def all_charts(metrics: Metrics) -> dict[str, str]:
    history = [
        {"loss": 0.5, "accuracy": 0.7, "val_loss": 0.6, "val_accuracy": 0.6},
        {"loss": 0.3, "accuracy": 0.9, "val_loss": 0.5, "val_accuracy": 0.7},
    ]
    drawn = {
        "loss": charts.learning_curve(history, "loss"),
        "accuracy": charts.learning_curve(history, "accuracy"),
        "confusion": charts.confusion_matrix(metrics),
        "roc": charts.roc_curve(metrics),
        "precision-recall": charts.precision_recall_curve(metrics),
        "reliability": charts.reliability_plot(metrics),
        "coverage-risk": charts.coverage_risk_plot(some_risk(), max_error=0.05),
        "robustness": charts.robustness_curves(some_robustness()),
        "loss-by-trial": charts.loss_by_trial(LOSSES, FINISHED),
        "loss-by-rate": charts.loss_by_value(
            *("learning_rate", [0.001, 0.01, 0.1, 0.02], LOSSES, FINISHED), scale="log"
        ),
        "loss-by-mirror": charts.loss_by_value(
            *("mirror", [True, False, False, True], LOSSES, FINISHED), scale="choice"
        ),
    }
    return {name: svg for name, svg in drawn.items() if svg is not None}


def some_robustness(*, n_right: int = 45) -> Robustness:
    """Of 50 faces; at the greatest strength only `n_right` answers are right."""
    return Robustness(
        n=50,
        majority=0.6,
        clean=rate(49, 50),
        corrupted=dict.fromkeys(CORRUPTIONS, (*[rate(48, 50)] * 4, rate(n_right, 50))),
        mean_loss_points=tuple(map(Estimate, (2.0, 2.0, 2.0, 2.0, 98.0 - 2 * n_right))),
        hidden_face=rate(30, 50),
        replaced_border=rate(2, 50),
    )


def words_of(svg: str) -> list[str]:
    tree = ElementTree.fromstring(svg)
    return ["".join(each.itertext()) for each in tree.iter("{http://www.w3.org/2000/svg}text")]


def test_charts_are_xml_that_a_page_can_hold(metrics: Metrics) -> None:
    drawn = all_charts(metrics)
    assert len(drawn) == 11
    for svg in drawn.values():
        root = ElementTree.fromstring(svg)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert root.attrib["role"] == "img"
        assert root.attrib["aria-label"]
        assert "viewBox" in root.attrib
        assert not {"width", "height"} & root.attrib.keys()


def test_charts_refer_to_nothing_outside_and_style_nothing_else(metrics: Metrics) -> None:
    for svg in all_charts(metrics).values():
        assert "<style" not in svg
        assert "<script" not in svg
        assert "<metadata" not in svg
        assert all(target.startswith("#") for target in re.findall(r'href="([^"]*)"', svg))
        assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", svg))


def test_ids_are_unique_within_a_page_and_lead_somewhere(metrics: Metrics) -> None:
    page = "".join(all_charts(metrics).values())
    ids = re.findall(r'\bid="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:href="|url\()#([^")]*)', page)) <= set(ids)


def test_charts_take_the_colours_of_the_page(metrics: Metrics) -> None:
    for svg in all_charts(metrics).values():
        assert "currentColor" in svg
        assert "#010203" not in svg
        assert not re.search(r"(?<!, )#0072b2", svg)  # only as what var() falls back on
        assert "#ffffff" not in svg


def test_charts_are_the_same_bytes_every_time(metrics: Metrics) -> None:
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "red"}):
        under_other_settings = all_charts(metrics)
    assert under_other_settings == all_charts(metrics)


def test_charts_leave_no_settings_behind(metrics: Metrics) -> None:
    before = dict(matplotlib.rcParams)
    all_charts(metrics)
    assert dict(matplotlib.rcParams) == before


def test_confusion_matrix_tells_its_numbers(metrics: Metrics) -> None:
    svg = charts.confusion_matrix(metrics)
    for count in sum(metrics.confusion, ()):
        assert str(count) in words_of(svg)
    assert "of 20 pictures with truth no mask, 16 were called no mask, 4" in svg.lower()


def test_confusion_matrix_of_three_classes_with_an_empty_row() -> None:
    probability = np.eye(3, dtype=np.float32)[[0, 1, 2]]
    svg = charts.confusion_matrix(measure(np.array([0, 0, 1]), probability))
    words = words_of(svg)
    assert words.count("50.0 %") == 2
    assert words.count("\N{EN DASH}") == 3


@pytest.mark.parametrize(
    "history",
    [
        pytest.param([{"loss": 0.5, "val_loss": 0.4}], id="one epoch"),
        pytest.param([{"loss": 0.5, "val_loss": 0.4}] * 2, id="no change"),
        pytest.param([{"loss": 0.5}, {"loss": None}, {"loss": 0.3}], id="gaps"),
        pytest.param([{"loss": math.nan, "val_loss": 0.4}, {"loss": math.inf}], id="not finite"),
        pytest.param([{"loss": 0.0, "val_loss": 0.0}], id="zero"),
        pytest.param([{"loss": 0.5, "val_loss": 1e30}] * 500, id="many epochs"),
    ],
)
def test_learning_curve_copes(history: list[Mapping[str, Any]]) -> None:
    svg = charts.learning_curve(history, "loss")
    assert svg is not None
    assert {"epoch", "training", "validation"} <= set(words_of(svg))
    assert "nan" not in svg.lower()


@pytest.mark.parametrize("history", [[], [{}], [{"loss": math.nan}, {"val_loss": None}]])
def test_no_learning_curve_of_nothing(history: list[Mapping[str, Any]]) -> None:
    assert charts.learning_curve(history, "loss") is None


def test_no_curves_of_one_kind_of_picture() -> None:
    one_kind = measure(np.zeros(3, dtype=np.int64), np.full((3, 2), 0.5, dtype=np.float32))
    assert charts.roc_curve(one_kind) is None
    assert charts.precision_recall_curve(one_kind) is None


def test_curve_without_an_operating_point() -> None:
    """Never called *mask*: there is a precision at other thresholds, but not at this one."""
    never = np.array([[0.6, 0.4], [0.7, 0.3]], dtype=np.float32)
    svg = charts.precision_recall_curve(measure(np.array([1, 0]), never))
    assert svg is not None
    assert "as it answers" not in words_of(svg)


def test_robustness_curves_name_every_corruption_and_its_levels() -> None:
    svg = charts.robustness_curves(some_robustness())
    words = words_of(svg)
    assert {"clean", "guessing", "corrupted"} <= set(words)
    for corruption in CORRUPTIONS.values():
        assert f"{corruption.title} ({corruption.unit})" in words
        assert {f"{level:g}" for level in corruption.levels} <= set(words)
        assert f"{corruption.title} 96.0 % to 90.0 %" in svg


@pytest.mark.parametrize("n_right", [0, 50])
def test_robustness_curves_of_all_or_nothing(n_right: int) -> None:
    words = words_of(charts.robustness_curves(some_robustness(n_right=n_right)))
    assert words.count("100 %") == 4  # once for each row of charts
    assert (words.count("0 %") == 4) == (n_right == 0)
    assert not any(word.startswith("\N{MINUS SIGN}") for word in words)


def test_coverage_risk_plot_shows_where_a_rule_stands_and_what_was_asked() -> None:
    label = np.array([0, 1, 1, 0])
    at_work = measure_selective(label, np.array([0, 1, 0, -1]))
    svg = charts.coverage_risk_plot(some_risk(), at_work=at_work, max_error=0.4)
    assert svg is not None
    assert {"as it answers", "asked for"} <= set(words_of(svg))
    silent = measure_selective(label, np.full(4, -1))
    svg = charts.coverage_risk_plot(some_risk(), at_work=silent)
    assert svg is not None
    assert not {"as it answers", "asked for"} & set(words_of(svg))


def test_plots_of_certainty_cope_with_certainty() -> None:
    label = np.array([0, 1, 1])
    certain = np.eye(2, dtype=np.float32)[label]
    for svg in (
        charts.reliability_plot(measure(label, certain)),
        charts.coverage_risk_plot(coverage_risk(label, certain)),
    ):
        assert svg is not None
        assert "nan" not in svg.lower()


def test_no_plots_of_certainty_without_pictures() -> None:
    nothing = np.zeros(0, dtype=np.int64), np.zeros((0, 2), dtype=np.float32)
    assert charts.reliability_plot(measure(*nothing)) is None
    assert charts.coverage_risk_plot(coverage_risk(*nothing)) is None


def test_loss_by_trial_tells_finished_from_stopped_and_the_best() -> None:
    svg = charts.loss_by_trial(LOSSES, FINISHED)
    assert svg is not None
    assert {"best so far", "finished", "stopped", "best", "trial"} <= set(words_of(svg))
    assert "The least so far from 0.500 to 0.300." in svg


@pytest.mark.parametrize(
    ("losses", "is_finished"),
    [
        pytest.param([0.0], [True], id="one that is zero"),
        pytest.param([0.1, math.nan, 1e30], [True, False, True], id="far apart"),
        pytest.param([0.4, None], [False, False], id="none finished"),
    ],
)
def test_loss_of_trials_copes(losses: list[float | None], is_finished: list[bool]) -> None:
    rates = [0.1] * len(losses)
    for svg in (
        charts.loss_by_trial(losses, is_finished),
        charts.loss_by_value("weight_decay", rates, losses, is_finished, scale="linear"),
        charts.loss_by_value("batch_size", rates, losses, is_finished, scale="choice"),
    ):
        assert svg is not None
        assert "nan" not in svg.lower()


def test_no_chart_of_trials_without_a_loss() -> None:
    assert charts.loss_by_trial([], []) is None
    assert charts.loss_by_trial([None], [False]) is None
    assert charts.loss_by_value("mirror", [True], [math.nan], [False], scale="choice") is None


def test_a_choice_is_in_words() -> None:
    svg = charts.loss_by_value("mirror", [True, False], [0.4, 0.5], [True, True], scale="choice")
    assert svg is not None
    assert {"yes", "no", "mirror", "validation loss"} <= set(words_of(svg))
