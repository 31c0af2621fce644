import os
from pathlib import Path

import pytest

from maskwise.durable import PARTIAL_SUFFIX
from maskwise.errors import InvalidInput
from maskwise.outputs.copies import copy_paths

LONG = "n" * 251 + ".png"
OUT = Path("out")
SUFFIX = ".answer.jpg"


def names(*sources: str) -> list[str]:
    paths = [path.relative_to(OUT).as_posix() for path in copy_paths(sources, OUT)]
    return [path.removesuffix(SUFFIX) for path in paths]


@pytest.mark.parametrize(
    ("sources", "copies"),
    [
        pytest.param(["a/x.jpg", "b/x.jpg"], ["a/x.jpg", "b/x.jpg"], id="same name, two folders"),
        pytest.param(
            ["a/x.jpg", "b/x.jpg", "a_x.jpg"], ["a/x.jpg", "b/x.jpg", "a_x.jpg"], id="as if joined"
        ),
        pytest.param(["a/x.png"], ["x.png"], id="one picture"),
        pytest.param(["x.png", "x.jpg"], ["x.png", "x.jpg"], id="same stem"),
        pytest.param(["x.jpg", "./x.jpg"], ["x.jpg", "x.jpg.2"], id="twice the same"),
        pytest.param(["x.jpg", "x.jpg", "x.jpg.2"], ["x.jpg", "x.jpg.2", "x.jpg.2.2"], id="taken"),
        pytest.param(["a/b/x.jpg", "a/c/../y.jpg"], ["b/x.jpg", "y.jpg"], id="with dots"),
        pytest.param(["ab/x.jpg", "abc/x.jpg"], ["ab/x.jpg", "abc/x.jpg"], id="alike folders"),
        pytest.param(["x.jpg", "X.JPG"], ["x.jpg", "X.JPG.2"], id="capitals"),
        pytest.param(["a/x.jpg", "A/x.jpg"], ["a/x.jpg", "A/x.jpg.2"], id="folders in capitals"),
        pytest.param(["\u00e9.jpg", "e\u0301.jpg"], ["\u00e9.jpg", "e\u0301.jpg.2"], id="accents"),
        pytest.param(
            ["a", "a.answer.jpg/x"], ["a.2", "a.answer.jpg/x"], id="a copy named like a folder"
        ),
        pytest.param(["-", "a/x.jpg"], ["stdin", "x.jpg"], id="standard input"),
        pytest.param(
            ["http://me:secret@cam.org/a/x.jpg?key=1", "https://cam.org/b/x.jpg", "a/x.jpg"],
            ["x.jpg", "x.jpg.2", "x.jpg.3"],
            id="URLs",
        ),
        pytest.param(["http://me:secret@cam.org:80/"], ["cam.org_80"], id="a host"),
        pytest.param(
            ["http://c.org/..", "http://c.org/%2e%2f\\x"], ["..", "_2e_2f_x"], id="tricks"
        ),
        pytest.param(["http://"], ["url"], id="no host"),
    ],
)
def test_copies_never_replace_each_other(sources: list[str], copies: list[str]) -> None:
    assert names(*sources) == copies


def test_all_copies_can_lie_beside_each_other(tmp_path: Path) -> None:
    sources = ["a", "a.answer.jpg/x", "a.answer.jpg/x", "b/..answer.jpg", "-", "stdin", "http://-"]
    paths = copy_paths(sources, tmp_path)
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(exist_ok=False)
    assert paths == copy_paths(sources, tmp_path)


def test_names_that_are_not_utf8_stay_as_they_are() -> None:
    (path,) = copy_paths([os.fsdecode(b"\xff.jpg")], OUT)
    assert os.fsencode(path.name) == b"\xff.jpg.answer.jpg"


def test_names_of_copies_are_never_too_long(tmp_path: Path) -> None:
    sources = [str(tmp_path / LONG), str(tmp_path / f"m{LONG[1:]}"), str(tmp_path / LONG)]
    paths = copy_paths(sources, tmp_path)
    assert len(set(paths)) == 3
    for path in paths:
        path.with_name(path.name + PARTIAL_SUFFIX).touch()


def test_copies_never_replace_a_picture(tmp_path: Path) -> None:
    picture = tmp_path / "x.jpg"
    first = copy_paths([str(picture)], tmp_path)[0]
    assert first != picture
    first.touch()
    (tmp_path / "link").symlink_to(tmp_path)
    for folder in (tmp_path, tmp_path / "link"):
        with pytest.raises(InvalidInput, match=r"`save` must be a folder where no copy replaces"):
            copy_paths([str(picture), str(first)], folder)
