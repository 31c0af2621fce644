"""Keys open, and no longer when they are taken out."""

import time
from pathlib import Path

import pytest

from maskwise.errors import InvalidInput
from maskwise.service.keys import Keys

DOOR, DESK = "door-key-0123456789", "desk-key-0123456789"


def test_each_key_opens_under_its_name(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(f"# who may ask\n\ndoor:{DOOR}\n desk : {DESK} \n")
    keys = Keys(path, f"lab:{DOOR}x,roof:{DESK}x")
    assert len(keys) == 4
    assert [keys.name_of(key) for key in (DOOR, DESK, DOOR + "x", DESK + "x")] == [
        *("door", "desk", "lab", "roof"),
    ]
    assert keys.name_of("") is None
    assert keys.name_of(DOOR[:-1]) is None
    assert keys.name_of("ö" + DOOR) is None


def test_a_key_that_is_taken_out_no_longer_opens(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(f"door:{DOOR}\ndesk:{DESK}\n")
    keys = Keys(path)
    path.write_text(f"desk:{DESK}\n")
    time.sleep(1.1)
    assert keys.name_of(DOOR) is None
    assert keys.name_of(DESK) == "desk"


@pytest.mark.parametrize("content", ["desk:short\n", None])
def test_a_file_that_is_broken_later_leaves_all_as_it_was(
    tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "keys"
    path.write_text(f"door:{DOOR}\n")
    keys = Keys(path)
    if content is None:
        path.unlink()
    else:
        path.write_text(content)
    time.sleep(1.1)
    assert keys.name_of(DOOR) == "door"
    assert "keys" in keys.trouble
    assert DOOR not in keys.trouble


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("door\n", "line 1: a key is written name:key"),
        ("a b:0123456789abcdef0\n", "line 1: a key is written name:key"),
        ("\ndoor:0123456789abcde\n", "line 2: a key must have at least 16 characters"),
        (f"door:{DOOR}ä\n", "line 1: a key must have at least 16 characters"),
        (f"door:{DOOR}\ndoor:{DESK}\n", "line 2: the name door is there twice"),
    ],
)
def test_what_is_no_key_is_told_without_showing_it(tmp_path: Path, content: str, told: str) -> None:
    path = tmp_path / "keys"
    path.write_text(content)
    with pytest.raises(InvalidInput) as caught:
        Keys(path)
    assert told in str(caught.value)
    assert "0123456789" not in str(caught.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="No such file"):
        Keys(tmp_path / "keys")
