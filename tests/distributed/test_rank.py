"""Processes that train together do what one alone does."""

import dataclasses
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from maskwise.distributed.rank import _draw_apart, _require_equal, train_as_rank
from maskwise.errors import ClusterFailed
from maskwise.model.networks import build_network
from maskwise.runs.recipe import RECIPES
from maskwise.runs.run import Run
from maskwise.training import start
from maskwise.training.fit import train
from maskwise.training.opening import opened
from ranks import drop_nothing, run_ranks

pytestmark = pytest.mark.train


def test_two_ranks_take_the_steps_of_one_process(
    tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = dataclasses.replace(RECIPES["lean"], batch_size=8, learning_rate=1e-4)
    monkeypatch.setitem(RECIPES, "lean", recipe)
    monkeypatch.setattr(start, "build_network", drop_nothing(build_network))
    wanted: dict[str, Any] = {"recipe": "lean", "epochs": 2, "seed": 5}
    alone = train(tiny_data, out=tmp_path / "alone", **wanted).finished_checkpoint()
    with opened(tiny_data, out=tmp_path / "shared", **wanted) as begun:
        first, second = run_ranks(begun.run.folder, still=True)
    assert [line.split()[0] for line in first] == ["0", "1", "2"]
    assert first == second
    shared = Run.open(tmp_path / "shared").finished_checkpoint()
    assert shared.arrays.keys() == alone.arrays.keys()
    for name, array in alone.arrays.items():
        difference = np.linalg.norm(shared.arrays[name] - array.astype(np.float64))
        assert difference <= 0.01 * np.linalg.norm(array), name
    for ours, theirs in zip(shared.history, alone.history, strict=True):
        figures = {name: value for name, value in theirs.items() if name != "seconds"}
        assert {name: ours[name] for name in figures} == pytest.approx(figures, rel=1e-3)


class Others:
    """A ring of two, of whom the other has something else."""

    size = 2

    def __init__(self, difference: int) -> None:
        self.difference = difference

    def total(self, values: NDArray[np.int64]) -> NDArray[np.int64]:
        return 2 * values + self.difference


def small_model() -> keras.Model:
    model = build_network("lean", (32, 32), n_classes=2, seed=3)
    model.compile(optimizer="adam")
    return model


def test_ranks_that_differ_are_stopped() -> None:
    model = small_model()
    _require_equal(Others(0), model, 3)  # type: ignore[arg-type]
    with pytest.raises(ClusterFailed, match="After epoch 3 the workers have different weights"):
        _require_equal(Others(1), model, 3)  # type: ignore[arg-type]


def test_each_rank_drops_other_units_and_the_first_those_of_one_process() -> None:
    picture = np.ones((1, 32, 32, 3), dtype=np.float32)

    def answer(rank: int | None) -> bytes:
        model = small_model()
        model.get_layer("dropout").rate = 0.5
        if rank is not None:
            _draw_apart(model, rank)
        keep = [layer for layer in model.layers if "norm" in layer.name]
        for layer in keep:
            layer.trainable = False
        return bytes(np.asarray(model(picture, training=True)).tobytes())

    assert answer(None) == answer(0)
    assert len({answer(rank) for rank in range(4)}) == 4


def test_a_finished_run_is_left_as_it_is(tiny_run: Path) -> None:
    class Alone(Others):
        rank, share = 0, slice(0, None, 1)

        def wait(self) -> None: ...

    before = (tiny_run / "history.csv").stat().st_mtime_ns
    train_as_rank(Run.open(tiny_run), None, Alone(0), None)  # type: ignore[arg-type]
    assert len((tiny_run / "history.csv").read_text().splitlines()) == 4
    assert before == (tiny_run / "history.csv").stat().st_mtime_ns
