"""The wheel with its own dependencies alone, in an environment of its own."""

import json
import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest

from fenced import REPOSITORY, read_blocks
from maskwise import __version__
from maskwise.cli.checkup import EXTRAS

SHEET = REPOSITORY / "docs" / "images" / "contact-sheet.jpg"
BUILT_FROM = ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE")
NO_REGISTRY = "(from versions: none)"

Run = Callable[..., subprocess.CompletedProcess[str]]


def pip_install(environment: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    pip = [sys.executable, "-m", "pip", "--python", environment, "install", "--quiet"]
    return subprocess.run(
        [*map(str, pip), *map(str, arguments)], capture_output=True, text=True, check=False
    )


def build_wheel(folder: Path) -> subprocess.CompletedProcess[str]:
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    return subprocess.run(build, cwd=folder, check=True, capture_output=True, text=True)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with the wheel in it; the test is skipped where nothing can be fetched."""
    folder = tmp_path_factory.mktemp("wheel")
    environment = folder / "environment"
    locked = REPOSITORY / "requirements" / "runtime.txt"
    venv.create(environment)
    done = pip_install(environment, "--require-hashes", "-r", locked)
    if done.returncode and NO_REGISTRY in done.stderr:
        pytest.skip("no registry can be reached, from which the dependencies could come")
    assert done.returncode == 0, done.stderr
    # Of a copy without web/: building a wheel must not build the page into the tree under test.
    for name in BUILT_FROM:
        shutil.copy(REPOSITORY / name, folder)
    shutil.copytree(
        REPOSITORY / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__")
    )
    build_wheel(folder)
    (wheel,) = (folder / "dist").iterdir()
    done = pip_install(environment, "--no-deps", wheel)
    assert done.returncode == 0, done.stderr
    return environment / "bin"


@pytest.fixture
def run(installed: Path, tmp_path: Path) -> Run:
    """Runs a program of the environment in a new folder, with a new home and no other variable."""

    def run(program: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(installed / program), *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        )

    return run


def test_it_holds_nothing_of_the_extras(run: Run) -> None:
    modules = sorted({module for extra in EXTRAS.values() for module in extra})
    asked = f"from importlib.util import find_spec; print(*filter(find_spec, {modules}))"
    assert run("python", "-c", asked).stdout == "\n"


def test_it_answers_on_a_photo(run: Run) -> None:
    assert run("maskwise", "--version").stdout == f"maskwise {__version__}\n"
    done = run("maskwise", "detect", SHEET)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(json.loads(done.stdout)["faces"]) == 5


def test_the_readme_example_runs(run: Run, tmp_path: Path) -> None:
    shutil.copy(SHEET, tmp_path / "photo.jpg")
    (example,) = (
        block for block in read_blocks(REPOSITORY / "README.md") if block.language == "python"
    )
    done = run("python", "-c", example.text)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("box_xyxy") == 5


def test_the_doctor_finds_it_well_and_says_how_each_extra_is_installed(run: Run) -> None:
    done = run("maskwise", "doctor")
    assert done.returncode == 0, done.stdout
    for extra in EXTRAS:
        line = rf"^extra {extra} +missing +not installed: pip install 'maskwise\[{extra}\]'$"
        assert re.search(line, done.stdout, re.MULTILINE), done.stdout


def test_where_npm_fails_the_wheel_lacks_the_page_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (*BUILT_FROM, "src/maskwise/__init__.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / name, tmp_path / name)
    (tmp_path / "web").mkdir()
    npm = tmp_path / "programs" / "npm"
    npm.parent.mkdir()
    half = tmp_path / "src" / "maskwise" / "service" / "web" / "page.js"
    npm.write_text(f"#!/bin/sh\nmkdir -p {half.parent}\ntouch {half}\nexit 1\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", str(npm.parent), prepend=os.pathsep)
    done = build_wheel(tmp_path)
    assert "npm ci failed: the wheel will have no page." in done.stderr
    (wheel,) = (tmp_path / "dist").iterdir()
    names = ZipFile(wheel).namelist()
    assert "maskwise/__init__.py" in names
    assert not [name for name in names if "page.js" in name]


@pytest.mark.parametrize(
    ("arguments", "extra"),
    [
        (["train", "photos", "--out", "run"], "train"),
        (["serve"], "serve"),
        (["watch", "watch.toml"], "video"),
        (["detect", "door.mp4"], "video"),
    ],
)
def test_what_needs_an_extra_names_it(
    run: Run, tmp_path: Path, arguments: list[str], extra: str
) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "door.mp4").touch()
    (tmp_path / "watch.toml").write_text('[cameras.door]\naddress = "door.mp4"\n')
    done = run("maskwise", *arguments)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert f"pip install 'maskwise[{extra}]'" in line
