"""`maskwise page` writes whole folders or none."""

import subprocess
import sys
from pathlib import Path

import pytest

from maskwise.service.browser import has_page


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "maskwise", "page", *arguments], capture_output=True, text=True
    )


@pytest.mark.skipif(not has_page(), reason="no page; `make page` builds it")
@pytest.mark.parametrize(
    ("options", "told"),
    [(["--mode", "slow"], "`mode` must be one of"), (["--model", "/nowhere"], "holds no bundle")],
)
def test_what_makes_no_sense_is_told_and_leaves_nothing(
    tmp_path: Path, options: list[str], told: str
) -> None:
    done = run(tmp_path / "out", *options)
    assert done.returncode in (1, 2)
    assert done.stderr.count("\n") == 1
    assert told in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not has_page(), reason="no page; `make page` builds it")
def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    done = run(tmp_path)
    assert done.returncode != 0
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
