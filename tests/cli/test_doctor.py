"""`maskwise doctor` on machines that are well, lack something, or have something broken."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from maskwise.cli import checkup
from maskwise.inference import bundle

REPOSITORY = Path(__file__).parents[2]
WATCHED = """
import os, sys

def refuse(event, given):
    if event in ("socket.connect", "socket.getaddrinfo", "subprocess.Popen"):
        os._exit(99)

sys.addaudithook(refuse)
"""


def doctor(
    *arguments: str, shadows: Path | None = None, cwd: Path | None = None, **variables: object
) -> subprocess.CompletedProcess[str]:
    """Run it, with what lies in `shadows` before all that is installed."""
    env = {**os.environ, **{name: str(value) for name, value in variables.items()}}
    if shadows is not None:
        env["PYTHONPATH"] = str(shadows)
    return subprocess.run(
        [sys.executable, "-m", "maskwise", "doctor", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env=env,
    )


def findings(done: subprocess.CompletedProcess[str]) -> Mapping[str, Mapping[str, Any]]:
    assert "Traceback" not in done.stderr
    return {found["about"]: found for found in map(json.loads, done.stdout.splitlines())}


def test_what_is_well_exits_0_and_leaves_nothing_and_asks_nobody(tmp_path: Path) -> None:
    for name in ("home", "work", "tmp", "shadows"):
        (tmp_path / name).mkdir()
    (tmp_path / "shadows" / "sitecustomize.py").write_text(WATCHED)
    done = doctor(
        shadows=tmp_path / "shadows",
        cwd=tmp_path / "work",
        HOME=tmp_path / "home",
        TMPDIR=tmp_path / "tmp",
        PYTHONDONTWRITEBYTECODE=1,
    )
    assert done.returncode == 0, done.stdout
    for line in ("maskwise", "numpy", "OpenCV", "onnxruntime", "model", "faces", "extra train"):
        assert re.search(rf"^{line} +ok ", done.stdout, re.MULTILINE), done.stdout
    assert done.stderr == "All that is installed works.\n"
    for name in ("home", "work", "tmp"):
        assert not list((tmp_path / name).iterdir())


@pytest.mark.parametrize(
    ("module", "raised", "about", "way_out", "skipped"),
    [
        pytest.param(
            *("onnxruntime", "ImportError('libgomp.so.1: cannot open\\nshared object file')"),
            *("onnxruntime", "pip install --force-reinstall onnxruntime", {"model", "faces"}),
            id="onnxruntime",
        ),
        pytest.param(
            *("numpy", "OSError('wrong ELF class')", "numpy", "--force-reinstall numpy"),
            {"OpenCV", "onnxruntime", "model", "faces", "page"},
            id="numpy",
        ),
        pytest.param(
            *("cv2", "AttributeError('_ARRAY_API not found')", "OpenCV", "opencv-python-headless"),
            {"model", "faces", "page"},
            id="OpenCV",
        ),
    ],
)
def test_a_broken_library_costs_one_line(
    tmp_path: Path, module: str, raised: str, about: str, way_out: str, skipped: set[str]
) -> None:
    (tmp_path / f"{module}.py").write_text(f"raise {raised}")
    done = doctor("--json", shadows=tmp_path)
    assert done.returncode == 1
    found = findings(done)
    assert {name for name, each in found.items() if each["state"] == "broken"} == {about}
    assert {name for name, each in found.items() if each["state"] == "skipped"} == skipped
    assert raised.split("(")[0] in found[about]["says"]
    assert "\n" not in found[about]["says"]
    assert way_out in found[about]["way_out"]
    assert found["extra train"]["state"] == "ok"


def test_two_opencvs_in_one_folder_are_broken(tmp_path: Path) -> None:
    other = tmp_path / "opencv_python-4.10.0.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: opencv-python\nVersion: 4.10.0\n")
    done = doctor(shadows=tmp_path)
    assert done.returncode == 1
    (line,) = (line for line in done.stdout.splitlines() if " broken " in line)
    assert "pip uninstall -y opencv-python-headless opencv-python && pip install" in line
    assert done.stderr == "Something that is installed is broken.\n"


def look(about: str) -> checkup.Finding:
    return next(found for found in checkup.check_all() if found.about == about)


def test_a_changed_model_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = shutil.copytree(bundle.shipped_folder(), tmp_path / "shipped")
    with (folder / "model.onnx").open("r+b") as file:
        file.seek(1000)
        file.write(b"?")
    monkeypatch.setattr(bundle, "_SHIPPED", folder)
    found = look("model")
    assert found.state == "broken"
    assert "model.onnx was changed" in found.says
    assert look("faces").state == "skipped"


@pytest.mark.parametrize("difference", [0.5, float("nan")])
def test_a_runtime_that_answers_otherwise_is_broken(
    monkeypatch: pytest.MonkeyPatch, difference: float
) -> None:
    monkeypatch.setattr("maskwise.inference.golden.check_golden", lambda *_: difference)
    found = look("model")
    assert found.state == "broken"
    assert f"off by up to {difference:.3g}" in found.says


def test_what_is_not_installed_is_missing_with_the_command_that_brings_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lacking = {"no_such_module": ("no-such-package",), "json": ("json",)}
    monkeypatch.setattr(checkup, "EXTRAS", {**checkup.EXTRAS, "video": lacking})
    assert look("extra video") == checkup.Finding(
        "extra video", "missing", "lacks no-such-package:", "pip install 'maskwise[video]'"
    )


def test_a_package_without_its_module_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    half = {"no_such_module": ("pytest",)}
    monkeypatch.setattr(checkup, "EXTRAS", {**checkup.EXTRAS, "video": half})
    found = look("extra video")
    assert (found.state, found.way_out) == ("broken", "pip install --force-reinstall pytest")


def test_no_folder_for_temporary_files_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> str:
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr("tempfile.gettempdir", refuse)
    found = look("temporary files")
    assert (found.state, "TMPDIR" in found.way_out) == ("broken", True)


def test_a_container_says_what_it_allows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cpu.max").write_text("50000 100000\n")
    (tmp_path / "memory.max").write_text("1500000000\n")
    monkeypatch.setattr(checkup, "_CGROUP", tmp_path)
    assert look("cores").says.startswith("0.5 of ")
    assert look("memory").says.startswith("1.5 of ")


def test_extras_are_those_of_the_project() -> None:
    content = (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
    listed = tomllib.loads(content)["project"]["optional-dependencies"]

    def packages(extra: str) -> set[str]:
        found: set[str] = set()
        for requirement in listed[extra]:
            name = re.split(r"[\[<>=~ ;]", requirement)[0]
            others = re.findall(r"[a-z]+", requirement.removeprefix("maskwise"))
            found |= set().union(*map(packages, others)) if name == "maskwise" else {name}
        return found

    assert set(checkup.EXTRAS) == set(listed) - {"all"}
    for extra, modules in checkup.EXTRAS.items():
        assert {each for names in modules.values() for each in names} == packages(extra)
