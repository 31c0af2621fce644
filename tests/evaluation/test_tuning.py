"""Tuning: what was gained, what was lost, and what to do."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from maskwise.evaluation.comparison import Comparison
from maskwise.evaluation.paired import measure_paired
from maskwise.evaluation.tuning import Tuning, judge_tuning
from maskwise.runs.run import Run
from pictures import fill_class_folders

LABEL = np.arange(200, dtype=np.int64) % 2


def answers(n_wrong: int) -> NDArray[np.float32]:
    masked = np.where((LABEL == 1) ^ (np.arange(200) < n_wrong), 0.9, 0.1)
    return np.stack([1 - masked, masked], axis=1).astype(np.float32)


def comparison(wrong_before: int, wrong_after: int) -> Comparison:
    metrics = measure_paired(LABEL, answers(wrong_before), answers(wrong_after))
    return Comparison(title="", created="", facts={}, metrics=metrics)


SAME, BETTER, WORSE = comparison(20, 20), comparison(30, 10), comparison(10, 30)


@pytest.mark.parametrize(
    ("own", "rest", "words"),
    [
        (BETTER, SAME, ["better on your pictures", "nothing of the rest was forgotten"]),
        (BETTER, WORSE, ["better on your pictures", "it forgot some of the rest"]),
        (BETTER, BETTER, ["better on your pictures", "better on the rest, too"]),
        (WORSE, SAME, ["worse on your pictures: stay with", "nothing of the rest"]),
        (SAME, SAME, ["no difference on your pictures can be shown", "nothing of the rest"]),
    ],
)
def test_it_says_what_was_gained_and_what_was_lost(
    own: Comparison, rest: Comparison, words: list[str]
) -> None:
    lines = Tuning(own, rest).to_words().splitlines()
    for line, said in zip(lines, words, strict=True):
        assert said in line


def test_the_gain_has_the_sign_of_a_gain() -> None:
    first = Tuning(BETTER, SAME).to_words().splitlines()[0]
    assert "right on 85.0 % before and 95.0 % after, +10.0 points (+" in first


@pytest.mark.train
def test_a_run_is_judged_on_its_own_test_side_and_on_what_it_is_to_keep(
    tiny_run: Path, tmp_path: Path
) -> None:
    from maskwise.dataset.dataset import Dataset

    rest = Dataset.open(fill_class_folders(tmp_path / "rest", per_class=6, first_seed=700))
    run = Run.open(tiny_run)
    result = judge_tuning(run, tiny_run, rest)
    assert (result.own.metrics.n, result.rest.metrics.n) == (len(run.read_split().test), 12)
    assert result.own.metrics.better is None
    paths = result.write(tmp_path / "out")
    assert {path.parent.name for path in paths} == {"on-yours", "on-the-rest"}
    assert all(path.stat().st_size for path in paths)


@pytest.mark.train
def test_drawn_faces_stand_for_the_rest_where_none_is_named(
    tiny_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("maskwise.evaluation.tuning._N_DRAWN", 20)
    rest = judge_tuning(Run.open(tiny_run), tiny_run).rest
    assert "drawn faces" in rest.facts["Judged on"]
    assert replace(rest, disagreements=()).metrics.n == 18  # without those worn wrongly
