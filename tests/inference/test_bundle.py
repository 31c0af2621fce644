import hashlib
import json
import os
import pickle
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bundles import CONTENTS, write_small_bundle
from limits import file_size_limit
from maskwise.errors import BadBundle, InvalidInput, MaskwiseError, OutputFailed
from maskwise.inference import bundle as module
from maskwise.inference.bundle import Bundle, ModelFile, shipped_folder

FILES = ("MODEL_CARD.md", "SHA256SUMS", "bundle.json", *sorted(CONTENTS, reverse=True))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_small_bundle(tmp_path / "bundle").folder


def read_all(folder: Path) -> list[tuple[bytes, ...]]:
    bundle = Bundle.open(folder)
    return [bundle.read(model) for model in bundle.models]


def seal_anew(folder: Path) -> None:
    """List whatever lies in `folder`, as somebody would who changed it on purpose."""
    listed = folder / "SHA256SUMS"
    listed.unlink(missing_ok=True)
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    listed.write_text(
        "".join(
            f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder)}\n"
            for path in paths
        )
    )


def rewrite(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the description and list its new hash."""
    path = folder / "bundle.json"
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))
    seal_anew(folder)


def refusal(folder: Path) -> str:
    with pytest.raises(BadBundle) as refused:
        read_all(folder)
    message = str(refused.value)
    assert message.isprintable()  # one line, and nothing that plays tricks in a terminal
    assert len(message) < 1000
    return message


# What is written and read back


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    written = write_small_bundle(tmp_path / "bundle", labels=(0, 1, 2))
    assert Bundle.open(tmp_path / "bundle") == written
    assert written.name == "small"
    assert written.labels == (0, 1, 2)
    assert written.preprocess.size_hw == (8, 6)
    assert written.rule.min_probability == 0.6
    assert written.quality.min_side_px == 12
    assert written.detector == {"faces": "whole", "mode": "balanced"}
    assert written.training == {"data": [{"source": "drawn", "faces": 40}]}
    assert sorted(path.name for path in written.folder.iterdir()) == sorted(FILES)


def test_models_are_found_and_read_in_their_order(folder: Path) -> None:
    bundle = Bundle.open(folder)
    assert bundle.read(bundle.find("onnx", "fp32")) == (CONTENTS["model.onnx"],)
    assert bundle.read(bundle.find("openvino")) == (
        CONTENTS["model.int8.xml"],
        CONTENTS["model.int8.bin"],
    )


def test_without_precision_int8_goes_before_fp32(tmp_path: Path) -> None:
    models = [ModelFile("onnx", precision, (precision,), {}) for precision in ("fp32", "int8")]
    contents = {"fp32": b"exact", "int8": b"fast"}
    bundle = write_small_bundle(tmp_path / "bundle", models=models, contents=contents)
    assert bundle.find("onnx").precision == "int8"
    assert bundle.find("onnx", "fp32").precision == "fp32"


@pytest.mark.parametrize("wanted", [("litert", None), ("onnx", "int8")])
def test_a_missing_model_is_named_with_those_there_are(
    folder: Path, wanted: tuple[str, str | None]
) -> None:
    with pytest.raises(InvalidInput, match=r"onnx fp32, openvino int8\. Received: (li|onnx int8)"):
        Bundle.open(folder).find(*wanted)


def test_models_may_lie_in_folders(tmp_path: Path) -> None:
    contents = {"savedmodel/saved_model.pb": b"a", "savedmodel/variables/v.data-00000": b"b"}
    models = [ModelFile("savedmodel", "fp32", tuple(contents), {})]
    bundle = write_small_bundle(tmp_path / "bundle", models=models, contents=contents)
    assert bundle.read(bundle.models[0]) == (b"a", b"b")


@pytest.mark.skipif(not shutil.which("sha256sum"), reason="no sha256sum")
def test_sha256sum_checks_a_bundle(folder: Path) -> None:
    check = ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"]
    assert subprocess.run(check, cwd=folder, check=False).returncode == 0
    (folder / "model.onnx").write_bytes(b"another")
    done = subprocess.run(check, cwd=folder, check=False, capture_output=True)
    assert done.returncode != 0


def test_reading_writes_nothing(folder: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in [folder, *folder.rglob("*")]}
    read_all(folder)
    assert {path: path.stat().st_mtime_ns for path in [folder, *folder.rglob("*")]} == before


def test_a_bundle_may_be_reached_through_a_link(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "current").symlink_to(folder)
    assert Bundle.open(tmp_path / "current").name == "small"


def test_the_shipped_bundle_lies_in_the_package() -> None:
    assert shipped_folder() == Path(module.__file__).parents[1] / "shipped"


# What is not written


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"contents": {**CONTENTS, "more": b""}}, "name each file"),
        ({"contents": {"model.onnx": b""}}, "name each file"),
        ({"contents": {**CONTENTS, "bundle.json": b""}}, "cannot be the name"),
        ({"contents": {**CONTENTS, "../model": b""}}, "must lie in the folder"),
        ({"contents": {**CONTENTS, "MODEL.onnx": b""}}, "two files have the name"),
        ({"metrics": {"accuracy": float("nan")}}, "JSON"),
        ({"metrics": {"accuracy": object()}}, "JSON"),
        ({"detector": {"faces": "magic", "mode": "fast"}}, "detector.faces"),
        ({"name": ""}, "`name` must be"),
        ({"models": ()}, "at least one model"),
        ({"card": "long" * 10**6}, "at most 1000000 bytes"),
    ],
)
def test_what_does_not_fit_together_is_not_written(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(BadBundle, match=reason):
        write_small_bundle(tmp_path / "bundle", **changes)
    assert not list(tmp_path.iterdir())


def test_nothing_is_written_over_something(tmp_path: Path) -> None:
    (tmp_path / "kept.txt").write_text("kept")
    with pytest.raises(OutputFailed):
        write_small_bundle(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["kept.txt"]


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    with file_size_limit(200), pytest.raises(OutputFailed):
        write_small_bundle(tmp_path / "bundle")
    assert not list(tmp_path.iterdir())


# What is not read


@pytest.mark.parametrize("name", FILES)
def test_one_changed_byte_anywhere_is_found(folder: Path, name: str) -> None:
    content = (folder / name).read_bytes()
    for position in range(0, len(content), max(1, len(content) // 40)):
        changed = bytearray(content)
        changed[position] ^= 1 << position % 8
        (folder / name).write_bytes(changed)
        refusal(folder)
    (folder / name).write_bytes(content)
    assert read_all(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_file_cut_off_missing_or_empty_is_found(folder: Path, name: str) -> None:
    content = (folder / name).read_bytes()
    for part in (content[:-1], content[: len(content) // 2], b""):
        (folder / name).write_bytes(part)
        refusal(folder)
    (folder / name).unlink()
    assert "No such file" in refusal(folder) or "is missing" in refusal(folder)


def test_a_changed_model_is_named_with_both_hashes(folder: Path) -> None:
    (folder / "model.onnx").write_bytes(b"another network")
    message = refusal(folder)
    for content in (CONTENTS["model.onnx"], b"another network"):
        assert hashlib.sha256(content).hexdigest() in message
    assert "model.onnx was changed" in message


def test_a_model_changed_after_opening_is_found(folder: Path) -> None:
    bundle = Bundle.open(folder)
    (folder / "model.onnx").write_bytes(b"another network")
    with pytest.raises(BadBundle, match=r"model\.onnx was changed"):
        bundle.read(bundle.find("onnx"))


def test_a_model_that_no_list_knows_is_not_read(folder: Path) -> None:
    outside = folder.parent / "outside"
    outside.write_text("secret")
    with pytest.raises(BadBundle, match="is not listed"):
        Bundle.open(folder).read(ModelFile("onnx", "fp32", ("../outside",), {}))


class Trap:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(Path(__file__).with_name("PWNED_bundle")),)


@pytest.mark.parametrize("name", ["model.pkl", "saved/keras_metadata.pb", ".hidden", "a b\n\u202e"])
def test_what_is_not_listed_is_refused_and_never_run(folder: Path, name: str) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(pickle.dumps(Trap()))
    assert "is not listed" in refusal(folder)
    assert not Path(__file__).with_name("PWNED_bundle").exists()


def test_a_listed_file_that_is_of_no_model_is_refused(folder: Path) -> None:
    (folder / "model.pkl").write_bytes(pickle.dumps(Trap()))
    seal_anew(folder)
    assert "must name each file of the bundle" in refusal(folder)


@pytest.mark.parametrize("name", ["model.onnx", "bundle.json", "SHA256SUMS"])
def test_links_are_refused_even_to_the_right_bytes(folder: Path, name: str) -> None:
    (folder / name).rename(folder.parent / "elsewhere")
    (folder / name).symlink_to(folder.parent / "elsewhere")
    refusal(folder)


def test_a_link_to_a_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "more").symlink_to(tmp_path)
    assert "is a link" in refusal(folder)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes")
@pytest.mark.parametrize("name", ["model.onnx", "SHA256SUMS"])
def test_a_pipe_is_refused_without_waiting(folder: Path, name: str) -> None:
    (folder / name).unlink()
    os.mkfifo(folder / name)
    assert "regular file" in refusal(folder)


@pytest.mark.parametrize(
    "name",
    ["../outside", "/etc/hostname", "a\\b", "C:model", "a//b", "./a", "a/..", "a b", "a.", "", "é"],
)
def test_names_that_lead_elsewhere_are_refused(folder: Path, name: str) -> None:
    (folder.parent / "outside").write_bytes(b"secret")
    sums = (folder / "SHA256SUMS").read_text(encoding="utf-8")
    rewrite(folder, lambda values: values["models"][0].update(files=[name]))
    refusal(folder)
    digest = hashlib.sha256(b"secret").hexdigest()
    (folder / "SHA256SUMS").write_text(f"{sums}{digest}  {name}\n", encoding="utf-8")
    assert "SHA256SUMS is damaged" in refusal(folder)


@pytest.mark.parametrize("name", ["model.onnx", "MODEL.ONNX"])
def test_no_file_is_listed_twice(folder: Path, name: str) -> None:
    with (folder / "SHA256SUMS").open("a") as file:
        file.write(f"{hashlib.sha256(b'another').hexdigest()}  {name}\n")
    assert "two files have the name" in refusal(folder)


def test_giants_are_refused_before_they_fill_the_memory(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_MODEL_BYTES", 100)
    assert "more than 100 bytes" in refusal(folder)
    with (folder / "bundle.json").open("r+b") as file:
        file.truncate(2**40)  # a hole, which takes no room on the disk
    assert "more than 1000000 bytes" in refusal(folder)


@pytest.mark.parametrize(
    ("field", "value", "culprit"),
    [
        ("labels", ["with_mask", "without_mask"], "in this order"),
        ("labels", ["without_mask", "with_mask", "incorrect", "more"], "in this order"),
        ("labels", ["without_mask"], "in this order"),
        ("labels", [0, 1], "in this order"),
        ("labels", "without_mask", "a list"),
        ("name", "", "`name`"),
        ("name", "\u202egpj", "`name`"),
        ("name", "\ud800", "`name`"),
        ("name", "x" * 201, "`name`"),
        ("version", 1, "`version` of a bundle must be a text"),
        ("licence", None, "`licence`"),
        ("training", [], "`training` of a bundle must be an object"),
        ("preprocess.size_hw", [0, 8], "`size_hw`"),
        ("preprocess.size_hw", [8, 1025], "`size_hw`"),
        ("preprocess.size_hw", [8, 8, 3], "`size_hw`"),
        ("preprocess.size_hw", ["8", "8"], "`size_hw`"),
        ("preprocess.size_hw", [8.5, 8], "`size_hw`"),
        ("preprocess.size_hw", [True, 8], "`size_hw`"),
        ("preprocess.divisor", 0, "`divisor`"),
        ("preprocess.divisor", "255", "`divisor`"),
        ("preprocess.divisor", True, "`divisor`"),
        ("preprocess.resize_filter", "nearest", "`resize_filter`"),
        ("preprocess.crop_margin", 1.5, "`crop_margin`"),
        ("preprocess.colour_order", "bgr", "`colour_order`"),
        ("preprocess.mean", [0, 0, 0], "`preprocess` has the fields"),
        ("decision.temperature", 0, "`temperature`"),
        ("decision.min_probability", 2, "`min_probability`"),
        ("decision.more", 1, "has the fields"),
        ("quality.min_side_px", -1, "`min_side_px`"),
        ("quality.min_sharpness", "sharp", "`min_sharpness`"),
        ("quality.more", 1, "has the fields"),
        ("detector.faces", "magic", "`detector.faces`"),
        ("detector.mode", "slow", "`detector.mode`"),
        ("detector.more", 1, "`detector` has the fields"),
        ("models", [], "at least one model"),
        ("models", ["model.onnx"], "a model has the fields"),
        ("models.0.runtime", "pytorch", "`runtime`"),
        ("models.0.precision", "fp16", "`precision`"),
        ("models.0.files", [], "`files`"),
        ("models.0.files", [1], "`files`"),
        ("models.0.files", "model.onnx", "`files`"),
        ("models.0.files", ["model.onnx", "model.onnx"], "two files"),
        ("models.0.files", ["MODEL_CARD.md"], "must name each file"),
        ("models.0.files", ["SHA256SUMS"], "must name each file"),
        ("models.0.proof", None, "`proof`"),
        ("models.1.runtime", "onnx", "`models` must name|one for each"),
        ("more", 1, "a bundle has the fields"),
        ("format_version", 0, "format_version"),
        ("format_version", True, "format_version"),
        ("format_version", "1", "format_version"),
    ],
)
def test_a_field_that_is_not_as_it_must_be_is_refused(
    folder: Path, field: str, value: Any, culprit: str
) -> None:
    def change(values: Any) -> None:
        *parents, last = field.split(".")
        for parent in parents:
            values = values[int(parent) if parent.isdigit() else parent]
        values[last] = value
        if field == "models.1.runtime":
            values["precision"] = "fp32"

    rewrite(folder, change)
    message = refusal(folder)
    assert any(part in message for part in culprit.split("|")), message


@pytest.mark.parametrize(
    "field", ["name", "labels", "preprocess", "decision", "golden", "format_version"]
)
def test_a_missing_field_is_refused(folder: Path, field: str) -> None:
    rewrite(folder, lambda values: values.pop(field))
    assert field in refusal(folder)


def test_a_newer_format_is_named_with_ours_and_the_way_out(folder: Path) -> None:
    rewrite(folder, lambda values: values.update(format_version=2, nobody_knows=1))
    message = refusal(folder)
    assert "format 2" in message
    assert "up to 1" in message
    assert "upgrade maskwise" in message


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('"min_probability": 0.6', '"min_probability": NaN', "NaN is no number"),
        ('"min_probability": 0.6', '"min_probability": -Infinity', "Infinity is no number"),
        ('"min_probability": 0.6', '"min_probability": 1e999', "too large"),
        ('"n": 0', f'"n": {10**30}', "too large"),
        ('"n": 0', f'"n": 1{"0" * 5000}', "too large"),
        ('"n": 0', '"n": 0, "n": 1', "`n` stands in it twice"),
        ('"name"', '"name": "other", "name"', "`name` stands in it twice"),
        ('"golden": {', '"golden": {"a": ' + "[" * 10**5 + "]" * 10**5 + ", ", "too deeply"),
        ("{", "[{", "Expecting"),
        ("{", "\ufeff{", "BOM"),
    ],
)
def test_json_that_is_no_json_is_refused(folder: Path, old: str, new: str, reason: str) -> None:
    path = folder / "bundle.json"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    seal_anew(folder)
    assert reason in refusal(folder)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[]", b"null", b"1", b"\x00" * 9])
def test_what_is_no_object_is_refused(folder: Path, content: bytes) -> None:
    (folder / "bundle.json").write_bytes(content)
    seal_anew(folder)
    refusal(folder)


@pytest.mark.parametrize("missing", ["nowhere", "empty", "x" * 300, "a\0b"])
def test_a_folder_without_bundle_is_refused(tmp_path: Path, missing: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(MaskwiseError, match=r"holds no bundle.*maskwise export"):
        Bundle.open(tmp_path / missing)
