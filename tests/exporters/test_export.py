import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from maskwise.errors import BadDataset, BadRun, ExportFailed, InvalidInput, OutputFailed
from maskwise.exporters import export as module
from maskwise.exporters import parity
from maskwise.exporters.export import export
from maskwise.inference.bundle import Bundle
from maskwise.inference.pipeline import MaskDetector, read_rule
from maskwise.runs.run import Run
from pictures import fill_class_folders

pytestmark = pytest.mark.train

FILES = {
    *("model.onnx", "model.int8.onnx", "model.tflite", "model.int8.tflite"),
    *("model.xml", "model.bin", "model.int8.xml", "model.int8.bin"),
    *("savedmodel", "bundle.json", "MODEL_CARD.md", "SHA256SUMS"),
}


def test_each_format_is_there_in_both_precisions(tiny_bundle: Path) -> None:
    assert {path.name for path in tiny_bundle.iterdir()} == FILES
    kinds = [(model.runtime, model.precision) for model in Bundle.open(tiny_bundle).models]
    assert kinds == [
        *(("onnx", "fp32"), ("onnx", "int8"), ("litert", "fp32"), ("litert", "int8")),
        *(("openvino", "fp32"), ("openvino", "int8"), ("savedmodel", "fp32")),
    ]


def test_integers_can_be_left_out(tiny_run: Path, tmp_path: Path) -> None:
    bundle = export(tiny_run, tmp_path / "bundle", int8=False)
    assert [model.precision for model in bundle.models] == ["fp32"]
    assert bundle.find("onnx").precision == "fp32"
    assert not list((tmp_path / "bundle").glob("*int8*"))


def test_each_file_has_its_proof_within_the_limits(tiny_bundle: Path, tiny_run: Path) -> None:
    split = Run.open(tiny_run).read_split()
    for model in Bundle.open(tiny_bundle).models:
        proof = parity.Parity(**model.proof)
        assert proof.n == len(split.validation) + len(split.test)
        proof.require(model.precision, model.runtime)
        if model.precision == "int8":
            assert proof.largest_difference > 0  # else it was compared with itself


def test_what_it_says_is_what_the_run_says(tiny_bundle: Path, tiny_run: Path) -> None:
    bundle, run = Bundle.open(tiny_bundle), Run.open(tiny_run)
    split = run.read_split()
    assert (bundle.name, bundle.version, bundle.licence) == ("tiny", "1", "CC0-1.0")
    assert bundle.labels == run.recipe.labels
    assert bundle.preprocess == run.recipe.preprocess
    assert bundle.training["split_sha256"] == run.split_sha256
    assert bundle.training["seed"] == run.seed
    counts = bundle.training["train_by_source"][""]
    assert sum(counts.values()) == bundle.training["n_train"] == len(split.train)
    assert bundle.metrics == {}  # nobody has judged it
    assert {"maskwise", "tensorflow", "onnx", "openvino"} <= bundle.created_with.keys()
    assert str(run.data_folder) not in (tiny_bundle / "bundle.json").read_text()


def test_the_bundle_answers_as_the_run(tiny_bundle: Path, tiny_run: Path, tiny_data: Path) -> None:
    import maskwise

    by_run = MaskDetector.load(tiny_run, faces="whole")
    by_bundle = MaskDetector.load(tiny_bundle, faces="whole", precision="fp32")
    for path in sorted(tiny_data.rglob("*.png"))[::5]:
        picture = maskwise.read_image(path)
        one, other = by_run(picture), by_bundle(picture)
        assert one.probability == pytest.approx(other.probability, abs=1e-4)


@pytest.fixture
def run(tiny_run: Path, tmp_path: Path) -> Path:
    """A copy that tests may change."""
    return Path(shutil.copytree(tiny_run, tmp_path / "run"))


def left_behind(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_nothing_is_written_if_a_file_answers_otherwise(
    tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, str]] = []
    never = parity.Limit(largest_difference=-1, mean_difference=0, changed_share=0)
    monkeypatch.setitem(vars(parity)["LIMITS"], "fp32", never)
    with pytest.raises(ExportFailed, match=r"The savedmodel model in fp32 answers otherwise"):
        export(
            tiny_run,
            tmp_path / "bundle",
            formats=["savedmodel"],
            on_proof=lambda format, precision, found: told.append((format, precision)),
        )
    assert told == [("savedmodel", "fp32")]
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize("formats", [[], ["onnx", "onnx"], ["tensorrt"]])
def test_formats_must_be_known_and_named_once(
    tiny_run: Path, tmp_path: Path, formats: list[str]
) -> None:
    with pytest.raises(InvalidInput, match="`formats` must be one or more of onnx, litert"):
        export(tiny_run, tmp_path / "bundle", formats=formats)


def test_a_folder_with_files_is_refused_before_anything_is_done(
    tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(module, "load_network")
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(OutputFailed, match="not empty"):
        export(tiny_run, tmp_path)
    assert left_behind(tmp_path) == ["mine.txt"]


def test_pictures_that_changed_are_not_taken(tmp_path: Path) -> None:
    from maskwise.training.fit import train

    data = fill_class_folders(tmp_path / "data", per_class=10)
    run = train(data, out=tmp_path / "run", epochs=1)
    first = run.read_split().train[0]
    (data / first.path).write_bytes(b"another")
    with pytest.raises(BadDataset, match="has changed"):
        export(tmp_path / "run", tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()


def judge(run: Path, **changes: Any) -> None:
    """Write what an evaluation would."""
    estimate = {"value": 0.9, "low": 0.8, "high": 0.95}
    rule: Mapping[str, Any] = read_rule(Run.open(run)).to_dict()
    judged = {
        "created": "2026-01-01T00:00:00+00:00",
        "notes": ["Split at random."],
        "metrics": {"n": 8, "accuracy": estimate, "roc": {"recall": [0.0, 1.0]}},
        "decision_rule": rule,
        "selective": {"n": 8, "answered": 6, "coverage": estimate, "error": estimate},
        "strict": None,
        "slices": [],
        "robustness": None,
    }
    (run / "metrics.json").write_text(json.dumps({**judged, **changes}))


def test_what_was_judged_travels_along(run: Path, tmp_path: Path) -> None:
    judge(run)
    made = export(run, tmp_path / "bundle", formats=["savedmodel"], name="judged")
    assert made.metrics["metrics"]["accuracy"]["value"] == 0.9
    assert "roc" not in made.metrics["metrics"]
    card = (tmp_path / "bundle" / "MODEL_CARD.md").read_text()
    assert "| accuracy | 0.900 [0.800, 0.950] |" in card
    assert "it answered 6 of 8" in card


def test_what_was_judged_by_another_rule_is_left_out(run: Path, tmp_path: Path) -> None:
    judge(run, decision_rule={"temperature": 9})
    made = export(run, tmp_path / "bundle", formats=["savedmodel"])
    assert "selective" not in made.metrics


@pytest.mark.parametrize("content", ["[]", "{}", '{"metrics": 3}', "{"])
def test_damaged_figures_are_refused(run: Path, tmp_path: Path, content: str) -> None:
    (run / "metrics.json").write_text(content)
    with pytest.raises(BadRun, match=r"metrics\.json.*damaged"):
        export(run, tmp_path / "bundle", formats=["savedmodel"])
    assert not (tmp_path / "bundle").exists()
