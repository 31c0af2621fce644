from pathlib import Path

import pytest

from commands import maskwise, maskwise_process

pytestmark = pytest.mark.train


def test_a_bundle_is_made_and_its_proof_is_told_to_people(tiny_run: Path, tmp_path: Path) -> None:
    out = tmp_path / "bundle"
    done = maskwise_process("export", tiny_run, out, "--name", "first", "--format", "onnx")
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    first, *_, last = done.stderr.splitlines()
    assert first.startswith("Exporting")
    assert last.startswith(f"Wrote {out}. Try it: ")
    rows = [line.split() for line in done.stderr.splitlines() if line.startswith("onnx")]
    assert [(row[1], row[-1]) for row in rows] == [("fp32", "12"), ("int8", "12")]
    assert len(done.stderr.splitlines()) == 6  # no converter has its say
    assert (out / "MODEL_CARD.md").read_text().startswith("# first, version 1")


def test_floats_alone_are_told_as_such(tiny_run: Path, tmp_path: Path) -> None:
    done = maskwise("export", tiny_run, tmp_path / "bundle", "--no-int8")
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stderr.splitlines() if line.startswith("onnx")]
    assert [row[1] for row in rows] == ["fp32"]
    assert "int8" not in (tmp_path / "bundle" / "MODEL_CARD.md").read_text()


def test_a_folder_in_use_is_refused_in_one_line(tiny_run: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    done = maskwise("export", tiny_run, tmp_path)
    assert done.returncode == 1
    assert "not empty" in done.stderr.splitlines()[-1]


def test_an_unknown_format_is_wrong_usage(tiny_run: Path, tmp_path: Path) -> None:
    done = maskwise("export", tiny_run, tmp_path / "bundle", "--format", "tensorrt")
    assert done.returncode == 2
    assert "onnx, litert, openvino, savedmodel" in done.stderr


def test_the_card_says_what_its_makers_say(tiny_run: Path, tmp_path: Path) -> None:
    (tmp_path / "about.md").write_text("Pictures of **our** gate.", encoding="utf-8")
    out = tmp_path / "bundle"
    done = maskwise("export", tiny_run, out, "--about", tmp_path / "about.md")
    assert done.returncode == 0, done.stderr
    assert "Pictures of **our** gate." in (out / "MODEL_CARD.md").read_text(encoding="utf-8")


def test_words_that_cannot_be_read_are_refused_before_anything_is_made(
    tiny_run: Path, tmp_path: Path
) -> None:
    (tmp_path / "about.md").write_bytes(b"\xff\xfe\x00")
    for about in ("about.md", "missing.md"):
        done = maskwise("export", tiny_run, tmp_path / "bundle", "--about", tmp_path / about)
        assert done.returncode == 2
        assert "`about` must be a text file" in done.stderr.splitlines()[-1]
        assert not (tmp_path / "bundle").exists()
