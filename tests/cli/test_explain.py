import json
from pathlib import Path

import pytest

from commands import maskwise, maskwise_process
from maskwise.images import read_image


@pytest.mark.train
def test_each_picture_gets_a_line_and_a_picture_that_explains_it(
    tiny_run: Path, pictures: Path, tmp_path: Path
) -> None:
    names = ["with_mask/0001.png", "without_mask/0000.png"]
    done = maskwise_process("explain", tiny_run, *names, "--out", tmp_path / "why", cwd=pictures)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    for name, line in zip(names, done.stdout.splitlines(), strict=True):
        path = tmp_path / "why" / f"{name}.explained.png"
        assert line.startswith(f"{name}: ")
        assert line.endswith(f"%; see {path}")
        assert "mask" in line.split("; see ")[0].removeprefix(name)
        assert read_image(path).shape == (528, 1048, 3)


@pytest.mark.train
def test_a_bad_picture_costs_only_itself(tiny_run: Path, pictures: Path) -> None:
    (pictures / "bad.jpg").write_text("no picture")
    done = maskwise(
        *("explain", tiny_run, "bad.jpg", "with_mask/0001.png", "missing.jpg"),
        *("--out", "why", "--json"),
        cwd=pictures,
    )
    assert done.returncode == 1
    bad, good, missing = (json.loads(line) for line in done.stdout.splitlines())
    assert "this is a text" in bad["error"]
    assert "No such file" in missing["error"]
    assert good["source"] == "with_mask/0001.png"
    assert good["label"] == max(good["probability"], key=good["probability"].get)
    assert (pictures / good["explained"]).is_file()
    assert [line.split(": ")[1] for line in done.stderr.splitlines()] == ["bad.jpg", "missing.jpg"]


@pytest.mark.parametrize(
    ("arguments", "code", "named"),
    [
        pytest.param(["run", "a.jpg"], 2, "--out", id="no folder"),
        pytest.param(["run", "--out", "why"], 2, "pictures", id="no picture"),
        pytest.param(["run", "a.jpg", "--out", "why"], 1, "run holds no run", id="no run"),
    ],
)
def test_what_cannot_be_explained_is_one_line(
    arguments: list[str], code: int, named: str, tmp_path: Path
) -> None:
    done = maskwise("explain", *arguments, cwd=tmp_path)
    assert done.returncode == code
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert named in line
    assert not (tmp_path / "why").exists()


@pytest.mark.train
def test_no_picture_is_ever_replaced(tiny_run: Path, pictures: Path) -> None:
    first = pictures / "a.png"
    first.write_bytes((pictures / "with_mask" / "0001.png").read_bytes())
    other = first.rename(pictures / "a.png.explained.png")
    first.write_bytes(other.read_bytes())
    done = maskwise("explain", tiny_run, "a.png", other.name, "--out", ".", cwd=pictures)
    assert done.returncode == 2
    assert "`out` must be a folder where no copy replaces a picture" in done.stderr
    assert other.read_bytes() == first.read_bytes()
