"""Training on a tiny set: the reference recipe's facts, and that nothing can spoil a run."""

import dataclasses
import json
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from PIL import Image

from limits import file_size_limit
from maskwise.dataset.dataset import Dataset
from maskwise.errors import BadDataset, BadRun, InvalidInput, OutputFailed
from maskwise.inference.decision import DecisionRule
from maskwise.inference.pipeline import MaskDetector
from maskwise.model.efficientnet import assign_imagenet, build_efficientnet_lite0
from maskwise.runs.checkpoint import Checkpoint
from maskwise.runs.recipe import RECIPES
from maskwise.runs.run import Run
from maskwise.training.fit import train
from pictures import draw_picture
from portraits import draw_portrait
from witness import Witness

pytestmark = pytest.mark.train

INTERRUPTED = Path(__file__).with_name("interrupted.py")


def arrays_of(folder: Path) -> dict[str, bytes]:
    return {
        name: array.tobytes()
        for name, array in Run.open(folder).finished_checkpoint().arrays.items()
    }


def test_fit_is_called_as_the_reference_system_does(
    tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}

    def fit(model: keras.Model, batches: Any, **options: Any) -> None:
        seen.update(options, model=model, batches=batches)

    monkeypatch.setattr(keras.Model, "fit", fit)
    with pytest.raises(BadRun, match="0 of 20 epochs"):
        train(tiny_data, out=tmp_path / "run")
    model = seen["model"]
    assert model.count_params() == 3_313_026
    assert isinstance(model.optimizer, keras.optimizers.Adam)
    assert float(model.optimizer.learning_rate) == pytest.approx(0.001)
    assert model.loss == "sparse_categorical_crossentropy"
    assert (seen["initial_epoch"], seen["epochs"]) == (0, 20)
    faces, labels = seen["batches"][0]
    assert faces.shape == (28, 128, 128, 3)  # 72 % of 40; a full batch has 32
    assert faces.dtype == np.float32
    assert 0 <= faces.min() < faces.max() <= 1
    assert set(labels) == {0, 1}
    assert len(seen["validation_data"][0][1]) == 4


def test_it_learns_and_leaves_a_whole_run_folder(tiny_data: Path, tmp_path: Path) -> None:
    witness = Witness()
    data = Dataset.open(tiny_data)
    run = train(data, out=tmp_path / "run", epochs=16, seed=1, watcher=witness)
    assert [record["epoch"] for record in witness.records] == list(range(1, 17))
    assert witness.records[-1]["loss"] < witness.records[0]["loss"]
    assert witness.sides == (28, 4, 8)
    assert witness.grouped[-1] == (40, 40)
    assert witness.prepared == [(done, 32) for done in range(1, 33)]
    assert witness.batches == [(epoch, 1, 1) for epoch in range(1, 17)]
    assert {path.name for path in run.folder.iterdir()} == {
        *("run.json", "split.jsonl", "history.csv", "checkpoints", "decision.json", "lock")
    }
    assert DecisionRule.from_dict(run.read_decision() or {}).n == 4
    assert list(run.finished_checkpoint().history) == witness.records
    decide = MaskDetector.load(run.folder, faces="whole")
    answers = {sample: decide(data.read(sample)).label[0] for sample in run.read_split().test}
    assert all(answer == sample.label for sample, answer in answers.items())
    assert json.loads((run.folder / "run.json").read_text())["environment"]["keras"]
    assert sorted(sample.path for _, sample in run.read_split()) == [
        sample.path for sample in data.samples
    ]


def test_each_epoch_takes_every_step_and_tells_of_the_last(
    tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_twos = dataclasses.replace(RECIPES["reference"], batch_size=2)
    monkeypatch.setitem(RECIPES, "reference", in_twos)
    witness = Witness()
    run = train(tiny_data, out=tmp_path / "run", epochs=2, watcher=witness)
    assert witness.batches == [(1, 10, 14), (1, 14, 14), (2, 10, 14), (2, 14, 14)]
    assert run.finished_checkpoint().arrays["optimiser/iteration"] == 28


def test_same_seed_same_weights_other_seed_others(
    tiny_data: Path, tiny_run: Path, tmp_path: Path
) -> None:
    train(tiny_data, out=tmp_path / "same", epochs=3, seed=5)
    train(tiny_data, out=tmp_path / "other", epochs=3, seed=6)
    assert arrays_of(tmp_path / "same") == arrays_of(tiny_run)
    assert arrays_of(tmp_path / "other") != arrays_of(tiny_run)


def killed(data: Path, out: Path, *where: object) -> bool:
    """Train until SIGKILL strikes; False if the training was faster."""
    done = subprocess.run(
        [sys.executable, str(INTERRUPTED), str(data), str(out), *map(str, where)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode != 0


@pytest.mark.parametrize(
    "where",
    [
        pytest.param(("moment", 0.0), id="at once"),
        pytest.param(("moment", round(random.uniform(0, 3), 3)), id="random moment"),
        pytest.param(("call", "fsync", 1), id="first checkpoint written, not renamed"),
        pytest.param(("call", "replace", 2), id="first checkpoint renamed, history not"),
        pytest.param(("call", "fsync", 5), id="second checkpoint written, not renamed"),
        pytest.param(("call", "replace", 6), id="last checkpoint renamed, history not"),
    ],
)
def test_a_kill_at_any_moment_changes_nothing(
    tiny_data: Path, tiny_run: Path, tmp_path: Path, where: tuple[object, ...]
) -> None:
    out = tmp_path / "run"
    assert killed(tiny_data, out, *where) or where[0] == "moment"
    train(tiny_data, out=out, epochs=3, seed=5, resume=True)
    assert arrays_of(out) == arrays_of(tiny_run)
    assert len((out / "history.csv").read_text().splitlines()) == 1 + 3
    assert not list(out.rglob("*.partial"))
    assert not list(out.glob("pixels-*"))


class Impatient(Witness):
    """Leaves as by Ctrl-C, in the first step of the second epoch."""

    def batch(self, epoch: int, done: int, total: int, loss: float, accuracy: float) -> None:
        super().batch(epoch, done, total, loss, accuracy)
        if epoch == 2:
            raise KeyboardInterrupt


def test_our_recipe_learns_what_the_data_tells_and_can_be_cut_off(
    tiny_data: Path, tmp_path: Path
) -> None:
    witness = Witness()
    ours = {"recipe": "maskwise", "epochs": 2, "seed": 3}
    run = train(tiny_data, out=tmp_path / "run", watcher=witness, **ours)  # type: ignore[arg-type]
    n_shown, n_watched, _ = witness.sides or (0, 0, 0)
    assert run.recipe.labels == (0, 1)  # as no mask is worn wrongly there
    assert witness.prepared[-1] == (2 * n_shown + n_watched,) * 2
    with pytest.raises(KeyboardInterrupt):
        train(tiny_data, out=tmp_path / "cut", watcher=Impatient(), **ours)  # type: ignore[arg-type]
    train(tiny_data, out=tmp_path / "cut", resume=True, **ours)  # type: ignore[arg-type]
    assert arrays_of(tmp_path / "cut") == arrays_of(tmp_path / "run")
    assert not list(tmp_path.glob("*/pixels-*"))


def test_a_recipe_of_three_classes_tells_them_apart_where_there_are_three(
    tiny_data: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    shutil.copytree(tiny_data, data)
    (data / "incorrect").mkdir()
    for seed in range(10):
        draw_picture(2000 + seed, masked=seed % 2 == 0, size_hw=(30, 90)).save(
            data / "incorrect" / f"{seed}.png"
        )
    run = train(data, out=tmp_path / "run", recipe="lean", epochs=1)
    assert run.recipe.labels == (0, 1, 2)
    answer = MaskDetector.load(run.folder, faces="whole")(draw_portrait())
    assert answer.probability.shape == (1, 3)


def test_a_network_that_has_learnt_before_begins_there(
    tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = dataclasses.replace(
        RECIPES["maskwise"], network="efficientnet_lite0", learning_rate=1e-9, weight_decay=0.0
    )
    monkeypatch.setitem(RECIPES, "maskwise", recipe)
    run = train(tiny_data, out=tmp_path / "run", recipe="maskwise", epochs=1)
    taught = build_efficientnet_lite0((112, 112), n_classes=2)
    assign_imagenet(taught)
    kernel = run.finished_checkpoint().arrays["stem/kernel"]
    assert kernel == pytest.approx(taught.get_layer("stem").kernel.numpy(), abs=1e-6)


def test_a_training_goes_on_from_a_bundle_with_the_classes_it_knows(
    tiny_data: Path, tiny_bundle: Path, tiny_run: Path, tmp_path: Path
) -> None:
    run = train(tiny_data, out=tmp_path / "run", start_from=tiny_bundle, epochs=2)
    assert (run.recipe.name, run.recipe.labels) == ("tuned", (0, 1))
    before = Run.open(tiny_run).finished_checkpoint().arrays["dense1/kernel"]
    after = run.finished_checkpoint().arrays["dense1/kernel"]
    assert 0 < np.abs(after - before).max() < 0.01
    with pytest.raises(KeyboardInterrupt):
        train(
            *(tiny_data,),
            out=tmp_path / "cut",
            start_from=tiny_bundle,
            epochs=2,
            watcher=Impatient(),
        )
    with pytest.raises(BadRun, match=r"began from a trained network\. Name that by --from"):
        train(tiny_data, out=tmp_path / "cut", resume=True)
    with pytest.raises(BadRun, match="began from another network"):
        train(tiny_data, out=tmp_path / "cut", start_from=tiny_run, resume=True)
    train(tiny_data, out=tmp_path / "cut", start_from=tiny_bundle, resume=True)
    assert arrays_of(tmp_path / "cut") == arrays_of(tmp_path / "run")


def test_a_network_keeps_a_class_that_the_new_pictures_lack(
    tiny_data: Path, tmp_path: Path
) -> None:
    data = shutil.copytree(tiny_data, tmp_path / "data")
    for index, path in enumerate(sorted((data / "with_mask").iterdir())):
        (data / "incorrect").mkdir(exist_ok=True)
        (data / "incorrect" / path.name).write_bytes(path.read_bytes() + bytes([index]))
    train(data, out=tmp_path / "three", recipe="lean", epochs=1)
    run = train(tiny_data, out=tmp_path / "run", start_from=tmp_path / "three", epochs=1)
    assert run.recipe.labels == (0, 1, 2)
    assert {sample.label for _, sample in run.read_split()} == {0, 1}


def test_a_recipe_beside_what_it_goes_on_from_is_refused(
    tiny_data: Path, tiny_run: Path, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInput, match="`recipe` and `start_from` exclude each other"):
        train(tiny_data, out=tmp_path / "run", recipe="maskwise", start_from=tiny_run)


def test_a_run_from_nothing_is_not_resumed_as_if_it_went_on(
    tiny_data: Path, tiny_run: Path
) -> None:
    with pytest.raises(BadRun, match="recipe=reference and cannot go on with recipe=tuned"):
        train(tiny_data, out=tiny_run, start_from=tiny_run, resume=True)


def test_a_recipe_of_ones_own_is_trained_and_no_other_goes_on_with_it(
    tiny_data: Path, tmp_path: Path
) -> None:
    own = dataclasses.replace(RECIPES["reference"], name="own", epochs=1, mirror=True)
    run = train(tiny_data, out=tmp_path / "run", recipe=own)
    assert run.recipe == own
    train(tiny_data, out=tmp_path / "run", recipe=own, resume=True)
    other = dataclasses.replace(own, mirror=False)
    with pytest.raises(BadRun, match="began with mirror=True and cannot go on with mirror=False"):
        train(tiny_data, out=tmp_path / "run", recipe=other, resume=True)


def test_resuming_a_finished_run_trains_no_more(tiny_data: Path, tiny_run: Path) -> None:
    witness = Witness()
    train(tiny_data, out=tiny_run, resume=True, watcher=witness)
    assert not witness.records


def test_a_full_disk_keeps_the_last_checkpoint_and_can_be_resumed(
    tiny_data: Path, tiny_run: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"

    class FullAfterOne(Witness):
        def epoch(self, record: Mapping[str, float]) -> None:
            limit.__enter__()

    limit = file_size_limit(1_000_000)
    try:
        with pytest.raises(OutputFailed, match=r"epoch-0002\.npz"):
            train(tiny_data, out=out, epochs=3, seed=5, watcher=FullAfterOne())
    finally:
        limit.__exit__(None, None, None)
    newest = Run.open(out).newest_checkpoint()
    assert newest is not None
    assert newest.epoch == 1
    train(tiny_data, out=out, resume=True)
    assert arrays_of(out) == arrays_of(tiny_run)


def test_ctrl_c_keeps_the_last_checkpoint(tiny_data: Path, tmp_path: Path) -> None:
    class Interrupting(Witness):
        def batch(self, epoch: int, done: int, total: int, loss: float, accuracy: float) -> None:
            if epoch == 2:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(tiny_data, out=tmp_path / "run", epochs=3, watcher=Interrupting())
    newest = Run.open(tmp_path / "run").newest_checkpoint()
    assert newest is not None
    assert newest.epoch == 1
    assert not list((tmp_path / "run").glob("pixels-*"))


def test_an_occupied_folder_is_refused(tiny_data: Path, tiny_run: Path) -> None:
    with pytest.raises(BadRun, match=r"already holds a run.*--resume"):
        train(tiny_data, out=tiny_run)


@pytest.mark.parametrize("change", [{"seed": 6}, {"epochs": 9}], ids=str)
def test_resuming_with_other_settings_is_refused(
    tiny_data: Path, tiny_run: Path, change: dict[str, int]
) -> None:
    with pytest.raises(BadRun, match="began with"):
        train(tiny_data, out=tiny_run, resume=True, **change)  # type: ignore[arg-type]


def test_resuming_on_changed_data_is_refused(
    tiny_data: Path, tiny_run: Path, tmp_path: Path
) -> None:
    changed = tmp_path / "changed"
    shutil.copytree(tiny_data, changed)
    next((changed / "with_mask").iterdir()).unlink()
    with pytest.raises(BadRun, match="1 removed"):
        train(changed, out=tiny_run, resume=True)


def test_incorrect_pictures_are_left_out_of_the_two_class_recipe(
    pictures: Path, tmp_path: Path
) -> None:
    shutil.copytree(pictures / "with_mask", pictures / "incorrect")
    for path in (pictures / "incorrect").iterdir():
        path.write_bytes(path.read_bytes() + b"!")  # other bytes, same picture
    run = train(pictures, out=tmp_path / "run", epochs=1)
    assert {sample.label for _, sample in run.read_split()} == {0, 1}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        pytest.param({"recipe": "best"}, InvalidInput, id="unknown recipe"),
        pytest.param({"epochs": 0}, InvalidInput, id="no epochs"),
        pytest.param({"seed": -1}, InvalidInput, id="negative seed"),
        pytest.param({"seed": 2**32}, InvalidInput, id="too large a seed"),
        pytest.param({"out": "/proc/nowhere"}, OutputFailed, id="unwritable"),
        pytest.param({"data": "/nowhere"}, BadDataset, id="no data"),
    ],
)
def test_bad_input_is_one_clear_error(
    tiny_data: Path, tmp_path: Path, change: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error) as caught:
        train(**{"data": tiny_data, "out": tmp_path / "run", **change})
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_what_is_not_ours_is_neither_touched_nor_trained_over(
    tiny_data: Path, tiny_run: Path, tmp_path: Path
) -> None:
    mine = tmp_path / "pixels-holiday.jpg"
    mine.write_text("precious")
    for resume in (False, True):
        with pytest.raises(BadRun, match=r"is no run, but holds files .first: pixels-holiday"):
            train(tiny_data, out=tmp_path, resume=resume)
    assert list(tmp_path.iterdir()) == [mine]
    headless = tmp_path / "headless"
    shutil.copytree(tiny_run, headless)
    (headless / "run.json").unlink()
    with pytest.raises(BadRun, match="is no run"):
        train(tiny_data, out=headless, resume=True)


def test_a_run_that_began_while_the_data_was_read_is_left_alone(
    tiny_data: Path, tiny_run: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"

    class SomebodyElse(Witness):
        def listing(self, done: int, total: int) -> None:
            if done == total:
                shutil.copytree(tiny_run, out)

    with pytest.raises(BadRun, match="already holds a run"):
        train(tiny_data, out=out, epochs=3, seed=6, watcher=SomebodyElse())
    assert arrays_of(out) == arrays_of(tiny_run)


def test_weights_that_are_not_finite_are_refused(tiny_run: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    shutil.copytree(tiny_run, out)
    checkpoint = Run.open(out).finished_checkpoint()
    name = next(name for name in checkpoint.arrays if name.startswith("dense1/"))
    broken = np.full_like(checkpoint.arrays[name], np.nan)
    Checkpoint({**checkpoint.arrays, name: broken}, checkpoint.history).write(out / "checkpoints")
    with pytest.raises(BadRun, match="not all finite"):
        MaskDetector.load(out)


def test_a_grouped_split_keeps_near_duplicates_on_one_side(pictures: Path, tmp_path: Path) -> None:
    for path in sorted(pictures.rglob("*.png")):
        Image.open(path).save(path.with_name(f"{path.stem}-again.jpg"), quality=95)
    run = train(pictures, out=tmp_path / "run", epochs=1, split="grouped")
    side_of = {sample.path: side for side, sample in run.read_split()}
    assert len(side_of) == 80
    for name, side in side_of.items():
        assert side_of[name.replace(".png", "-again.jpg")] == side
    assert run.recipe.split == "grouped"


def test_a_source_that_is_held_out_is_judged_on_and_the_run_can_go_on(
    pictures: Path, tmp_path: Path
) -> None:
    rows = [
        f"{path.relative_to(pictures).as_posix()},{'abc'[index % 3]}"
        for index, path in enumerate(sorted(pictures.rglob("*.png")))
    ]
    (pictures / "manifest.csv").write_text("\n".join(["file,source", *rows]) + "\n")
    out = tmp_path / "run"
    run = train(pictures, out=out, epochs=1, hold_out_source="b")
    split = run.read_split()
    assert {sample.source for sample in split.test} == {"b"}
    assert {sample.source for sample in (*split.train, *split.validation)} == {"a", "c"}
    train(pictures, out=out, resume=True)
    with pytest.raises(BadRun, match="began with held_out_source=b and cannot go on with"):
        train(pictures, out=out, hold_out_source="a", resume=True)
    with pytest.raises(InvalidInput, match=r"must be one of a, b, c\. Received: 'x'"):
        train(pictures, out=tmp_path / "other", hold_out_source="x")
    assert not (tmp_path / "other").exists()


def test_sides_may_be_given_by_folders(pictures: Path, tmp_path: Path) -> None:
    for index, path in enumerate(sorted(pictures.rglob("*.png"))):
        target = tmp_path / "data" / ("Test" if index % 4 == 0 else "Train") / path.parent.name
        target.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    run = train(tmp_path / "data", out=tmp_path / "run", epochs=1, split="given")
    split = run.read_split()
    assert {sample.path.split("/")[0] for sample in split.test} == {"Test"}
    assert {sample.path.split("/")[0] for sample in (*split.train, *split.validation)} == {"Train"}
